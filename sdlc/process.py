"""The one place that starts a process: every tool, target and service goes through here."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from sdlc import supervisor
from sdlc.errors import Cancelled, LimitExceeded, ToolFailed, ToolMissing, ToolTimeout

MIB = 1 << 20
POLL_SECONDS = 0.05
MEMORY_POLL_SECONDS = 0.5
FREE_DISK_BYTES = 256 * MIB
NETWORK_VARIABLES = (
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a process and everything it starts may use."""

    deadline: float
    """Point of `time.monotonic()` after which it is killed."""
    memory: int = 4096 * MIB
    """Bytes resident, summed over the process and its descendants."""
    output: int = 512 * MIB
    """Bytes of any one file it writes, its two outputs among them."""
    grace: float = 2.0
    """Seconds between asking it to stop and killing it."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended."""

    code: int
    """Negative: the signal that ended it."""
    seconds: float


class Running:
    """A process with its descendants, which ends with the `with` block, and with this process even if that is killed."""

    def __init__(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdout: Path, stderr: Path, limits: Limits
    ) -> None:
        """Start `argv` with exactly the environment `env` and its outputs written to the two files.

        Raises `ToolMissing` when it can't be started.
        """
        self.name = Path(argv[0]).name
        self.stdout, self.stderr, self.limits = stdout, stderr, limits
        self.began = time.monotonic()
        self._status_read, status_write = os.pipe()
        shim = [sys.executable, "-I", "-S", supervisor.__file__]
        numbers = [str(status_write), str(limits.grace), str(limits.output)]
        with stdout.open("wb") as out, stderr.open("wb") as err:
            self._shim = subprocess.Popen(
                [*shim, *numbers, "--", *argv],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                pass_fds=(status_write,),
                start_new_session=True,
            )
        os.close(status_write)
        self._status: dict[str, Any] | None = None
        self._reading = threading.Lock()
        self._memory_checked = self.began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Id of the supervising process; the command and all it starts are its descendants."""
        return self._shim.pid

    @property
    def alive(self) -> bool:
        """Whether the command itself is still running."""
        return self._shim.poll() is None

    def stop(self) -> None:
        """End the process and its descendants, first politely; returns when all are gone."""
        self._close_control()
        try:
            self._shim.wait(self.limits.grace + 30)
        except subprocess.TimeoutExpired:
            self._shim.kill()
            self._shim.wait()
        self._read_status()

    def check(self) -> None:
        """Raise `ToolTimeout` or `LimitExceeded` when the process, still running, is past one of its limits."""
        if time.monotonic() > self.limits.deadline:
            raise ToolTimeout(f"{self.name} was killed at its deadline, after {time.monotonic() - self.began:.0f} s")
        for output in (self.stdout, self.stderr):
            if output.stat().st_size >= self.limits.output:
                raise LimitExceeded(f"{self.name} wrote more than {self.limits.output // MIB} MiB to {output.name}")
        if time.monotonic() - self._memory_checked >= MEMORY_POLL_SECONDS:
            self._memory_checked = time.monotonic()
            self._check_memory()
            self._check_disk()

    def wait(self, cancel: threading.Event) -> Exit:
        """Wait for the command to end by itself, within its limits.

        Raises `ToolTimeout`, `LimitExceeded`, `Cancelled`; `ToolMissing` when it could not be started, and `ToolFailed`
        when it left processes behind (they are ended).
        """
        while self.alive:
            if cancel.is_set():
                raise Cancelled(f"{self.name} was stopped")
            self.check()
            select.select([self._status_read], [], [], POLL_SECONDS)
        return self.exit()

    def exit(self) -> Exit:
        """How the command ended; only after it did."""
        status = self._read_status()
        if status.get("error"):
            raise ToolMissing(f"{self.name} could not be started: {status['error']}")
        if status.get("strays"):
            raise ToolFailed(f"{self.name} left {status['strays']} processes running, which were ended")
        if not isinstance(status.get("code"), int):
            raise ToolFailed(f"{self.name} was killed together with its supervisor")
        for output in (self.stdout, self.stderr):
            if output.stat().st_size >= self.limits.output:
                raise LimitExceeded(f"{self.name} wrote more than {self.limits.output // MIB} MiB to {output.name}")
        return Exit(code=status["code"], seconds=time.monotonic() - self.began)

    def _read_status(self) -> dict[str, Any]:
        self._shim.wait()
        with self._reading:
            if self._status is not None:
                return self._status
            with os.fdopen(self._status_read, "rb") as pipe:
                written = pipe.read()
            self._status = json.loads(written) if written else {}
            self._close_control()
        return self._status

    def _close_control(self) -> None:
        """Closing the supervisor's standard input is the order to end everything."""
        if self._shim.stdin and not self._shim.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._shim.stdin.close()

    def _check_memory(self) -> None:
        try:
            family = psutil.Process(self._shim.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        resident = 0
        for process in family:
            try:
                resident += process.memory_info().rss
            except psutil.Error:
                continue
        if resident > self.limits.memory:
            raise LimitExceeded(
                f"{self.name} used {resident // MIB} MiB of memory; {self.limits.memory // MIB} MiB are allowed"
            )

    def _check_disk(self) -> None:
        if shutil.disk_usage(self.stdout.parent).free < FREE_DISK_BYTES:
            raise LimitExceeded(f"{self.name} was killed because the disk is nearly full")


def clean_environment(home: Path, extra: Mapping[str, str] | None = None, *, network: bool = False) -> dict[str, str]:
    """The environment that a tool gets: nothing of the caller's but PATH, and proxies and CA bundles if `network`."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    environment = {"PATH": path, "HOME": str(home), "TMPDIR": str(temporary), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    environment |= {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1", "NO_COLOR": "1"}
    if network:
        environment |= {name: os.environ[name] for name in NETWORK_VARIABLES if name in os.environ}
    return environment | dict(extra or {})


def tail(path: Path, lines: int = 6, characters: int = 600) -> str:
    """The last words of a tool, for an error message."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64_000))
        text = file.read().decode("utf-8", "replace")
    kept = [line for line in text.splitlines() if line.strip()][-lines:]
    return "\n".join(kept)[-characters:]
