from __future__ import annotations

import os
from pathlib import Path

from sdlc.removal import remove

DEEP = 3000


def test_what_is_nested_too_deep_for_any_path_is_removed(tmp_path: Path) -> None:
    folder, before = tmp_path / "folder", Path.cwd()
    folder.mkdir()
    os.chdir(folder)
    try:
        for _ in range(DEEP):
            Path("d").mkdir()
            os.chdir("d")
        Path("file").write_text("x")
    finally:
        os.chdir(before)
    remove(folder)
    assert not folder.exists()


def test_what_nobody_may_read_or_write_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "closed" / "inner").mkdir(parents=True)
    (folder / "closed" / "file").write_text("x")
    os.mkfifo(folder / "pipe")
    for path in (folder / "closed" / "inner", folder / "closed", folder):
        path.chmod(0)
    remove(folder)
    assert not folder.exists()


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_text("x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    remove(folder)
    assert not folder.exists()
    assert (tmp_path / "elsewhere" / "kept").exists()
    (tmp_path / "to-itself").symlink_to(tmp_path / "elsewhere")
    remove(tmp_path / "to-itself")
    assert (tmp_path / "elsewhere" / "kept").exists()
