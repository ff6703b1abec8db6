"""The installed command, started as a stranger would, with two small gates from outside this repository."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("sdlc")
GATES = '''
"""Two small gates: one looks for words, one runs a command that takes its time."""

import contextlib, sys
from pathlib import Path
from sdlc.errors import NothingToScan
from sdlc.gate import Gate, Tool
from sdlc.model import Answer, Coverage, Family, Finding, Frozen, Rule, Severity, SourceLocation


class WordsOptions(Frozen, frozen=True):
    """Its keys."""
    word: str = "BAD"
    """What it looks for."""
    lame: bool = False
    """Whether it misses its canary."""


class Words(Gate):
    """Finds a word in text files."""
    kind, summary, family, Options = "words", "words", Family.SAST, WordsOptions

    def probe(self):
        return Tool("python", "3", Path(sys.executable))

    def wants(self, path):
        return path.endswith(".txt")

    def check(self, work):
        mine = work.files.select(self.wants)
        if not mine.files and not mine.refused:
            raise NothingToScan("there is no text here")
        found = []
        for path in mine.files:
            for number, line in enumerate((work.root / path).read_text().split("\\n"), 1):
                if self.options.word in line and not (self.options.lame and work.gate.endswith("/canary")):
                    place = SourceLocation(path=path, line=number, snippet=line)
                    rule = Rule(id="W1")
                    found.append(Finding(rule=rule, severity=Severity.HIGH, message=line, location=place, tool="words"))
        return Answer(findings=tuple(found), coverage=(mine.coverage(set(mine.files)),))

    @contextlib.contextmanager
    def plant(self, work):
        (work.scratch / "planted").mkdir()
        (work.scratch / "planted" / "a.txt").write_text(self.options.word)
        yield self, work.narrowed(work.scratch / "planted", "canary")

    def caught(self, answer):
        return bool(answer.findings)

    def proof_rests_on(self):
        return None


class SlowOptions(Frozen, frozen=True):
    """Its keys."""
    command: tuple[str, ...]
    """What it runs."""


class Slow(Words):
    """Runs a command."""
    kind, summary, Options = "slow", "a command", SlowOptions

    def check(self, work):
        work.run(Tool("sh", "1", Path("/bin/sh")), ["-c", *self.options.command])
        return Answer(coverage=(Coverage(what="commands", measured=1, expected=1),))
'''


@dataclass(frozen=True)
class Shell:
    """Runs `sdlc` in a project."""

    project: Path
    environment: Mapping[str, str]
    done: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(
        self, *arguments: str, cwd: Path | None = None, prepare: Callable[[], None] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """To its end."""
        return subprocess.run(
            [COMMAND, *arguments],
            cwd=cwd or self.project,
            env=dict(self.environment),
            preexec_fn=prepare,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=120,
            check=False,
        )

    def start(
        self, *arguments: str, stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE, **variables: str
    ) -> subprocess.Popen[bytes]:
        """And go on."""
        environment = {**self.environment, **variables}
        process = subprocess.Popen(
            [COMMAND, *arguments], cwd=self.project, env=environment, stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL
        )
        self.done.append(process)
        return process

    def write(self, config: str, **files: str) -> None:
        """The configuration and text files of the project."""
        (self.project / "sdlc.toml").write_text(config)
        for name, text in files.items():
            (self.project / f"{name}.txt").write_text(text)

    def runs(self) -> Sequence[Path]:
        """The run directories, the oldest first."""
        return sorted((self.project / ".sdlc" / "runs").glob("*"))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A project folder and a clean environment, in which the gates `words` and `slow` are installed."""
    site, project = tmp_path / "site", tmp_path / "project"
    metadata = site / "small_gates-1.dist-info"
    metadata.mkdir(parents=True)
    project.mkdir()
    (site / "small_gates.py").write_text(GATES)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: small-gates\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[sdlc.gates]\nwords = small_gates:Words\nslow = small_gates:Slow\n")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "PYTHONPATH": str(site), "LANG": "C.UTF-8"}
    made = Shell(project, environment)
    yield made
    for process in made.done:
        with process:
            process.kill()
