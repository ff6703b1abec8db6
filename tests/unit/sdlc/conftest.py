"""Two small gates, so that what the engine does with gates can be seen without any tool."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
import pytest

from sdlc import document, registry
from sdlc.document import Document
from sdlc.errors import NothingToScan
from sdlc.gate import Gate, Metric, Tool, Workspace
from sdlc.model import Answer, Family, Finding, Frozen, Measurement, Rule, Severity, SourceLocation, Stage


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
