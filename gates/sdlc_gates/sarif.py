"""Any command that writes SARIF, as a gate."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import msgspec

from sdlc.errors import NothingToScan, OutputInvalid
from sdlc.gate import Gate, Tool, ToolRun, Workspace, expect_exit
from sdlc.inventory import matches
from sdlc.model import Answer, Family, Frozen
from sdlc.process import MIB
from sdlc_gates._sarif import command
from sdlc_gates._sarif.answer import answered
from sdlc_gates._sarif.reading import read
from sdlc_gates._sarif.shape import Run

MAX_REPORT_BYTES = 256 * MIB


class SarifOptions(Frozen, frozen=True):
    """The keys of a gate with `uses = "sarif"`."""

    command: tuple[str, ...]
    """Program and arguments. `{root}` is the folder to look at, `{output}` the report to write (else standard output is
    read), `{files}` all files, `{scratch}` a folder for the tool, `{project}` the project even while a canary is planted."""
    answers: tuple[int, ...] = (0,)
    """Exit codes with which the tool has answered."""
    version: tuple[str, ...] = ()
    """Command that prints the tool's version."""
    cwd: Literal["project", "scratch"] = "scratch"
    """Folder that the command runs in; in the project, many tools obey files that lie there."""
    env: dict[str, str] = {}
    """Environment variables for it, beside a clean environment."""
    network: bool = False
    """Whether it is told of the caller's proxies and certificates."""
    covers: tuple[str, ...] = ()
    """Shell patterns (`*.py`) of the files that its report must list as looked at."""
    canary: str = ""
    """A folder beside the configuration with a planted defect that the command must find."""


class Sarif(Gate):
    """Finds what a command of the user's finds."""

    kind = "sarif"
    summary = "whatever a command that writes SARIF finds"
    family = Family.OTHER
    covers = frozenset({"runs"})
    Options = SarifOptions
    options: SarifOptions

    def __init__(self, id: str, options: SarifOptions) -> None:
        """Take options; raises `ConfigError` for a command that can't be run as it is written."""
        super().__init__(id, options)
        command.checked(options.command, f"[gates.{id}] command")
        if options.version:
            command.checked(options.version, f"[gates.{id}] version")

    def probe(self) -> Tool:
        return command.found(self.options.command, self.options.version, self.options.network)

    def proof_rests_on(self) -> tuple[Path, ...] | None:
        # Nobody but the user knows what the command reads.
        return None

    def wants(self, path: str) -> bool:
        return not self.options.covers or any(matches(path, pattern) for pattern in self.options.covers)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        if not self.options.canary:
            raise NothingToScan(
                "nothing shows that it can fail",
                fix=f'name a folder with a defect that the command finds: canary = "…" in [gates.{self.id}]',
            )
        program = command.placed(command.program(self.options.command[0]), work.root)
        words = (str(program), *(word.replace("{project}", str(work.root)) for word in self.options.command[1:]))
        options = msgspec.structs.replace(self.options, command=words, covers=())
        yield Sarif(self.id, options), work.narrowed(work.judging / self.options.canary, "canary")

    def caught(self, answer: Answer) -> bool:
        return bool(answer.findings)

    def check(self, work: Workspace) -> Answer:
        tool = self.probe()
        tool = replace(tool, path=command.placed(tool.path, work.root))
        files = work.files.select(self.wants)
        if not files.files and not files.refused:
            raise NothingToScan("no file is this gate's business", fix=f"correct covers in [gates.{self.id}]")
        cwd = work.root if self.options.cwd == "project" else work.scratch
        values = {"{root}": str(work.files.root), "{project}": str(work.files.root), "{scratch}": str(work.scratch)}
        runs: list[Run] = []
        for output, argv in command.arguments(self.options.command, values, files.paths()):
            runs += self._run(work, tool, argv, cwd, output)
        if not runs:
            raise NothingToScan("none of the files can be read", fix=f"correct covers in [gates.{self.id}]")
        return answered(runs, work.files, files if self.options.covers else None, cwd)

    def _run(self, work: Workspace, tool: Tool, argv: Sequence[str], cwd: Path, output: Path) -> tuple[Run, ...]:
        run = work.run(
            tool,
            argv,
            name=output.stem,
            keep={"sarif": output},
            cwd=cwd,
            env=self.options.env,
            network=self.options.network,
        )
        expect_exit(run, *self.options.answers)
        writes = any(command.OUTPUT in word for word in self.options.command)
        return read(_content(run, run.kept.get("sarif") if writes else run.stdout)).runs


def _content(run: ToolRun, path: Path | None) -> bytes:
    if path is None or not path.stat().st_size:
        raise OutputInvalid(f"the tool ended with exit code {run.code} and wrote no report: {run.last_words}")
    if path.stat().st_size > MAX_REPORT_BYTES:
        raise OutputInvalid(f"the report is larger than {MAX_REPORT_BYTES // MIB} MiB")
    return path.read_bytes()
