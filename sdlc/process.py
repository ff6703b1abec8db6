"""The one place that starts a process: every tool, target and service goes through here."""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import shutil
import signal
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
STOP_SECONDS = 30.0
"""How long a supervisor may take beyond the grace it gives."""
FREE_DISK_BYTES = 256 * MIB
TRACEBACK = "Traceback (most recent call last)"
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
        self._shim, self._status_pipe = self._started(argv, cwd, env)
        self._status: dict[str, Any] | None = None
        self._reading = threading.Lock()
        self._memory_checked = self.began
        self._family: list[psutil.Process] = []
        first = self._told()
        self._leader: int = first.get("pid", 0)
        if not self._leader:
            self._read_status()
            raise ToolMissing(f"{self.name} could not be started: {first.get('error', 'its supervisor was killed')}")

    def _started(
        self, argv: Sequence[str], cwd: Path, env: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], io.BufferedReader]:
        """The supervisor, with the pipe on which it says how the command ended."""
        read, write = os.pipe()
        shim = [sys.executable, "-I", "-S", supervisor.__file__, str(write), str(self.limits.grace), str(self.limits.output)]
        pipe = os.fdopen(read, "rb")
        try:
            with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
                shim_process = subprocess.Popen(
                    [*shim, "--", *argv],
                    cwd=cwd,
                    env=dict(env),
                    stdin=subprocess.PIPE,
                    stdout=out,
                    stderr=err,
                    pass_fds=(write,),
                    start_new_session=True,
                )
        except (OSError, ValueError) as error:
            pipe.close()
            raise ToolMissing(f"{self.name} could not be started: {error}") from error
        finally:
            os.close(write)
        return shim_process, pipe

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

    @property
    def serving(self) -> bool:
        """Whether the command itself is running, not only what it has left behind and its supervisor is about to end."""
        try:
            return self.alive and psutil.Process(self._leader).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def stop(self) -> None:
        """End the process and its descendants, first politely; returns when all are gone."""
        self._close_control()
        try:
            self._shim.wait(self.limits.grace + STOP_SECONDS)
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

        Raises `ToolTimeout`, `LimitExceeded`, `Cancelled`, and `ToolFailed` when it left processes behind (they are ended).
        """
        while self.alive:
            if cancel.is_set():
                raise Cancelled(f"{self.name} was stopped")
            self.check()
            self._pause()
        return self.exit()

    def exit(self) -> Exit:
        """How the command ended; only after it did."""
        status = self._read_status()
        if status.get("strays"):
            raise ToolFailed(f"{self.name} left {status['strays']} processes running, which were ended")
        if not isinstance(status.get("code"), int):
            raise ToolFailed(f"{self.name} was killed together with its supervisor")
        for output in (self.stdout, self.stderr):
            if output.stat().st_size >= self.limits.output:
                raise LimitExceeded(f"{self.name} wrote more than {self.limits.output // MIB} MiB to {output.name}")
        if status["code"]:
            # A tool that met a full disk ends by itself, often before anybody has looked.
            self._check_disk()
        return Exit(code=status["code"], seconds=time.monotonic() - self.began)

    def _told(self) -> dict[str, Any]:
        """The next thing that the supervisor says; empty when it has ended without a word."""
        line = self._status_pipe.readline()
        told: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {}
        return told

    def _pause(self) -> None:
        """Sleep a little, or until the supervisor says how the command ended."""
        waiting = select.poll()
        waiting.register(self._status_pipe, select.POLLIN)
        waiting.poll(POLL_SECONDS * 1000)

    def _read_status(self) -> dict[str, Any]:
        self._shim.wait()
        with self._reading:
            if self._status is None:
                self._status = self._told()
                self._status_pipe.close()
                self._close_control()
                if not self._status:
                    self._end_orphans()
        return self._status

    def _end_orphans(self) -> None:
        """Kill what a supervisor that was killed itself left behind: the command's group, and whom it was last seen with."""
        if self._leader:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._leader, signal.SIGKILL)
        for process in self._family:
            with contextlib.suppress(psutil.Error):
                process.kill()

    def _close_control(self) -> None:
        """Closing the supervisor's standard input is the order to end everything."""
        if self._shim.stdin and not self._shim.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._shim.stdin.close()

    def _check_memory(self) -> None:
        try:
            self._family = psutil.Process(self._shim.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        resident = 0
        for process in self._family:
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
            raise LimitExceeded(
                f"{self.name} was stopped because the disk is nearly full",
                fix=f"free more than {FREE_DISK_BYTES // MIB} MiB on that disk, or keep runs on another: --runs FOLDER",
            )


def clean_environment(home: Path, extra: Mapping[str, str] | None = None, *, network: bool = False) -> dict[str, str]:
    """The environment that a tool gets: nothing of the caller's but PATH, and proxies and CA bundles if `network`."""
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    path = os.pathsep.join(filter(None, [str(Path(sys.executable).parent), search_path()]))
    environment = {"PATH": path, "HOME": str(home), "TMPDIR": str(temporary), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
    environment |= {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONSAFEPATH": "1", "NO_COLOR": "1"}
    if network:
        environment |= {name: os.environ[name] for name in NETWORK_VARIABLES if name in os.environ}
    return environment | dict(extra or {})


def search_path() -> str:
    """The caller's PATH without what is relative, for a tool may be started in a folder of the scanned repository."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if Path(folder).is_absolute())


def tail(path: Path, lines: int = 6, characters: int = 600) -> str:
    """The last words of a tool, for an error message; of a Python traceback what was raised, and not from where."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 64_000))
        text = file.read().decode("utf-8", "replace")
    kept = [line for line in text.splitlines() if line.strip()]
    last = max((number for number, line in enumerate(kept) if line.startswith(TRACEBACK)), default=-1)
    raised = [line for line in kept[last + 1 :] if last < 0 or not line.startswith(" ")]
    return "\n".join((raised or kept)[-lines:])[-characters:]
