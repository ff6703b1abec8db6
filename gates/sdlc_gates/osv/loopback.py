"""Our side of the loopback server: started under the gate's limits, waited for, and asked what it answered."""

from __future__ import annotations

import contextlib
import datetime
import importlib.metadata
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sdlc.errors import Cancelled, EvidenceInvalid, OutputInvalid, SdlcError, ToolFailed
from sdlc.gate import Workspace, decode
from sdlc.model import Evidence
from sdlc.process import Running, clean_environment, tail
from sdlc_gates.osv.database import HOW_TO_GET
from sdlc_gates.osv.record import Advice
from sdlc_gates.osv.server import Ready, Served

MODULE = "sdlc_gates.osv.server"
POLL_SECONDS = 0.02


@dataclass
class Loopback:
    """A server that runs, and once it has stopped, what it answered."""

    ready: Ready
    served: dict[tuple[str, str], tuple[Advice, ...]] = field(default_factory=dict)
    """By canonical name and version, filled in at the end."""


@contextlib.contextmanager
def serving(work: Workspace, database: Path) -> Iterator[Loopback]:
    """The database at `database`, served for as long as the block runs.

    Raises `ToolFailed` when it can't be relied on, and what `Running` raises at the limits.
    """
    files = {name: work.scratch / f"advisories.{name}" for name in ("stdout", "stderr", "answers")}
    ready = work.scratch / "advisories.json"
    command = [sys.executable, "-I", "-m", MODULE, str(database), str(ready), str(files["answers"])]
    started = datetime.datetime.now(datetime.UTC)
    environment = clean_environment(work.scratch / "home")
    outputs = {"stdout": files["stdout"], "stderr": files["stderr"]}
    process = Running(command, cwd=work.scratch, env=environment, limits=work.limits, **outputs)
    try:
        with process:
            loopback = Loopback(ready=_wait(process, ready, work))
            yield loopback
            if not process.alive:
                raise ToolFailed(f"the advisory server died while it was needed: {tail(files['stderr'])}")
        loopback.served = _served(files["answers"])
    finally:
        _keep(work, command, process, started, {**files, "ready": ready})


def _wait(process: Running, ready: Path, work: Workspace) -> Ready:
    while not ready.exists():
        if work.cancel.is_set():
            raise Cancelled("stopped while the advisory database was read")
        if not process.alive:
            raise ToolFailed(f"the advisory database can't be used: {tail(process.stderr)}", fix=HOW_TO_GET)
        process.check()
        work.cancel.wait(POLL_SECONDS)
    return decode(ready.read_bytes(), Ready)


def _served(answers: Path) -> dict[tuple[str, str], tuple[Advice, ...]]:
    lines = answers.read_bytes().splitlines() if answers.is_file() else []
    served = [decode(line, Served) for line in lines]
    return {(answer.name, answer.version): answer.advice for answer in served}


def _keep(work: Workspace, command: list[str], process: Running, started: datetime.datetime, files: dict[str, Path]) -> None:
    """Make what the server wrote evidence, whether or not the gate answers."""
    process.stop()
    code = _code(process)
    artifacts = []
    for name, file in files.items():
        if file.exists():
            suffix = file.suffix if name == "ready" else f".{name}"
            try:
                artifacts.append(work.directory.keep(work.gate, file, f"advisories{suffix}"))
            except EvidenceInvalid as error:
                raise OutputInvalid(f"the advisory server's {name}: {error}") from error
    now = datetime.datetime.now(datetime.UTC)
    work.evidence.append(
        Evidence(
            tool="osv-on-disk",
            version=importlib.metadata.version("sdlc-gates"),
            argv=tuple(command),
            exit_code=code,
            started=started.isoformat(timespec="milliseconds"),
            seconds=round((now - started).total_seconds(), 3),
            files=tuple(artifacts),
        )
    )


def _code(process: Running) -> int:
    try:
        return process.exit().code
    except SdlcError:
        return -1
