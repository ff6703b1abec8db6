"""Which files are judged, in real folders and real git checkouts, and which are refused, by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from sdlc import checkout, inventory
from sdlc.errors import ConfigError
from sdlc.inventory import Inventory
from sdlc.model import Missing

Git = Callable[..., str]
pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with two files, beside one that is not the project's."""
    (tmp_path / "secret").write_text("secret")
    root = tmp_path / "project"
    (root / "pkg").mkdir(parents=True)
    (root / "a.py").write_text("a")
    (root / "pkg" / "b.py").write_text("b")
    return root


@pytest.fixture
def git(project: Path) -> Git:
    """Runs git in the project, which is a checkout with one commit."""

    def git(*arguments: str, at: Path = project) -> str:
        identity = ("-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always")
        ran = subprocess.run(
            ["git", *identity, *arguments],
            cwd=at,
            check=True,
            capture_output=True,
            env={"PATH": os.environ["PATH"], "HOME": "/"},
        )
        return ran.stdout.decode().strip()

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    return git


def refused(files: Inventory) -> dict[str, str]:
    return {missing.item: missing.reason for missing in files.refused}


def test_a_folder_without_git_is_listed_whole(project: Path) -> None:
    assert inventory.take(project).files == ("a.py", "pkg/b.py")
    assert inventory.take(project).paths() == (project / "a.py", project / "pkg" / "b.py")


def test_what_is_never_source_is_left_out_and_said(project: Path) -> None:
    for name in ("node_modules/x", "pkg/__pycache__", ".venv/lib", "venv", ".sdlc/runs", "pkg/.sdlc"):
        (project / name).mkdir(parents=True)
        (project / name / "c.py").write_text("c")
    (project / ".venv" / "pyvenv.cfg").touch()
    (project / "pkg" / "pyvenv.cfg").touch()
    files = inventory.take(project)
    assert files.files == ("a.py", "pkg/.sdlc/c.py", "pkg/b.py", "pkg/pyvenv.cfg", "venv/c.py")
    assert {item.item: item.reason for item in files.excluded} == {
        ".sdlc/": "runs of sdlc",
        ".venv/": "a virtual environment",
        "node_modules/": "installed packages",
        "pkg/__pycache__/": "a cache",
    }
    assert len(files.select(lambda name: name.endswith(".txt")).excluded) == 4


