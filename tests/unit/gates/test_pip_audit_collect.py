"""Which files of a project declare dependencies, and which of them settle what others leave open."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sdlc_gates.dependencies.collect import Asked, collect, is_manifest
from sdlc_gates.dependencies.model import Declared

from sdlc.inventory import take

DATA = Path(__file__).parents[2] / "data" / "pip-audit"


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)


def found(root: Path, *named: str, environment: str = "") -> Declared:
    return collect(Asked(root=str(root), files=take(root).files, named=named, environment=environment))


def pins(declared: Declared) -> list[str]:
    return [f"{pin.name}=={pin.version}" for source in declared.sources for pin in source.pins]


def open_ones(declared: Declared) -> list[str]:
    return [item.label for source in declared.sources for item in source.loose]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("requirements.txt", True),
        ("requirements-dev.txt", True),
        ("dev-requirements.txt", True),
        ("test_requirements.txt", True),
        ("requirements/prod.txt", True),
        ("deploy/requirements/prod.txt", True),
        ("requirements.lock", True),
        ("api/uv.lock", True),
        ("poetry.lock", True),
        ("pdm.lock", True),
        ("Pipfile", True),
        ("Pipfile.lock", True),
        ("pylock.toml", True),
        ("pylock.dev.toml", True),
        ("setup.py", True),
        ("requirements.in", True),
        ("environment.yml", True),
        ("pixi.lock", True),
        ("notes.txt", False),
        ("Cargo.lock", False),
        ("src/requirements.py", False),
    ],
)
def test_names_tell_what_declares_dependencies(path: str, expected: bool) -> None:
    assert is_manifest(path) is expected


def test_every_file_is_read_in_whatever_encoding_and_line_ends(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "requirements.txt": b"\xef\xbb\xbfa==1\r\nb==2 \\\r\n --hash=sha256:00\r\n",
            "requirements-windows.txt": "c==3\r\n".encode("utf-16"),
            "requirements/dev.txt": "-r ../requirements.txt\nd==4",
        },
    )
    assert sorted(set(pins(found(tmp_path)))) == ["a==1", "b==2", "c==3", "d==4"]


def test_a_lock_file_settles_what_the_project_beside_or_below_it_leaves_open(tmp_path: Path) -> None:
    lock = (DATA / "locks" / "uv.lock").read_text()
    text = "[project]\nname = 'shop'\ndependencies = ['click>=8', 'our-lib', 'unheard-of', 'iniconfig<2']"
    write(tmp_path, {"uv.lock": lock, "pyproject.toml": text, "libs/one/pyproject.toml": text, "libs/one/x.py": ""})
    left = ["unheard-of (pyproject.toml)", "iniconfig<2 (pyproject.toml)"]
    assert open_ones(found(tmp_path))[2:] == left
    assert len(open_ones(found(tmp_path))) == 4
    # Also when only the project's own file was asked for, as with a change of that file alone.
    assert open_ones(found(tmp_path, "pyproject.toml")) == left


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements/prod.txt", "requirements-prod.txt"])
def test_pinned_requirements_settle_the_project_beside_them(lock: str, tmp_path: Path) -> None:
    text = "[project]\nname = 'shop'\ndependencies = ['click>=8']"
    write(tmp_path, {lock: "click==8.1", "pyproject.toml": text, "other/pyproject.toml": text})
    assert open_ones(found(tmp_path)) == ["click>=8 (other/pyproject.toml)"]


def test_a_lock_file_does_not_settle_an_open_requirements_file(tmp_path: Path) -> None:
    write(tmp_path, {"uv.lock": (DATA / "locks" / "uv.lock").read_text(), "requirements.txt": "click"})
    assert open_ones(found(tmp_path)) == ["click (requirements.txt)"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("setup.py", "setup(install_requires=[*REQUIRED])"),
        ("pyproject.toml", "[project]\nname = 'a'\ndynamic = ['dependencies']"),
        ("Pipfile", "[packages]\na = '*'"),
        ("requirements.in", "a"),
    ],
)
def test_what_only_its_owner_can_read_is_unread_unless_a_lock_lies_beside(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {name: text})
    assert [missing.item for missing in found(tmp_path).unread] == [name]
    write(tmp_path, {"requirements.txt": "a==1"})
    assert found(tmp_path).unread == ()
    assert name in found(tmp_path).notes[0]


def test_conda_files_are_named_as_unread_even_beside_a_lock(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "a==1", "environment.yml": "dependencies: [numpy=1.0]"})
    assert [missing.item for missing in found(tmp_path).unread] == ["environment.yml"]


def test_a_folder_to_install_is_read_from_its_own_files(tmp_path: Path) -> None:
    write(tmp_path, {"r.txt": "-e libs/one\n./libs/two", "libs/one/setup.cfg": "[options]\ninstall_requires = a==1"})
    declared = found(tmp_path, "r.txt")
    assert pins(declared) == ["a==1"]
    assert [missing.item for missing in declared.unread] == ["libs/two (r.txt)"]


def test_a_stand_alone_constraints_file_asks_for_its_pins_only(tmp_path: Path) -> None:
    write(tmp_path, {"constraints.txt": "a==1\nb<3"})
    declared = found(tmp_path)
    assert pins(declared) == ["a==1"]
    assert open_ones(declared) == []


def test_a_file_that_was_named_must_be_there_and_readable(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("a==1")
    root = tmp_path / "root"
    write(root, {"latin.txt": b"a==1 # \xff", "big.txt": b"#" * ((8 << 20) + 1), "fine.txt": "a==1"})
    (root / "link.txt").symlink_to(outside)
    (root / "loop.txt").symlink_to("loop.txt")
    (root / "inner.txt").symlink_to("fine.txt")
    os.mkfifo(root / "pipe.txt")
    names = ["gone.txt", "latin.txt", "big.txt", "link.txt", "loop.txt", "pipe.txt", "../outside.txt", "uv.lock"]
    declared = found(root, *names, "inner.txt")
    assert [missing.item for missing in declared.unread] == names
    assert pins(declared) == ["a==1"]


def test_more_dependencies_than_any_project_has_are_not_listed_one_by_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"requirements.txt": "".join(f"a{n}==1\n" for n in range(15_000)), "r2.txt": "-r requirements.txt\n" + "!\n" * 9_000},
    )
    declared = found(tmp_path, "requirements.txt", "r2.txt")
    assert len(pins(declared)) == 15_000
    assert [missing.item for missing in declared.unread] == ["r2.txt"]


def test_nothing_that_declares_anything_gives_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "x = 1", "README.md": "requirements.txt"})
    assert found(tmp_path) == Declared()


def environment(root: Path, name: str = ".venv") -> Path:
    place = root / name / "lib" / "python3.11" / "site-packages"
    place.mkdir(parents=True)
    (root / name / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    (root / name / "bin").mkdir()
    (root / name / "bin" / "python").write_text("#!/bin/sh\ntouch $0.ran\n")
    return place


def installed(place: Path, name: str, version: str, **files: str) -> None:
    folder = place / f"{name}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, text in files.items():
        (folder / file.replace("__", ".")).write_text(text)


@pytest.mark.parametrize("name", [".venv", ".venv/bin/python", ".venv/lib/python3.11/site-packages"])
def test_an_environment_is_read_from_its_metadata_and_never_started(name: str, tmp_path: Path) -> None:
    place = environment(tmp_path)
    installed(place, "Jinja2", "2.10")
    installed(place, "shop", "0.1", direct_url__json=json.dumps({"url": f"file://{tmp_path}", "dir_info": {"editable": True}}))
    (place / "~ip-24.0.dist-info").mkdir()
    (place / "broken-1.0.dist-info").mkdir()
    (source,) = found(tmp_path, environment=name).sources
    assert [(pin.name, pin.version) for pin in source.pins] == [("jinja2", "2.10")]
    assert [item.item for item in source.excluded] == ["shop", "~ip-24.0.dist-info"]
    assert [item.item for item in source.missing] == [f"broken-1.0.dist-info ({name})"]
    assert not (tmp_path / ".venv" / "bin" / "python.ran").exists()


def test_an_environment_that_sees_the_system_s_packages_is_not_all_there_is(tmp_path: Path) -> None:
    installed(environment(tmp_path), "a", "1")
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("include-system-site-packages = true")
    (source,) = found(tmp_path, environment=".venv").sources
    assert [item.item for item in source.missing] == ["packages of the base interpreter (.venv)"]


@pytest.mark.parametrize("name", ["gone", "empty", "file.txt"])
def test_what_is_no_environment_is_unread(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.txt").write_text("")
    assert [missing.item for missing in found(tmp_path, environment=name).unread] == [name]


def test_the_reader_runs_as_a_program_that_no_file_of_the_project_can_replace(tmp_path: Path) -> None:
    evil = "raise SystemExit('the project ran')"
    for name in ("sitecustomize.py", "msgspec.py", "sdlc_gates.py", "packaging.py", "setup.py"):
        (tmp_path / name).write_text(evil)
    (tmp_path / "requirements.txt").write_text("a==1")
    asked = tmp_path / "asked.json"
    asked.write_text(json.dumps({"root": str(tmp_path), "files": ["requirements.txt", "setup.py"]}))
    argv = [sys.executable, "-I", "-m", "sdlc_gates.dependencies", str(asked), str(tmp_path / "declared.json")]
    done = subprocess.run(argv, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads((tmp_path / "declared.json").read_bytes())["sources"][0]["pins"][0]["name"] == "a"
