"""Real programs as gates: two that write SARIF, and the system's own for whatever can go wrong with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sdlc_gates.sarif import Sarif

from sdlc.errors import (
    ConfigError,
    GateError,
    LimitExceeded,
    NothingToScan,
    OutputInvalid,
    ToolFailed,
    ToolMissing,
    ToolTimeout,
)
from sdlc.gate import Gate, Workspace
from sdlc.model import Severity, SourceLocation
from sdlc.process import MIB

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
SHELL = "import subprocess\n\n\ndef go(x):\n    subprocess.call('ls ' + x, shell=True)\n"
RUFF = ["ruff", "check", "--isolated", "--no-cache", "--select", "S", "--output-format", "sarif"]
EMPTY = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    (place / "a.py").write_text(SHELL)
    return place


def test_a_command_that_writes_a_report_is_a_gate(root: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    gate = make_gate(
        Sarif, command=[*RUFF, "--output-file", "{output}", "{root}"], answers=[0, 1], version=["ruff", "--version"]
    )
    work = workspace(root)
    answer = gate.check(work)
    (found,) = [finding for finding in answer.findings if finding.rule.id == "S602"]
    assert (found.tool, found.severity) == ("ruff", Severity.HIGH)
    assert found.location == SourceLocation(
        path="a.py", line=5, end_line=5, snippet="    subprocess.call('ls ' + x, shell=True)"
    )
    (evidence,) = work.evidence
    assert evidence.tool == "ruff"
    assert evidence.version.count(".") == 2
    assert {Path(file.path).name for file in evidence.files} == {
        *("report-0.stdout", "report-0.stderr", "report-0-sarif.sarif")
    }


def test_a_command_may_write_to_standard_output_and_be_given_the_files(
    root: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (root / "b.txt").write_text(SHELL)
    gate = make_gate(Sarif, command=[*RUFF, "{files}"], answers=[0, 1], covers=["*.py"])
    answer = gate.check(workspace(root))
    assert "S602" in {finding.rule.id for finding in answer.findings}
    # Ruff lists no artifacts, so only files with findings are known to have been read.
    (root / "clean.py").write_text("x = 1\n")
    (files,) = (part for part in gate.check(workspace(root)).coverage if part.what == "files")
    assert [item.item for item in files.missing] == ["clean.py"]
    with pytest.raises(NothingToScan):
        make_gate(Sarif, command=[*RUFF, "{files}"], covers=["*.go"]).check(workspace(root))


def test_semgrep_can_be_one_too(root: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    rule = {"id": "shell", "languages": ["python"], "severity": "ERROR", "message": "m", "metadata": {"cwe": "CWE-78: x"}}
    (root / "rule.yaml").write_text(json.dumps({"rules": [rule | {"pattern": "subprocess.call(..., shell=True)"}]}))
    (root / "broken.py").write_text("def (:\nsubprocess.call(x, shell=True)\n")
    argv = ["semgrep", "scan", "--metrics", "off", "--disable-version-check", "--strict", "--no-rewrite-rule-ids"]
    gate = make_gate(
        Sarif,
        command=[*argv, "--config", "{project}/rule.yaml", "--sarif", "--output", "{output}", "{root}"],
        answers=[0, 3],
        env={"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"},
    )
    answer = gate.check(workspace(root))
    assert {(f.rule.id, f.rule.cwe, getattr(f.location, "path", "")) for f in answer.findings} >= {("shell", (78,), "a.py")}
    (runs,) = (part for part in answer.coverage if part.what == "runs")
    assert "Syntax error" in runs.missing[0].reason


def test_it_catches_a_canary_of_the_users_and_says_when_there_is_none(
    root: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (root / "canary").mkdir()
    (root / "canary" / "bad.py").write_text(SHELL)
    gate = make_gate(Sarif, command=[*RUFF, "{root}"], answers=[0, 1], canary="canary")
    with gate.plant(workspace(root)) as (planted_gate, planted):
        answer = planted_gate.check(planted)
        assert planted_gate.caught(answer)
    assert {getattr(finding.location, "path", "") for finding in answer.findings} == {"bad.py"}
    blind = make_gate(Sarif, command=[*RUFF, "--select", "E9", "--ignore", "S", "{root}"], answers=[0, 1], canary="canary")
    with blind.plant(workspace(root)) as (planted_gate, planted):
        assert not planted_gate.caught(planted_gate.check(planted))
    with (
        pytest.raises(NothingToScan, match="nothing shows"),
        make_gate(Sarif, command=[*RUFF, "{root}"]).plant(workspace(root)),
    ):
        pass
    assert gate.proof_rests_on() is None


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (["true"], OutputInvalid),
        (["false"], ToolFailed),
        (["true", "{output}"], OutputInvalid),
        (["echo", "all is well"], OutputInvalid),
        (["echo", "{}"], OutputInvalid),
        (["head", "-c", "200", "{root}/good.sarif"], OutputInvalid),
        (["cat", "{root}/other.json"], OutputInvalid),
        (["mkdir", "{output}"], OutputInvalid),
        (["ln", "-s", "/etc/passwd", "{output}"], OutputInvalid),
        (["mkfifo", "{output}"], OutputInvalid),
        (["sh", "-c", "kill -9 $$"], ToolFailed),
        (["sh", "-c", "cat {root}/good.sarif; exit 139"], ToolFailed),
        (["zz-no-such-program"], ToolMissing),
        (["./zz-no-such-program"], ToolMissing),
        (["/etc/passwd"], ToolMissing),
    ],
)
def test_whatever_goes_wrong_with_a_command_is_no_answer(
    command: list[str], fault: type[GateError], root: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (root / "good.sarif").write_text(json.dumps(EMPTY, indent=40))
    (root / "other.json").write_text(json.dumps({"errors": [], "results": [], "metrics": {}}))
    with pytest.raises(fault):
        make_gate(Sarif, command=command).check(workspace(root))


def test_an_answer_that_an_exit_code_of_its_own_goes_with_is_one(
    root: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (root / "good.sarif").write_text(json.dumps(EMPTY))
    answer = make_gate(Sarif, command=["sh", "-c", "cat {root}/good.sarif; exit 7"], answers=[7]).check(workspace(root))
    assert [(part.what, part.measured) for part in answer.coverage] == [("runs", 1)]


def test_a_command_without_end_is_ended(root: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    with pytest.raises(ToolTimeout):
        make_gate(Sarif, command=["sleep", "600"]).check(workspace(root, seconds=0.5))
    work = workspace(root)
    with pytest.raises((LimitExceeded, ToolFailed)):
        make_gate(Sarif, command=["yes"]).check(replace(work, limits=replace(work.limits, output=1 * MIB)))


def test_a_program_of_the_project_is_run_only_when_called_by_its_path(
    root: Path, workspace: MakeWorkspace, make_gate: MakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "good.sarif").write_text(json.dumps(EMPTY))
    (root / "ruff").write_text(f"#!/bin/sh\ncat {root}/good.sarif\n")
    (root / "ruff").chmod(0o755)
    monkeypatch.chdir(root)
    by_name = make_gate(Sarif, command=["ruff", "--version"], cwd="project")
    with pytest.raises(OutputInvalid):
        by_name.check(workspace(root))
    by_path = make_gate(Sarif, command=["./ruff"], canary=".")
    assert by_path.check(workspace(root)).coverage
    with by_path.plant(workspace(root)) as (planted_gate, planted):
        assert planted_gate.check(planted).coverage


def test_a_tool_that_does_not_tell_its_version_as_asked_is_missing(make_gate: MakeGate) -> None:
    for question in (["ruff", "--no-such-option"], ["true"], ["zz-no-such-program"]):
        with pytest.raises(ToolMissing):
            make_gate(Sarif, command=["ruff"], version=question).probe()
    assert make_gate(Sarif, command=["ruff"]).probe().version == ""
    assert make_gate(Sarif, command=["ruff"], version=["echo", "no number"]).probe().version == "no number"
    with pytest.raises(ConfigError):
        make_gate(Sarif, command=["ruff"], version=["{x}", "{y}"])
