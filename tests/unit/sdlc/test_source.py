"""What the scanned code says at a finding's lines."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdlc import inventory
from sdlc.errors import OutputInvalid
from sdlc.inventory import Inventory
from sdlc.model import Finding, Missing, PackageLocation, Rule, Severity, SourceLocation
from sdlc.source import MAX_SNIPPET_CHARACTERS, markers, quoted, relative

MARKER = re.compile(r"# nosec\b.*")


@pytest.fixture
def files(tmp_path: Path) -> Inventory:
    (tmp_path / "pkg").mkdir()
    lines = [f"line {number}" for number in range(1, 31)]
    lines[4] += "  # nosec B1"
    (tmp_path / "pkg" / "a.py").write_bytes("\n".join(lines).encode() + b"\nlast \xff\x0cline")
    (tmp_path / "b.py").write_text("")
    return inventory.take(tmp_path)


@pytest.mark.parametrize("name", ["pkg/a.py", "./pkg/a.py", "{root}/pkg/a.py"])
def test_a_path_is_made_relative_to_the_project(name: str, files: Inventory) -> None:
    assert relative(name.format(root=files.root), files) == "pkg/a.py"


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.py", "pkg/../b.py", "pkg", "", "absent.py", "{root}", "{root}x/b.py", "\0"]
)
def test_a_path_that_the_tool_was_not_asked_about_is_no_answer(name: str, files: Inventory) -> None:
    with pytest.raises(OutputInvalid, match=r"outside the project|was not asked about"):
        relative(name.format(root=files.root), files)


def at(line: int, end: int = 0) -> Finding:
    return Finding(
        rule=Rule(id="r"), severity=Severity.LOW, message="m", location=SourceLocation(path="pkg/a.py", line=line, end_line=end)
    )


@pytest.mark.parametrize(
    ("line", "end", "snippet", "said"),
    [
        (1, 0, "line 1", ""),
        (4, 6, "line 4\nline 5  # nosec B1\nline 6", "# nosec B1"),
        (5, 5, "line 5  # nosec B1", "# nosec B1"),
        (31, 0, "last \ufffd\x0cline", ""),
        (10, 30, "\n".join(f"line {number}" for number in range(10, 22)), ""),
        (99, 0, "", ""),
        (31, 10**9, "last \ufffd\x0cline", ""),
        (6, 2, "line 6", ""),
    ],
)
def test_a_finding_is_quoted_with_its_lines_and_the_comment_there(
    line: int, end: int, snippet: str, said: str, files: Inventory
) -> None:
    (found,) = quoted((at(line, end),), files, MARKER)
    assert isinstance(found.location, SourceLocation)
    assert (found.location.snippet, found.suppression) == (snippet, said)


def test_a_quotation_is_short_and_a_package_has_none(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "a.py").write_text("x" * 5000 + "# nosec " + "y" * 5000)
    package = Finding(rule=Rule(id="r"), severity=Severity.LOW, message="m", location=PackageLocation(name="n", version="1"))
    found, same = quoted((at(1), package), inventory.take(tmp_path), MARKER)
    assert isinstance(found.location, SourceLocation)
    assert len(found.location.snippet) == len(found.suppression) == MAX_SNIPPET_CHARACTERS
    assert same == package


def test_every_marker_is_listed_whether_or_not_it_hides_anything(files: Inventory) -> None:
    assert markers(files, MARKER) == (SourceLocation(path="pkg/a.py", line=5, snippet="# nosec B1"),)


def test_coverage_counts_what_was_read_and_names_everything_else(files: Inventory) -> None:
    whole = Inventory(
        root=files.root,
        files=("a", "b", "c", "d"),
        refused=(Missing(item="link", reason="is a link out of the project"),),
        excluded=(Missing(item="docs/", reason="excluded"),),
    )
    covered = whole.coverage({"a", "b", "elsewhere"}, (Missing(item="b", reason="syntax error"),))
    assert (covered.measured, covered.expected) == (1, 5)
    assert {missing.item: missing.reason for missing in covered.missing} == {
        "b": "syntax error",
        "c": "the tool did not say that it read it",
        "d": "the tool did not say that it read it",
        "link": "is a link out of the project",
    }
    assert covered.excluded == whole.excluded


def test_command_lines_are_cut_to_what_the_system_accepts() -> None:
    assert inventory.batches([]) == ()
    paths = [Path("/x" * 1000) / str(number) for number in range(2000)]
    cut = inventory.batches(paths)
    assert [path for batch in cut for path in batch] == list(map(str, paths))
    assert len(cut) > 1
    assert all(sum(len(path) + 1 for path in batch) <= inventory.ARGUMENT_BYTES for batch in cut)
