"""Environments of their own for tools that can't live beside this project: other pins, or a licence that forbids importing.

Each is made by uv from a lock file with hashes that its gate ships, below the user's cache folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uv

from sdlc.cache import place
from sdlc.errors import SdlcError, ToolMissing
from sdlc.gate import Tool

MAKE_SECONDS = 900


class EnvironmentFailed(SdlcError):
    """uv could not make an environment."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What to install where."""

    name: str
    """The gate's kind, which is also the word for `sdlc gates --install`."""
    lock: Path
    """Requirements with exact versions and hashes."""
    command: str
    """The program that the gate runs."""
    version: str
    """Of the distribution that brings it, as pinned in the lock file."""
    python: str = f"{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def path(self) -> Path:
        """Where it is, or would be; another lock file or Python gives another place."""
        digest = hashlib.sha256(self.lock.read_bytes() + self.python.encode()).hexdigest()[:12]
        return cache() / f"{self.name}-{self.version}-{digest}"

    @property
    def made(self) -> bool:
        """Whether it is there, whole."""
        return _stamp(self.path).is_file() and self.executable.is_file()

    @property
    def executable(self) -> Path:
        """The program's path."""
        return self.path / "bin" / self.command

    def tool(self) -> Tool:
        """The program, ready to run; raises `ToolMissing` when the environment was not made yet."""
        if not self.made:
            raise ToolMissing(
                f"{self.command} {self.version} runs in an environment of its own, which is not made yet",
                fix=f"run: sdlc gates --install {self.name}",
            )
        return Tool(name=self.command, version=self.version, path=self.executable)

    def make(self) -> Path:
        """Make it unless it is there; raises `EnvironmentFailed` with uv's words."""
        with _locked(self.path):
            if not self.made:
                shutil.rmtree(self.path, ignore_errors=True)
                _uv("venv", "--quiet", "--python", self.python, str(self.path))
                interpreter = str(self.path / "bin" / "python")
                _uv("pip", "sync", "--quiet", "--require-hashes", "--python", interpreter, str(self.lock))
                _stamp(self.path).touch()
        return self.path


def cache() -> Path:
    """The folder for environments, made if needed."""
    return place("environments")


def _stamp(path: Path) -> Path:
    return path / ".sdlc-complete"


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _uv(*arguments: str) -> None:
    """Run uv with the caller's own settings, and none of the folder's that it is started in."""
    command = [uv.find_uv_bin(), "--no-config", *arguments]
    try:
        done = subprocess.run(command, cwd=cache(), capture_output=True, timeout=MAKE_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise EnvironmentFailed(f"uv {arguments[0]} did not end within {MAKE_SECONDS} s") from error
    if done.returncode:
        raise EnvironmentFailed(f"uv {arguments[0]} failed: {done.stderr.decode('utf-8', 'replace').strip()}")
