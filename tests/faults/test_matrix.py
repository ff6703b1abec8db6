"""Every gate, and everything that can go wrong with its tool: the verdict is never PASS, and says what it was."""

from __future__ import annotations

import functools
import importlib.metadata
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from sdlc_gates.load import plan as load_plan

from sdlc import process, runner
from sdlc.gate import Gate, Tool, Workspace
from sdlc.model import Answer, Verdict
from tests.faults import wrapper
from tests.faults.conftest import DATA, MakeBreakable
from tests.faults.matrix import BATCH, CELLS, OF_PROJECTS, OF_TARGETS, OF_TOOLS, TARGETED, Cell
from tests.faults.rig import Place, ended, holds, misbehaving

pytestmark = pytest.mark.tool
TOOL_CELLS = [cell for cell in CELLS if cell.fault in {fault.name for fault in OF_TOOLS}]
# What needs a real ZAP daemon is in test_zap_daemon.py.
TARGET_CELLS = [cell for cell in CELLS if cell.fault in {fault.name for fault in OF_TARGETS} and cell.gate != "zap"]
PROJECT_CELLS = [cell for cell in CELLS if cell.fault in {fault.name for fault in OF_PROJECTS} and cell.gate != "zap"]
DESCRIPTIONS = {"tenant-isolation": "/notes.json"}
NONE_TO_FIND: Mapping[str, Mapping[str, object]] = {
    "pip-audit": {"requirements": []},
    "sarif": {"covers": ["*.go"]},
    "locust": {"paths": []},
}
NOTHING_TO_LOOK_FOR: Mapping[str, Mapping[str, object]] = {
    "semgrep": {"config": []},
    "pip-audit": {"advisories": "none"},
    "wapiti": {"modules": []},
}
FOREIGN = {"wapiti": DATA / "pip-audit" / "reports" / "vulnerable.json"}
SECONDS = 120.0
ENDLESS = ("hangs", "deaf")
PATIENCE = {"locust": 12.0}
SHORT_PATIENCE = 6.0
ENOUGH = 15.0
# Longer, and a scanner that keeps what never ends meets its memory limit first.
ENDLESS_SECONDS = 40.0


def named(cell: Cell) -> str:
    return f"{cell.gate}-{cell.fault}"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limits at smaller sizes."""
    monkeypatch.setattr(runner, "Limits", functools.partial(process.Limits, output=8 * process.MIB, grace=0.5))
    monkeypatch.setattr(load_plan, "START_MARGIN", 1.0)
    monkeypatch.setattr(load_plan, "RAMP_MARGIN", 1.0)


@pytest.fixture
def small_disk(place: Place) -> Iterator[None]:
    """Runs are kept on a file system of 48 MiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(place.runs)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small file system can't be mounted here: {mounted.stderr.strip()}")
    yield
    subprocess.run(["umount", str(place.runs)], check=True)


def broken(cell: Cell, place: Place, make: MakeBreakable, monkeypatch: pytest.MonkeyPatch) -> Gate:
    """The gate with its tool broken in the way that the cell says."""
    if cell.gate == "zap":
        script = place.word / "zap.sh"
        if cell.fault not in ("missing", "gone"):
            wrapper.written(cell.fault, Path(), place.word, place.word, script.name)
        where = {"command": [str(script)]} if cell.fault == "gone" else {"home": str(place.word)}
        return make("zap", start_seconds=2.0 if cell.fault in ENDLESS else SECONDS, **where)
    if (cell.gate, cell.fault) == ("sarif", "missing"):
        return make("sarif", command=[str(place.word / "ruff"), "{output}"])
    gate = make(cell.gate)
    if (cell.gate, cell.fault) == ("tenant-isolation", "ends-target"):
        # It has no tool that could be wrapped.
        monkeypatch.setattr(gate, "check", then_ending_the_target(gate, place))
        return gate
    tool = gate.probe()
    if cell.fault == "missing":
        monkeypatch.setattr("sdlc.gate.sys", types.SimpleNamespace(executable=str(place.word / "python")))
        monkeypatch.setenv("XDG_CACHE_HOME", str(place.word))
        return gate
    if cell.fault == "wrong-version":
        real = importlib.metadata.version
        monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.1" if name == cell.gate else real(name))
        return gate
    (place.word / "foreign").write_bytes(FOREIGN.get(cell.gate, DATA / "wapiti" / "report.json").read_bytes())
    script = place.word / tool.path.name
    if cell.fault != "gone":
        wrapper.written(cell.fault, tool.path, place.word, place.word, script.name)
    monkeypatch.setattr(gate, "probe", lambda: Tool(name=tool.name, version=tool.version, path=script))
    return gate