def test_a_checkout_is_what_git_tracks_or_would_track(project: Path, git: Git) -> None:
    (project / ".gitignore").write_text("*.log\nbuild/\n")
    for name in ("new.py", "x.log", "build/y.py", "forced.log"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("x")
    git("add", "-f", "forced.log")
    (project / "node_modules").mkdir()
    (project / "node_modules" / "evil.py").write_text("x")
    git("add", "-f", "node_modules")
    files = inventory.take(project).files
    assert files == (".gitignore", "a.py", "forced.log", "new.py", "node_modules/evil.py", "pkg/b.py")
    assert inventory.take(project / "pkg").files == ("b.py",)
    assert "build/y.py" in inventory.take(project, ask_git=False).files


def test_an_environment_that_git_was_not_told_to_ignore_is_left_out_unless_it_is_committed(project: Path, git: Git) -> None:
    for name in (".venv/lib/__pycache__", ".venv/lib", "web/node_modules/x", "web/env"):
        (project / name).mkdir(parents=True, exist_ok=True)
        (project / name / "c.py").write_text("c")
    (project / ".venv" / "pyvenv.cfg").touch()
    files = inventory.take(project)
    assert files.files == ("a.py", "pkg/b.py", "web/env/c.py")
    assert {item.item: item.reason for item in files.excluded} == {
        ".venv/": "a virtual environment",
        "web/node_modules/": "installed packages",
    }
    git("add", ".")
    assert {".venv/lib/c.py", "web/node_modules/x/c.py"} <= inventory.take(project).known


def test_a_file_that_was_deleted_is_not_missed(project: Path, git: Git) -> None:
    (project / "a.py").unlink()
    shutil.rmtree(project / "pkg")
    (project / "pkg").write_text("a file now")
    files = inventory.take(project)
    assert (files.files, files.refused) == (("pkg",), ())


def test_the_configuration_excludes_and_that_is_said(project: Path) -> None:
    (project / "pkg" / "c.txt").touch()
    files = inventory.take(project, exclude=("pkg/*.py", "docs/"))
    assert files.files == ("a.py", "pkg/c.txt")
    assert files.excluded == (Missing(item="pkg/b.py", reason="excluded by configuration: pkg/*.py"),)
    assert inventory.take(project, exclude=("pkg",)).files == ("a.py",)


LINKS: dict[str, tuple[str, str | None]] = {
    "to a file of the project": ("a.py", None),
    "to a folder of the project": ("pkg", None),
    "to the project": (".", None),
    "to itself": ("link.py", "is a link that leads nowhere"),
    "to nothing": ("nothing", "is a link that leads nowhere"),
    "out of the project": ("../secret", "is a link out of the project"),
    "to a folder outside": ("..", "is a link out of the project"),
    "to a system file": ("/etc/passwd", "is a link out of the project"),
    "to what git ignores": ("ignored.txt", "is a link to something that is not part of the project"),
    "to the folder of git": (".git", "is a link to something that is not part of the project"),
    "to a file of git": (".git/config", "is a link to something that is not part of the project"),
}


@pytest.mark.parametrize(("goal", "reason"), LINKS.values(), ids=LINKS.keys())
def test_a_link_is_never_followed(goal: str, reason: str | None, project: Path, git: Git) -> None:
    (project / ".gitignore").write_text("ignored.txt")
    (project / "ignored.txt").touch()
    (project / "link.py").symlink_to(goal)
    files = inventory.take(project)
    assert "link.py" not in files.files
    assert refused(files) == ({"link.py": reason} if reason else {})


def test_a_folder_behind_a_link_does_not_bring_files_from_elsewhere(project: Path, git: Git, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(project / "pkg", outside)
    shutil.rmtree(project / "pkg")
    (project / "pkg").symlink_to(outside)
    files = inventory.take(project)
    assert files.files == ("a.py",)
    assert refused(files) == {"pkg": "is a link out of the project", "pkg/b.py": "lies behind a link out of the project"}


def test_links_in_great_number_take_little_time(project: Path) -> None:
    for number in range(4000):
        (project / f"{number}.py").symlink_to("pkg")
        (project / "pkg" / f"{number}").touch()
    assert refused(inventory.take(project)) == {}


def test_what_is_no_regular_file_or_too_large_is_refused(project: Path) -> None:
    os.mkfifo(project / "fifo.py")
    with (project / "huge.py").open("wb") as file:
        file.truncate(2 << 30)
    (project / "limit.py").write_bytes(b" " * inventory.MAX_FILE_BYTES)
    files = inventory.take(project)
    assert files.files == ("a.py", "limit.py", "pkg/b.py")
    assert refused(files) == {"fifo.py": "is not a regular file", "huge.py": "is larger than 8 MiB"}


@pytest.mark.parametrize("tracked", [True, False])
@pytest.mark.parametrize("name", ["new\nline.py", "\x1b[31mred.py", "-rf.py", "<script>.py", "a b'\".py", "\u202ecod.py"])
def test_an_odd_name_is_judged_as_it_is(name: str, tracked: bool, project: Path, git: Git) -> None:
    (project / name).write_text("x")
    if tracked:
        git("add", "--", name)
    files = inventory.take(project)
    assert name in files.files
    assert all(path.is_absolute() for path in files.paths())


@pytest.mark.parametrize("in_git", [True, False])
def test_a_name_that_is_not_utf_8_is_refused_in_words_that_can_be_stored(in_git: bool, project: Path, git: Git) -> None:
    if not in_git:
        shutil.rmtree(project / ".git")
    (project / os.fsdecode(b"\xff.py")).write_text("x")
    (project / os.fsdecode(b"out-\xfe.txt")).write_text("x")
    files = inventory.take(project, exclude=("out*",))
    assert refused(files) == {"\\xff.py": "its name is not UTF-8"}
    assert [item.item for item in files.excluded] == ["out-\\xfe.txt"]
    assert refused(files.named("*.py")) == {"\\xff.py": "its name is not UTF-8"}
    msgspec.json.encode((files.refused, files.excluded))


def test_a_project_whose_path_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"\xff")
    root.mkdir()
    with pytest.raises(ConfigError, match=r"\\xff: the project's path must be UTF-8"):
        inventory.take(root)


LOOK = """
import json, sys
from pathlib import Path
from sdlc import inventory
files = inventory.take(Path(sys.argv[1]))
print(json.dumps([files.files, {item.item: item.reason for item in files.refused}]))
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="needs root to become somebody else")
@pytest.mark.parametrize("in_git", [True, False])
def test_what_may_not_be_read_is_refused(in_git: bool, project: Path, git: Git, tmp_path: Path) -> None:
    if not in_git:
        shutil.rmtree(project / ".git")
    (project / "new").mkdir()
    (project / "new" / "c.py").write_text("c")
    (project / "a.py").chmod(0)
    for folder in ("pkg", "new"):
        (project / folder).chmod(0)
    for above in (tmp_path, *tmp_path.parents):
        if "pytest-of-" in str(above):
            above.chmod(0o755)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    ran = subprocess.run([*nobody, sys.executable, "-c", LOOK, str(project)], capture_output=True, text=True, check=True)
    for folder in ("pkg", "new"):
        (project / folder).chmod(0o755)
    files, missing = msgspec.json.decode(ran.stdout)
    assert files == []
    assert missing["a.py"] == "can't be read: permission denied"
    assert missing["new/"] == "can't be listed: permission denied"
    assert set(missing) == {"a.py", "new/", "pkg/", *(["pkg/b.py"] if in_git else [])}


@pytest.fixture
def with_submodule(project: Path, git: Git, tmp_path: Path) -> Path:
    """The project with the submodule `sub`, which has a file, and a nested checkout `own`, which git doesn't know."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.py").write_text("c")
    git("init", "-q", at=other)
    git("add", ".", at=other)
    git("commit", "-q", "-m", "c", at=other)
    git("submodule", "--quiet", "add", str(other), "sub")
    git("commit", "-q", "-m", "sub")
    shutil.copytree(other, project / "own")
    return project


def test_submodules_and_nested_checkouts_are_judged(with_submodule: Path, git: Git) -> None:
    (with_submodule / "sub" / "untracked.py").touch()
    files = inventory.take(with_submodule)
    assert files.files == (".gitmodules", "a.py", "own/c.py", "pkg/b.py", "sub/c.py", "sub/untracked.py")


def test_a_submodule_that_is_not_checked_out_is_refused(with_submodule: Path, git: Git) -> None:
    git("submodule", "--quiet", "deinit", "-f", "sub")
    assert refused(inventory.take(with_submodule)) == {"sub/": "is a submodule that is not checked out"}


def since(root: Path, revision: str = "main") -> tuple[str, ...]:
    return inventory.take(root, changed_since=revision).files


def test_only_what_changed_since_a_revision_is_listed(project: Path, git: Git) -> None:
    git("checkout", "-q", "-b", "topic")
    (project / "c.py").write_text("c")
    git("add", ".")
    git("commit", "-q", "-m", "c")
    git("mv", "a.py", "renamed.py")
    git("rm", "-q", "pkg/b.py")
    (project / "untracked.py").touch()
    (project / "staged.py").touch()
    git("add", "staged.py")
    assert since(project) == ("c.py", "renamed.py", "staged.py", "untracked.py")
    assert inventory.take(project, changed_since="main").changed_since == "main"
    (project / "pkg").mkdir()
    (project / "pkg" / "b.py").write_text("changed")
    assert since(project / "pkg") == ("b.py",)


def test_what_changed_on_the_other_side_is_not_ours(project: Path, git: Git) -> None:
    git("checkout", "-q", "-b", "topic")
    git("checkout", "-q", "main")
    (project / "a.py").write_text("changed on main")
    git("commit", "-q", "-a", "-m", "main goes on")
    git("checkout", "-q", "topic")
    assert since(project) == ()


def test_a_submodule_counts_as_changed(with_submodule: Path, git: Git) -> None:
    (with_submodule / "sub" / "c.py").write_text("changed, and not committed")
    assert since(with_submodule) == ("own/c.py", "sub/c.py")


@pytest.mark.parametrize(
    ("revision", "words"),
    [
        ("nowhere", "git could not find where HEAD left nowhere: fatal: Not a valid object name nowhere"),
        ("--output=stolen", "not a revision"),
        ("-h", "not a revision"),
        ("a\0b", "not a revision"),
        ("main..main", "git could not find where HEAD left main..main"),
        ("orphan", "it has no commit in common with HEAD"),
    ],
)
def test_a_revision_that_is_none_is_refused(revision: str, words: str, project: Path, git: Git) -> None:
    git("checkout", "-q", "--orphan", "orphan")
    git("commit", "-q", "-m", "another beginning")
    git("checkout", "-q", "main")
    with pytest.raises(ConfigError) as caught:
        since(project, revision)
    assert words in str(caught.value)
    assert not (project / "stolen").exists()


def test_without_git_nothing_tells_what_changed(project: Path) -> None:
    with pytest.raises(ConfigError, match="is not a git checkout, so nothing tells what changed"):
        since(project)


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Path]:
    """A program that must never run; the test fails if it did."""
    program, mark = tmp_path / "trap", tmp_path / "sprung"
    program.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    program.chmod(0o755)
    yield program
    assert not mark.exists()


