"""What Semgrep is told to read."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdlc_gates._semgrep import languages
from sdlc_gates._semgrep.targets import Target, is_text_by_name, marked, prepared
from sdlc_gates.semgrep import NOSEM, NOSEM_ALONE

from sdlc import inventory

EVERYTHING = frozenset({"python", "regex"})


def prepare(root: Path, wanted: frozenset[str] = EVERYTHING) -> dict[str, Target]:
    scratch = root.parent / "scratch"
    targets, missing = prepared(inventory.take(root), languages.known(), wanted, scratch)
    assert not missing
    return {target.path: target for target in targets}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    return place


def test_an_ordinary_file_is_read_where_it_lies(root: Path) -> None:
    (root / "a.py").write_text("x = 1\n")
    target = prepare(root)["a.py"]
    assert (target.given, target.copied, target.marked) == (root / "a.py", False, False)
    assert target.languages & EVERYTHING == EVERYTHING


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pyw", b"x = 1\n"),
        ("A.PY", b"x = 1\n"),
        ("tool", b"#!/usr/bin/env python3.12 -I\nx = 1\n"),
        ("tool.txt", b"#!/usr/bin/python\nx = 1\n"),
    ],
)
def test_python_under_another_name_is_read_as_python(name: str, content: bytes, root: Path) -> None:
    (root / name).write_bytes(content)
    target = prepare(root, frozenset({"python"}))[name]
    assert target.copied
    assert target.given.name == f"{name}.py"
    assert target.given.read_bytes() == content


@pytest.mark.parametrize("name", ["monty-python.md", "tool.sh"])
def test_what_only_speaks_of_python_is_not(name: str, root: Path) -> None:
    (root / name).write_text("# how to use python3\n#!/usr/bin/python\n")
    assert not prepare(root, frozenset({"python"}))


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_text_in_another_encoding_is_read_as_utf_8_line_by_line(encoding: str, root: Path) -> None:
    bom = {"utf-16-le": b"\xff\xfe"}.get(encoding, b"")
    (root / "a.txt").write_bytes(bom + "caf\xe9\nsecret\n".encode(encoding))
    copy = prepare(root)["a.txt"].given.read_text(encoding="utf-8")
    assert copy.split("\n")[1] == "secret"


def test_a_copy_keeps_the_path_that_rules_may_ask_for(root: Path) -> None:
    (root / "tests").mkdir()
    (root / "tests" / "a.txt").write_bytes(b"\xe9")
    assert prepare(root)["tests/a.txt"].given.parts[-2:] == ("tests", "a.txt")


def test_only_files_in_a_language_of_the_rules_are_read(root: Path) -> None:
    for name in ("a.py", "b.go", "c.md"):
        (root / name).write_text("x\n")
    assert prepare(root, frozenset({"go"})).keys() == {"b.go"}
    assert prepare(root, frozenset({"regex"})).keys() == {"a.py", "b.go", "c.md"}


def test_a_file_that_is_gone_or_has_too_long_a_name_for_a_copy_is_missing(root: Path) -> None:
    long = "x" * 254
    (root / long).write_text("#!/usr/bin/python\n")
    (root / "gone.py").write_text("x = 1\n")
    files = inventory.take(root)
    (root / "gone.py").unlink()
    targets, missing = prepared(files, languages.known(), EVERYTHING, root.parent / "scratch")
    assert not targets
    assert {item.item for item in missing} == {"gone.py", long}


def test_comments_for_semgrep_are_looked_for_only_where_its_name_stands(root: Path) -> None:
    (root / "a.py").write_text("x = 1  # NoSem\n")
    (root / "b.py").write_text("x = 1\n")
    targets = list(prepare(root).values())
    assert marked(inventory.take(root), targets).files == ("a.py",)


def test_media_and_compiled_code_are_told_by_their_names() -> None:
    assert not is_text_by_name("a/b.PNG")
    assert not is_text_by_name("lib.so")
    assert is_text_by_name("Dockerfile")
    assert is_text_by_name(".env")
    assert is_text_by_name("a.png.txt")


@pytest.mark.parametrize("line", [" " * 1_000_000, "#" * 1_000_000, "# " * 500_000, "#" + " " * 1_000_000 + "nosem_x"])
def test_a_hostile_line_does_not_hold_up_the_search_for_comments(line: str) -> None:
    assert NOSEM.search(line) is None
    assert NOSEM_ALONE.match(line) is None


@pytest.mark.parametrize(
    ("line", "here", "alone"),
    [
        ("x = 1  # nosemgrep", "# nosemgrep", ""),
        ("x = 1  # noSem: a, b", "# noSem: a, b", ""),
        ("f();  // nosem", "// nosem", ""),
        ("    # nosemgrep: a", "# nosemgrep: a", "    # nosemgrep: a"),
        ("x = 1  #nosem", "", ""),
        ("nosem", "", ""),
        ("x = nosemantics", "", ""),
    ],
)
def test_a_comment_is_recognised_where_semgrep_obeys_it(line: str, here: str, alone: str) -> None:
    assert (found.group() if (found := NOSEM.search(line)) else "") == here
    assert (found.group() if (found := NOSEM_ALONE.match(line)) else "") == alone
