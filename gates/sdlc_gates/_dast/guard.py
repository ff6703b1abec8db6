"""The proxy that a scanner asks the target through: a process of its own, since it reads what strangers send.

The process is this module's other half, `guardian`. It keeps the scanner to the target and logged in, and says what it
did in lines of JSON on its standard output.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import importlib.metadata
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sdlc.errors import Cancelled, GateError, TargetFailed, ToolFailed, ToolTimeout
from sdlc.gate import Workspace
from sdlc.model import Coverage, Evidence, Frozen, Missing
from sdlc.process import Running, clean_environment
from sdlc_gates._dast import certificate, ndjson
from sdlc_gates._dast.session import Identity

DISTRIBUTION = "sdlc-gates"
MODULE = "sdlc_gates._dast.guardian"
VARIABLE = "SDLC_GUARD"
# Whose certificates are trusted, as for every program that uses OpenSSL.
AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
START_SECONDS = 60.0
# The last look whether the session still holds may wait for a target that is busy.
GRACE_SECONDS = 45.0
POLL_SECONDS = 0.05
WATCH_SECONDS = 0.2


class Plan(Frozen, frozen=True):
    """What the process is told, in its environment, where no command line shows it."""

    url: str
    """The target's scheme, host and port."""
    per_second: float = 0
    exclude: tuple[str, ...] = ()
    identity: Identity | None = None
    page_locations: bool = False
    """Whether to keep redirections to anything but a page (`javascript:`) from a scanner that stumbles over them."""
    flows: str = ""
    """A file of recorded requests: what is asked for as they did is sent as whom they were, where there is no identity."""
    record: str = ""
    """A file to record every request in."""
    templates: tuple[str, ...] = ()
    """Paths with placeholders whose values are parameters to the scanner (`path_values`)."""
    certificate: str = ""
    """For an HTTPS target: a file with a private key and a certificate, to speak to the scanner with."""
    folder: str = ""
    """Where commands are run that log in."""
    secrets: str = ""
    """The file that the session's secrets are written to, for taking them out of evidence."""
    given_up: str = ""
    """A file that is there at the end when the scan was broken off."""
    deadline: float = 0
    """Point of `time.monotonic()` up to which the target may be asked whether the session holds."""


