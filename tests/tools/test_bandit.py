"""The real Bandit, on real files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sdlc_gates.bandit import Bandit

from sdlc.errors import NothingToScan
from sdlc.gate import Gate, Workspace
from sdlc.model import Severity, SourceLocation

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
SHELL = "import subprocess\n\n\ndef go(x):\n    subprocess.call('ls ' + x, shell=True)"


def test_it_finds_a_shell_call_with_its_place_and_weakness(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "a.py").write_text(SHELL)
    answer = make_gate(Bandit).check(workspace(tmp_path))
    worst = max(answer.findings, key=lambda finding: finding.severity)
    assert worst.rule.id == "B602"
    assert worst.rule.cwe == (78,)
    assert worst.severity is Severity.HIGH
    assert worst.location == SourceLocation(
        path="a.py", line=5, end_line=5, snippet="    subprocess.call('ls ' + x, shell=True)"
    )
    assert [(c.measured, c.expected) for c in answer.coverage] == [(1, 1)]


def test_a_comment_does_not_hide_a_finding(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "a.py").write_text(SHELL + "  # nosec B602\n")
    (tmp_path / ".bandit").write_text("[bandit]\nskips = B602\n")
    answer = make_gate(Bandit).check(workspace(tmp_path))
    hidden = [finding for finding in answer.findings if finding.rule.id == "B602"]
    assert [finding.suppression for finding in hidden] == ["# nosec B602"]
    assert [(place.path, place.line) for place in answer.suppressions] == [("a.py", 5), (".bandit", 1)]


@pytest.mark.parametrize(
    "content",
    [b"def (:\n", b"x = '\xff'\n", b"a\0b", b"x = " + b"1+" * 20_000 + b"1\n"],
    ids=["syntax", "latin-1", "NUL", "deep"],
)
def test_a_file_that_it_cannot_parse_is_missing_from_coverage(
    content: bytes, tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "bad.py").write_bytes(content)
    (tmp_path / "good.py").write_text("x = 1\n")
    (coverage,) = make_gate(Bandit).check(workspace(tmp_path)).coverage
    assert (coverage.measured, coverage.expected) == (1, 2)
    assert [missing.item for missing in coverage.missing] == ["bad.py"]


NEWER = {
    (3, 12): "type Name = str\n\n\ndef first[T](x: list[T]) -> T:\n    return x[0]\n",
    (3, 13): "class Box[T = int]:\n    pass\n",
    (3, 14): "try:\n    pass\nexcept ValueError, TypeError:\n    pass\n",
}


@pytest.mark.parametrize("version", [version for version in NEWER if version > sys.version_info[:2]])
def test_a_file_for_a_newer_python_is_missing_and_says_what_to_do(
    version: tuple[int, int], tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "newer.py").write_text(NEWER[version])
    ((missing,),) = (coverage.missing for coverage in make_gate(Bandit).check(workspace(tmp_path)).coverage)
    assert missing.item == "newer.py"
    assert f"(Python 3.{sys.version_info.minor})" in missing.reason
    assert "install sdlc-gates under that one" in missing.reason


def test_a_folder_without_python_is_nothing_to_scan(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(NothingToScan):
        make_gate(Bandit).check(workspace(tmp_path))


def test_it_catches_its_canary(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    bandit = make_gate(Bandit)
    with bandit.plant(workspace(tmp_path)) as (gate, planted):
        assert gate.caught(gate.check(planted))