def then_ending_the_target(gate: Gate, place: Place) -> Callable[[Workspace], Answer]:
    check = gate.check

    def ending(work: Workspace) -> Answer:
        answer = check(work)
        wrapper.end_target(place.word)
        return answer

    return ending


def described(gate: str) -> str:
    """Where the small API describes what the gate can judge."""
    return DESCRIPTIONS.get(gate, "/openapi.json")


@pytest.mark.parametrize("gate", [*BATCH, "tenant-isolation"])
def test_without_a_fault_each_gate_passes(gate: str, place: Place, make: MakeBreakable) -> None:
    done = ended(make(gate), place, target=place.app(openapi=described(gate)) if gate in TARGETED else None)
    assert (done.verdict, done.reasons, done.left) == (Verdict.PASS, "", ())


@pytest.mark.parametrize("cell", TOOL_CELLS, ids=named)
def test_a_broken_tool_is_no_pass(
    cell: Cell, place: Place, make: MakeBreakable, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    if cell.fault == "fills-disk":
        request.getfixturevalue("small_disk")
        monkeypatch.setattr(process, "FREE_DISK_BYTES", 8 * process.MIB)
    gate = broken(cell, place, make, monkeypatch)
    target = place.app() if cell.gate in (*TARGETED, "zap") else None
    done = ended(gate, place, target=target, deadline=allowed(cell))
    print(named(cell), done.verdict, done.fault, done.reasons, done.left)
    holds(cell, done)
    if (daemon := place.word / "daemon").exists():
        assert not psutil.pid_exists(int(daemon.read_text()))


def allowed(cell: Cell) -> float:
    """Seconds until the deadline."""
    return PATIENCE.get(cell.gate, SHORT_PATIENCE) if cell.fault in ENDLESS else SECONDS


@pytest.mark.parametrize("cell", TARGET_CELLS, ids=named)
def test_a_broken_target_is_no_pass(cell: Cell, place: Place, make: MakeBreakable, monkeypatch: pytest.MonkeyPatch) -> None:
    mode = cell.fault.removeprefix("target-")
    gate = broken(Cell("ends-target", cell.gate, "", ""), place, make, monkeypatch) if mode == "dies-after" else make(cell.gate)
    target = misbehaving(cell.fault, place, described(cell.gate))
    seconds = ENDLESS_SECONDS if mode == "endless" else SECONDS
    done = ended(gate, place, target=target, deadline=ENOUGH if cell.code == "timeout" else seconds)
    print(named(cell), done.verdict, done.fault, done.reasons, done.left)
    holds(cell, done)


@pytest.mark.parametrize("cell", PROJECT_CELLS, ids=named)
def test_where_there_is_nothing_to_judge_or_to_judge_by_nothing_passes(cell: Cell, place: Place, make: MakeBreakable) -> None:
    options: Mapping[str, object] = {}
    openapi = described(cell.gate)
    if cell.fault == "nothing-to-scan":
        for name in ("a.py", "requirements.txt"):
            (place.root / name).unlink()
        options, openapi = NONE_TO_FIND.get(cell.gate, {}), "/empty.json"
    elif cell.fault == "no-rules":
        (place.root / "none").mkdir()
        options = {"skip": every_test_of_bandit()} if cell.gate == "bandit" else NOTHING_TO_LOOK_FOR[cell.gate]
    elif cell.fault == "no-description":
        openapi = ""
    has_target = cell.gate in TARGETED and cell.fault != "no-target"
    done = ended(make(cell.gate, **options), place, target=place.app(openapi=openapi) if has_target else None)
    print(named(cell), done.verdict, done.fault, done.reasons, done.left)
    holds(cell, done)


def every_test_of_bandit() -> list[str]:
    """As it lists them itself."""
    command = str(Path(sys.executable).with_name("bandit"))
    told = subprocess.run([command, "--help"], capture_output=True, text=True, check=True).stdout
    return re.findall(r"^\s+(B\d+)\s", told, re.MULTILINE)
