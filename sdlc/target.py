"""The application under test: started on a free port, waited for, watched, and ended with all its processes."""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import os
import shlex
import socket
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdlc.asking import ask
from sdlc.errors import Cancelled, GateError, SdlcError, TargetFailed, ToolMissing
from sdlc.foreign import reading as foreign
from sdlc.process import Limits, Running, clean_environment, tail

PROBE_SECONDS = 5.0
POLL_SECONDS = 0.1
WATCH_SECONDS = 0.5
MAX_DESCRIPTION_BYTES = 16 << 20
MAX_PATHS = 20_000


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """How to get the application: a command to start it with, or the address of one that runs."""

    root: Path
    run: tuple[str, ...] = ()
    """Argument vector; `{port}` and `{python}` are filled in."""
    url: str = ""
    ready: str = "/"
    """The path that answers with a status below 400 once the application can serve."""
    ready_within: float = 30.0
    """Seconds."""
    openapi: str = ""
    """A file below `root`, or a path on the target when it begins with a slash."""
    routes: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    pass_env: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """An application that answers."""

    url: str
    """Scheme, host and port, without a slash at the end."""
    ready: str
    openapi: Mapping[str, Any] | None = None
    """The OpenAPI description, parsed."""
    routes: tuple[str, ...] = ()
    """Paths named in the configuration."""
    openapi_origin: str = ""
    pid: int = 0
    """The supervised process; 0 when it was running already."""

    @property
    def host(self) -> str:
        """The host's name or address."""
        return urllib.parse.urlsplit(self.url).hostname or ""

    @property
    def is_local(self) -> bool:
        """Whether its address is on the loopback interface."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def answers(self) -> str:
        """Empty when the readiness probe gets a status below 400, else what it got."""
        return probe(self.url + self.ready)


def probe(url: str) -> str:
    """Ask once, following no redirect; empty when the status is below 400, else the reason in words."""
    try:
        status, _ = ask(url, PROBE_SECONDS, 0)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return f"{url} did not answer: {error}"
    return "" if status < 400 else f"{url} answered {status}"


@contextlib.contextmanager
def started(plan: TargetPlan, scratch: Path, limits: Limits, cancel: threading.Event) -> Iterator[Target]:
    """The application, ready to serve, for as long as the block runs.

    Raises `TargetFailed` when it does not get ready, and when it no longer answers at the end of the block.
    """
    if not plan.run:
        target = described(plan, plan.url.rstrip("/"), scratch, cancel)
        wait_until_ready(target, plan.ready_within, None, cancel)
        yield target
        still_answers(target, None)
        return
    port = free_port()
    argv = [part.replace("{port}", str(port)).replace("{python}", sys.executable) for part in plan.run]
    environment = clean_environment(scratch / "home", {"PORT": str(port), **plan.env})
    # It is the project's program: it gets the caller's PATH, not one that begins with this project's tools.
    environment["PATH"] = os.environ.get("PATH", os.defpath)
    del environment["PYTHONSAFEPATH"]
    environment |= {name: os.environ[name] for name in plan.pass_env if name in os.environ}
    outputs = {"stdout": scratch / "target.stdout", "stderr": scratch / "target.stderr"}
    try:
        process = Running(argv, cwd=plan.root, env=environment, limits=limits, **outputs)
    except (OSError, ToolMissing) as error:
        raise TargetFailed(f"{shlex.join(argv)} could not be started: {error}") from error
    with process, _watched(process) as complaints:
        waiting = Target(url=f"http://127.0.0.1:{port}", ready=plan.ready)
        wait_until_ready(waiting, plan.ready_within, process, cancel)
        yield described(plan, waiting.url, scratch, cancel, pid=process.pid)
        if complaints:
            raise complaints[0]
        # What it wrote since the watch last looked.
        process.check()
        still_answers(waiting, process)


@contextlib.contextmanager
def _watched(process: Running) -> Iterator[list[GateError]]:
    """End the process when it passes one of its limits, and say which in the list."""
    complaints: list[GateError] = []
    over = threading.Event()

    def watch() -> None:
        while process.alive and not over.wait(WATCH_SECONDS):
            try:
                process.check()
            except GateError as error:
                complaints.append(error)
                process.stop()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield complaints
    except GateError as error:
        if not complaints or error is complaints[0]:
            raise
        # Why the application is gone says more than what whoever tested it met then.
        complaints[0].answer = error.answer
        raise complaints[0] from error
    finally:
        over.set()
        watcher.join()


def wait_until_ready(target: Target, seconds: float, process: Running | None, cancel: threading.Event) -> None:
    """Return once the readiness probe succeeds; raises `TargetFailed` when the process ends or time runs out first."""
    deadline = time.monotonic() + seconds
    while complaint := target.answers():
        if cancel.is_set():
            raise Cancelled("stopped while the target was starting")
        if process and not process.serving:
            raise TargetFailed(
                f"the target ended while it was starting: {_ending(process)}", fix="see [target] run in sdlc.toml"
            )
        if time.monotonic() > deadline:
            words = f"; its last words: {tail(process.stderr)}" if process else ""
            raise TargetFailed(f"the target was not ready after {seconds:.0f} s: {complaint}{words}", fix="see [target] ready")
        cancel.wait(POLL_SECONDS)


def still_answers(target: Target, process: Running | None) -> None:
    """Raise `TargetFailed` when the process has ended, or the readiness probe fails twice in a row."""
    if process and not process.serving:
        raise TargetFailed(f"the target died while it was being tested: {_ending(process)}")
    if (complaint := target.answers()) and (complaint := target.answers()):
        raise TargetFailed(f"the target no longer answered at the end of the test: {complaint}")


def _ending(process: Running) -> str:
    try:
        code = f"exit code {process.exit().code}"
    except SdlcError as error:
        code = str(error)
    return f"{code}. {tail(process.stderr) or tail(process.stdout)}".strip()


def described(plan: TargetPlan, url: str, scratch: Path, cancel: threading.Event, *, pid: int = 0) -> Target:
    """The target with its OpenAPI description read, if it has one."""
    document, origin = read_openapi(plan, url, scratch, cancel) if plan.openapi else (None, "")
    return Target(url=url, ready=plan.ready, openapi=document, routes=plan.routes, openapi_origin=origin, pid=pid)


def read_openapi(plan: TargetPlan, url: str, scratch: Path, cancel: threading.Event) -> tuple[Mapping[str, Any], str]:
    """The parsed description and where it came from; raises `TargetFailed` when it can't be read."""
    origin = url + plan.openapi if plan.openapi.startswith("/") else str(plan.root / plan.openapi)
    try:
        content = _fetched(origin) if plan.openapi.startswith("/") else _read(Path(origin))
        if len(content) > MAX_DESCRIPTION_BYTES:
            raise ValueError(f"it is larger than {MAX_DESCRIPTION_BYTES >> 20} MiB")
        document = foreign.read(content, scratch, cancel)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise TargetFailed(f"the OpenAPI description {origin} can't be read: {error}", fix="see [target] openapi") from error
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise TargetFailed(f"{origin} is not an OpenAPI description: it has no paths", fix="see [target] openapi")
    if len(document["paths"]) > MAX_PATHS:
        raise TargetFailed(f"{origin} names {len(document['paths'])} paths; at most {MAX_PATHS} can be tested")
    return document, origin


def _fetched(url: str) -> bytes:
    status, content = ask(url, PROBE_SECONDS, MAX_DESCRIPTION_BYTES + 1)
    if status != 200:
        raise ValueError(f"HTTP Error {status}")
    return content


def _read(path: Path) -> bytes:
    """As much of a file as may be read; a pipe or a device that the repository planted is none."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a regular file")
    with path.open("rb") as file:
        return file.read(MAX_DESCRIPTION_BYTES + 1)


def free_port() -> int:
    """A loopback TCP port that nothing listens on at this moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