HOSTILE = {
    "a monitor": ("core.fsmonitor", "{trap}"),
    "a filter": ("filter.evil.clean", "{trap}"),
    "a filter with an odd name": ("filter.a=b.c.clean", "{trap}"),
    "a filter that stays": ("filter.evil.process", "{trap}"),
    "a filter for checkouts": ("filter.evil.smudge", "{trap}"),
    "a diff": ("diff.external", "{trap}"),
    "a diff for some files": ("diff.evil.command", "{trap}"),
    "a text conversion": ("diff.evil.textconv", "{trap}"),
    "an alias": ("alias.ls-files", "!{trap}"),
    "a pager": ("core.pager", "{trap}"),
    "hooks": ("core.hooksPath", "{folder}"),
}


@pytest.mark.parametrize(("key", "value"), HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("place", ["project", "submodule"])
def test_the_checkout_s_own_configuration_starts_nothing(
    key: str, value: str, place: str, with_submodule: Path, git: Git, trap: Path
) -> None:
    at = with_submodule / "sub" if place == "submodule" else with_submodule
    shutil.copy(trap, trap.parent / "post-index-change")
    git("config", key, value.format(trap=trap, folder=trap.parent), at=at)
    if key == "core.fsmonitor":
        git("config", "core.fsmonitor", "true", at=at)
        git("-c", f"core.fsmonitor={trap.parent}/absent", "update-index", "--fsmonitor", at=at)
        git("config", key, value.format(trap=trap), at=at)
    driver = "a=b.c" if "a=b" in key else "evil"
    (at / ".gitattributes").write_text(f"* filter={driver} diff=evil\n")
    for file in at.glob("*.py"):
        file.write_text(file.read_text())
        os.utime(file, (1, 1))
    inventory.take(with_submodule)
    since(with_submodule)
    checkout.run_git(with_submodule, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=dirty")


def test_a_work_tree_whose_git_is_a_file_is_a_checkout(project: Path, git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "tree"), "-b", "other")
    (tmp_path / "tree" / "new.py").touch()
    assert (tmp_path / "tree" / ".git").is_file()
    assert inventory.take(tmp_path / "tree").files == ("a.py", "new.py", "pkg/b.py")
    assert since(tmp_path / "tree") == ("new.py",)


@pytest.mark.parametrize("text", ["gitdir: /nowhere\n", "gitdir: ../secret\n", "nonsense", ""])
def test_a_git_that_leads_nowhere_hides_nothing(text: str, project: Path) -> None:
    (project / ".git").write_text(text)
    assert inventory.take(project).files == (".git", "a.py", "pkg/b.py")


def test_a_folder_that_looks_like_a_bare_repository_is_only_a_folder(project: Path, git: Git, trap: Path) -> None:
    bare = project / "bare"
    git("clone", "-q", "--bare", str(project), str(bare))
    git("config", "--file", str(bare / "config"), "core.bare", "false")
    git("config", "--file", str(bare / "config"), "core.worktree", str(bare))
    git("config", "--file", str(bare / "config"), "core.fsmonitor", str(trap))
    assert "config" in inventory.take(bare).files