class Word(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of what the process says."""

    listening: int = 0
    """The port, once it answers."""
    lost: str = ""
    """How a lost session showed; it has been renewed."""
    fault: str = ""
    """Why it can't go on."""
    ended: bool = False
    """Whether this is its last word."""
    forwarded: int = 0
    checks: int = 0
    refused: dict[str, int] = {}
    flows: dict[str, str] = {}
    """Pages that the flows were let in to: why one no longer lets in who asks as they did; empty when it does."""


@dataclass(slots=True)
class Guard:
    """A running proxy."""

    url: str
    work: Workspace
    """What a scanner is to be run with: it is cancelled when the proxy has ended."""
    log: Path
    secrets_file: Path
    pid: int
    """Of the supervised process."""
    account: Word | None = None
    """What it did; only after its end."""
    lost: tuple[str, ...] = ()
    """How a lost session showed, each time it was renewed."""
    known: set[str] = field(default_factory=set)
    """Secrets beside those of the session."""
    started: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds"))
    _began: float = field(default_factory=time.monotonic)
    limit: GateError | None = None
    """The limit that it was ended at."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Places that were asked for and not reached, with how often."""
        return self.account.refused if self.account else {}

    @property
    def secrets(self) -> set[str]:
        """What must stand in no file of evidence."""
        if not self.secrets_file.exists():
            return set(self.known)
        return self.known | set(msgspec.json.decode(self.secrets_file.read_bytes(), type=list[str]))

    def coverage(self) -> tuple[Coverage, ...]:
        """How many looks found the session alive, where there was one; one that was lost was renewed, and is no gap."""
        if self.account and self.account.checks:
            return (Coverage(what="looks at the session", measured=self.account.checks, expected=self.account.checks),)
        if not self.account or not self.account.flows:
            return ()
        lost = tuple(Missing(item=page, reason=reason) for page, reason in self.account.flows.items() if reason)
        pages = len(self.account.flows)
        return (Coverage(what="pages still open as the flows", measured=pages - len(lost), expected=pages, missing=lost),)

    def notes(self) -> tuple[str, ...]:
        """What was asked for and kept back, and how often the session was lost."""
        refused = tuple(
            f"requests to {place} were refused {times} times: out of reach of this scan"
            for place, times in sorted(self.refused.items())
        )
        if not self.lost:
            return refused
        return (f"the session was lost and renewed {len(self.lost)} times, at last because the page {self.lost[-1]}", *refused)

    def record(self, work: Workspace, name: str = "guard") -> None:
        """Make what it said evidence."""
        artifact = work.directory.keep(work.gate, self.log, f"{name}.jsonl")
        work.evidence.append(
            Evidence(
                tool="guard",
                version=importlib.metadata.version(DISTRIBUTION),
                argv=("python", "-m", MODULE),
                exit_code=0,
                started=self.started,
                seconds=round(time.monotonic() - self._began, 3),
                files=(artifact,),
            )
        )


@contextlib.contextmanager
def guarded(work: Workspace, plan: Plan) -> Iterator[Guard]:
    """A proxy that reaches the target of the plan alone, logged in as it says, for as long as the block runs.

    Raises `TargetFailed` when nobody can be logged in or stays so, `ToolFailed` when the process ends by itself, and
    `ToolTimeout` or `LimitExceeded` when it was ended at a limit.
    """
    home = Path(tempfile.mkdtemp(prefix="guard-", dir=work.scratch))
    secrets, given_up = home / "secrets.json", home / "given-up"
    until = work.limits.deadline + GRACE_SECONDS
    plan = msgspec.structs.replace(
        plan,
        secrets=str(secrets),
        given_up=str(given_up),
        deadline=until,
        folder=str(work.root),
        certificate=str(certificate.make(work, home)) if plan.url.startswith("https:") else "",
    )
    with _process(work, plan, home) as process:
        guard = Guard(f"http://127.0.0.1:{_port(process, work)}", work, process.stdout, secrets, process.pid)
        early = False
        try:
            with _watched(process, guard):
                yield guard
        except BaseException as error:
            given_up.touch()
            early = isinstance(error, Cancelled) and not work.cancel.is_set()
            if not early:
                raise
        finally:
            process.stop()
            _hear(guard)
    _complain(guard, process, early=early)


def _process(work: Workspace, plan: Plan, home: Path) -> Running:
    login = plan.identity.login if plan.identity else None
    passed = {name: os.environ[name] for name in (*AUTHORITIES, *(login.pass_env if login else ())) if name in os.environ}
    environment = clean_environment(home, {**passed, VARIABLE: msgspec.json.encode(plan).decode()})
    return Running(
        [sys.executable, "-I", "-m", MODULE],
        cwd=home,
        env=environment,
        stdout=home / "stdout",
        stderr=home / "stderr",
        limits=dataclasses.replace(work.limits, deadline=work.limits.deadline + GRACE_SECONDS, grace=GRACE_SECONDS),
    )


def _port(process: Running, work: Workspace) -> int:
    """Where it listens; raises `TargetFailed` when it could log nobody in."""
    until = time.monotonic() + START_SECONDS
    while True:
        alive = process.alive
        for word in words(process.stdout):
            if word.fault:
                raise TargetFailed(word.fault, fix="see logging in, in the gate's page")
            if word.listening:
                return word.listening
        if not alive:
            raise ToolFailed(f"the guard ended before it listened: {process.stderr.read_text('utf-8', 'replace')[-600:]}")
        if work.cancel.is_set():
            raise Cancelled("stopped while the guard was starting")
        if time.monotonic() > min(until, work.limits.deadline):
            raise ToolTimeout("the guard was not ready in time")
        work.cancel.wait(POLL_SECONDS)


@contextlib.contextmanager
def _watched(process: Running, guard: Guard) -> Iterator[None]:
    """Give the guard a workspace that is cancelled when the run is, or when the process has ended or is too large."""
    outer, stop, over = guard.work.cancel, threading.Event(), threading.Event()
    guard.work = dataclasses.replace(guard.work, cancel=stop)

    def watch() -> None:
        while not over.wait(WATCH_SECONDS):
            if outer.is_set() or not process.alive:
                stop.set()
                return
            try:
                process.check()
            except GateError as error:
                guard.limit = guard.limit or error
                process.stop()

    watcher = threading.Thread(target=watch, name="guard", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def words(log: Path) -> list[Word]:
    """What the process has said, a line that it is still writing aside; raises `OutputInvalid`."""
    return ndjson.read(log, Word, "the guard's account")


def _hear(guard: Guard) -> None:
    said = words(guard.log)
    guard.lost = tuple(word.lost for word in said if word.lost)
    guard.account = next((word for word in said if word.ended), None)


def _complain(guard: Guard, process: Running, *, early: bool) -> None:
    """Raise what is wrong with a guard that has ended; `early` when the scanner was stopped because of that."""
    if guard.account and guard.account.fault:
        raise TargetFailed(guard.account.fault, fix="see logging in, in the gate's page")
    if guard.limit:
        raise guard.limit
    if guard.account is None or early:
        last_words = process.stderr.read_text("utf-8", "replace")[-600:]
        raise ToolFailed(f"the guard ended before the scan did, or without an account of it: {last_words}")
