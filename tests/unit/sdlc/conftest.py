"""Small gates, so that what the engine does with gates can be seen without any tool."""

from __future__ import annotations

import contextlib
import datetime
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from sdlc import document, inventory, registry
from sdlc.document import Document
from sdlc.errors import ConfigError, NothingToScan
from sdlc.evidence import RunDirectory
from sdlc.gate import Gate, Metric, NoOptions, Tool, Workspace
from sdlc.model import (
    Answer,
    Coverage,
    Family,
    Finding,
    Frozen,
    GateResult,
    Measurement,
    Rule,
    Severity,
    SourceLocation,
    Stage,
)
from sdlc.plan import Plan, Step
from sdlc.policy import Policy, decide
from sdlc.runner import Execution
from sdlc.threshold import FindingLimit


class LintOptions(Frozen, frozen=True):
    """Its keys."""

    word: str = "BAD"
    """What it looks for."""
    level: Severity = Severity.HIGH
    """How severe that is."""


class Lint(Gate):
    """Finds a word in files."""

    kind = "lint"
    summary = "words that must not be there"
    family = Family.SAST
    Options = LintOptions
    options: LintOptions

    def vet(self, judging: Path) -> None:
        if not self.options.word:
            raise ConfigError(f"word must not be empty in {judging.name}")

    def probe(self) -> Tool:
        return Tool(name="lint", version="1", path=Path(sys.executable))

    def check(self, work: Workspace) -> Answer:
        if not work.files.files:
            raise NothingToScan("no files")
        lines = ((path, text) for path in work.files.files for text in enumerate((work.root / path).read_text().split("\n"), 1))
        found = tuple(
            Finding(
                rule=Rule(id="L1"),
                severity=self.options.level,
                message=f"says {self.options.word}",
                location=SourceLocation(path=path, line=number, snippet=text),
                tool="lint",
            )
            for path, (number, text) in lines
            if self.options.word in text
        )
        return Answer(findings=found, coverage=(work.files.coverage(set(work.files.files)),))

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        root = work.scratch / "planted"
        root.mkdir()
        (root / "canary.txt").write_text(self.options.word)
        yield self, work.narrowed(root, "canary")

    def caught(self, answer: Answer) -> bool:
        return bool(answer.findings)


class Load(Lint):
    """Measures something."""

    kind = "load"
    summary = "how fast it is"
    family = Family.LOAD
    Options = LintOptions
    stages = (Stage.RELEASE,)
    exclusive = True
    metrics = (
        Metric(name="p95", unit="ms", description="95th percentile", per_subject=True),
        Metric(name="error_rate", unit="ratio", description="share of failed requests"),
    )

    def check(self, work: Workspace) -> Answer:
        measured = tuple(Measurement(name=m.name, value=0.25, unit=m.unit, n=100) for m in self.metrics)
        return msgspec.structs.replace(super().check(work), measurements=measured)


@pytest.fixture
def kinds(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, type[Gate]]:
    """The gates that are installed for this test: `lint`, and `load`, which measures `p95` and `error_rate`."""
    installed = {"lint": Lint, "load": Load}
    monkeypatch.setattr(registry, "gates", lambda: installed)
    return installed


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Document]:
    """Writes a configuration file and reads it."""

    def write(text: str | bytes, name: str = "sdlc.toml") -> Document:
        place = tmp_path / name
        place.write_bytes(text if isinstance(text, bytes) else text.encode())
        return document.read(place)

    return write


NOW = datetime.datetime(2026, 5, 10, 12, tzinfo=datetime.UTC)
CLEAN = Answer(coverage=(Coverage(what="files", measured=1, expected=1),))
BAD = Finding(rule=Rule(id="R"), severity=Severity.HIGH, message="m", location=SourceLocation(path="a.py", line=1))
TOLERANT = (FindingLimit(severity=Severity.LOW, most=None, origin=""),)
Check = Callable[[Workspace], Answer]
Needs = dict[str, tuple[str, ...]]


class Scripted(Gate):
    """Does what its test says."""

    kind = "scripted"
    summary = "what its test says"
    family = Family.OTHER
    doing: Check = staticmethod(lambda work: CLEAN)
    planted: Check = staticmethod(lambda work: Answer(findings=(BAD,)))

    def probe(self) -> Tool:
        return Tool(name="script", version="1", path=Path(sys.executable))

    def check(self, work: Workspace) -> Answer:
        return (self.planted if work.gate.endswith("/canary") else self.doing)(work)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        yield self, work.narrowed(work.scratch, "canary")

    def caught(self, answer: Answer) -> bool:
        return bool(answer.findings)

    def proof_rests_on(self) -> None:
        return None


@dataclass
class Watcher:
    """Writes down what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)

    def started(self, gate: str) -> None:
        self.told.append((gate, "started"))

    def said(self, gate: str, text: str) -> None:
        self.told.append((gate, text))

    def ended(self, result: GateResult) -> None:
        self.told.append((result.gate, type(result).__name__))


@dataclass
class Trial:
    """What a test may set about a run."""

    root: Path
    cancel: threading.Event = field(default_factory=threading.Event)
    watcher: Watcher = field(default_factory=Watcher)

    @staticmethod
    def gate(id: str = "g", doing: Check | None = None, **facts: object) -> Gate:
        """A gate that does `doing`, with other facts than usual."""
        script = {"doing": staticmethod(doing)} if doing else {}
        made: Scripted = type("Made", (Scripted,), {**script, **facts})(id, NoOptions())
        return made

    def plan(self, *gates: Gate, needs: Needs | None = None, prove: bool = False, deadline: float = 60) -> Plan:
        steps = tuple(Step(gate=g, needs=(needs or {}).get(g.id, ()), deadline=deadline, memory=1 << 30) for g in gates)
        policy = Policy(required=tuple(g.id for g in gates), prove=prove, thresholds=TOLERANT)
        return Plan(root=self.root, name="n", stage=Stage.RELEASE, steps=steps, policy=policy)

    def run(self, plan: Plan, *, jobs: int = 2, changed_since: str = "") -> dict[str, GateResult]:
        files = inventory.Inventory(root=self.root, files=(), changed_since=changed_since)
        directory = RunDirectory.create(self.root, NOW)
        execution = Execution(
            plan=plan, files=files, directory=directory, observer=self.watcher, cancel=self.cancel, jobs=jobs, began=NOW
        )
        results = execution.run()
        assert decide(results, plan.policy, NOW) == decide(results, plan.policy, NOW)
        return {result.gate: result for result in results}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Runs plans of scripted gates."""
    return Trial(tmp_path)
