"""Runs one gate to its verdict, and looks for everything that a run must not leave behind."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from sdlc import pipeline
from sdlc.evidence import RunDirectory
from sdlc.gate import Gate
from sdlc.model import Errored, GateResult, Stage, Verdict
from sdlc.plan import Plan, Step
from sdlc.policy import Policy
from sdlc.process import MIB
from sdlc.run import Run
from sdlc.runner import Observer
from sdlc.target import TargetPlan
from tests.faults.matrix import COMPLETED, Cell

APP = Path(__file__).parent / "app.py"
SETTLING_SECONDS = 5.0
REQUESTS = 3


class Quiet:
    """Someone who watches a run and says nothing."""

    def started(self, gate: str) -> None:
        pass

    def said(self, gate: str, text: str) -> None:
        pass

    def ended(self, result: GateResult) -> None:
        pass


@dataclass(frozen=True)
class Place:
    """The folders of one test."""

    root: Path
    """The project."""
    word: Path
    """Where broken programs leave word; never part of a run."""
    runs: Path
    temporary: Path

    @classmethod
    def below(cls, folder: Path) -> Place:
        place = cls(*(folder / name for name in ("project", "word", "runs", "temporary")))
        for path in (place.root, place.word, place.runs, place.temporary):
            path.mkdir()
        return place

    def app(self, mode: str = "well", number: int = 0, **more: object) -> TargetPlan:
        """The small API, failing in the way that `mode` names."""
        run = (sys.executable, str(APP), "{port}", str(self.word), mode, str(number))
        given: dict[str, object] = {"ready": "/ready", "openapi": "/openapi.json", "ready_within": 20.0, **more}
        return TargetPlan(root=self.root, run=run, **given)  # type: ignore[arg-type]  # the keys are TargetPlan's own


@dataclass(frozen=True)
class Ended:
    """A run that is over."""

    run: Run
    directory: RunDirectory
    left: tuple[str, ...] = field(default=())
    """Everything that it left behind and shouldn't have."""

    @property
    def verdict(self) -> Verdict:
        return self.run.decision.verdict

    @property
    def fault(self) -> str:
        """The code of what went wrong; empty when the gate answered."""
        result = self.run.results[0]
        return result.fault if isinstance(result, Errored) else ""

    @property
    def reasons(self) -> str:
        return "\n".join(reason.text for reason in self.run.decision.reasons)


def ended(
    gate: Gate,
    place: Place,
    *,
    target: TargetPlan | None = None,
    deadline: float = 60,
    policy: Policy | None = None,
    root: Path | None = None,
    beside: Path | None = None,
    observer: Observer | None = None,
) -> Ended:
    """Run the gate alone over the project; the verdict is drawn, stored, read back and drawn again."""
    plan = Plan(
        root=root or place.root,
        name="project",
        stage=Stage.PR,
        steps=(Step(gate=gate, needs=(), deadline=deadline, memory=2048 * MIB),),
        policy=policy or Policy(required=(gate.id,)),
        target=target,
        beside=beside,
    )
    with watched(place, plan.root) as left:
        run, directory = pipeline.execute(plan, observer or Quiet(), threading.Event(), jobs=1, runs=place.runs)
    again = pipeline.decide_again(pipeline.load(directory))
    assert again.decision == run.decision, "stored evidence gives another verdict than the run"
    left += [f"in the run directory: {name}" for name in sorted(os.listdir(directory.path)) if name not in KEPT]
    return Ended(run, directory, tuple(left))


KEPT = ("evidence", "run.json", "manifest.json")


def misbehaving(fault: str, place: Place, openapi: str = "/openapi.json") -> TargetPlan:
    """The small API with the fault of that name."""
    mode = fault.removeprefix("target-")
    real = {"dies-after": "well", "dies-during": "dies-after", "never-ready": "starts-never"}.get(mode, mode)
    patience = 1.0 if mode in ("never-ready", "elsewhere") else 20.0
    return place.app(real, REQUESTS, ready_within=patience, openapi=openapi)


def holds(cell: Cell, done: Ended) -> None:
    """What the table says of the cell is so, and nothing is left."""
    assert done.verdict is cell.verdict
    assert (done.fault or COMPLETED) == cell.code
    assert re.search(cell.words, done.reasons, re.DOTALL)
    assert done.left == ()


@contextlib.contextmanager
def watched(place: Place, root: Path) -> Iterator[list[str]]:
    """Fills the list, at the end of the block, with what is there that was not there before."""
    found: list[str] = []
    threads, ports, tree = set(threading.enumerate()), listening(), snapshot(root)
    ours = set(psutil.Process().children(recursive=True))
    before, tempfile.tempdir = tempfile.tempdir, str(place.temporary)
    try:
        yield found
    finally:
        tempfile.tempdir = before
    until = time.monotonic() + SETTLING_SECONDS
    while time.monotonic() < until and (set(threading.enumerate()) - threads or listening() - ports):
        time.sleep(0.02)
    found += [f"a thread: {thread.name}" for thread in set(threading.enumerate()) - threads]
    found += [f"a port: {port}" for port in listening() - ports]
    found += [f"a process: {process}" for process in set(psutil.Process().children(recursive=True)) - ours]
    found += [f"a process: {process}" for process in working_in(place.root.parent)]
    found += [f"a temporary file: {name}" for name in os.listdir(place.temporary)]
    now = snapshot(root)
    found += [f"in the project: {name}" for name in sorted(tree.keys() | now.keys()) if tree.get(name) != now.get(name)]


def listening() -> set[int]:
    """Ports that this process listens on."""
    return {c.laddr.port for c in psutil.Process().net_connections("tcp") if c.status == psutil.CONN_LISTEN}


def working_in(folder: Path) -> list[str]:
    """Living processes that name the folder on their command line, or are in it."""
    text, found = str(folder), []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                continue
            if any(text in part for part in process.cmdline()) or process.cwd().startswith(text):
                found.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
    return found


def snapshot(root: Path) -> dict[str, tuple[int, int, int]]:
    """Kind, size and age of everything below the folder."""
    found = {}
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            path = Path(folder, name)
            status = path.lstat()
            age = 0 if stat.S_ISDIR(status.st_mode) else status.st_mtime_ns
            size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
            found[os.fspath(path.relative_to(root)).encode("utf-8", "backslashreplace").decode()] = (status.st_mode, size, age)
    return found
