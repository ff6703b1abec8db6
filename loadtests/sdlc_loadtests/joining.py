"""`sdlc load worker`: joins a load test that another host leads."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Annotated

import typer

from sdlc_loadtests.worker import LOST, STRANGER

PORT = 5557
NO_ANSWER = 3
GRACE_SECONDS = 10.0
POLL_SECONDS = 0.1

load = typer.Typer(help="Load tests that several machines make together.", no_args_is_help=True)


@load.callback()
def several() -> None:
    """Keep `worker` a command of its own, though it is the only one."""


@load.command()
def worker(
    master: Annotated[
        str, typer.Option(metavar="HOST[:PORT]", help=f"Where the load gate waits: its `bind`. The port is {PORT} if left out.")
    ],
    processes: Annotated[int, typer.Option(min=1, help="Workers to start here; a core each is what they can use.")] = 1,
    wait: Annotated[int, typer.Option(min=1, metavar="SECONDS", help="How long to wait for the gate to be there.")] = 300,
    lost_after: Annotated[
        int, typer.Option(min=3, metavar="SECONDS", help="How long without a sign of the gate until it counts as lost.")
    ] = 60,
) -> None:
    """Make load for a gate that runs on another host.

    The gate waits for as many workers as its `remote_workers` says; each process started here is one. Plan and Locust
    files come from there, records go back, and this command ends with the test. It needs the same versions of sdlc-gates,
    Locust and Python as the gate, and a clock that agrees with its clock.

    Locust asks nobody who they are: use a private network only.

    Exits 0 when the test is over, 3 when no gate was there in time, when it was lost, or on Ctrl-C.

    Examples:
        sdlc load worker --master 10.0.0.5

        sdlc load worker --master load-gate:5557 --processes 4 --wait 600
    """
    try:
        host, port = address(master)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--master") from error
    argv = [sys.executable, "-m", "sdlc_loadtests.worker", host, str(port), str(wait), str(lost_after)]
    with Family([argv] * processes) as family:
        complaints = [complaint(code, f"{host}:{port}", wait) for code in family.wait()]
    for told in ["stopped"] if family.stopped else sorted(set(filter(None, complaints))):
        typer.echo(f"error: {told}", err=True)
    raise typer.Exit(NO_ANSWER if family.stopped or any(complaints) else 0)


def address(master: str) -> tuple[str, int]:
    """Host and port of `HOST[:PORT]`; raises `ValueError` when that is no address."""
    host, colon, port = master.partition(":")
    if not host or (colon and not (port.isdigit() and 0 < int(port) < 1 << 16)):
        raise ValueError(f"{master!r} is not HOST or HOST:PORT")
    return host, int(port) if colon else PORT


def complaint(code: int, place: str, wait: float) -> str:
    """Why a worker that ended with `code` was not there until the end of the test; empty when it was."""
    if code < 0:
        return f"a worker was ended by signal {-code}"
    known = {
        0: "",
        STRANGER: f"no load gate was at {place} within {wait} s",
        LOST: f"the load gate at {place} was lost, or ended the test before it was over",
    }
    return known.get(code, f"a worker ended with exit code {code}")


@dataclass
class Family:
    """Worker processes, which end with the `with` block, and with this process even if that is killed."""

    commands: Sequence[Sequence[str]]
    stopped: bool = False
    """Whether Ctrl-C or SIGTERM asked them to end."""
    _children: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _kill_at: float = float("inf")

    def __enter__(self) -> Family:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        # Of their own session, so that Ctrl-C reaches each of them once.
        self._children += [subprocess.Popen(argv, start_new_session=True) for argv in self.commands]
        return self

    def __exit__(self, *_: object) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()

    def wait(self) -> list[int]:
        """How each ended; negative: by that signal."""
        while any(child.poll() is None for child in self._children) and time.monotonic() < self._kill_at:
            time.sleep(POLL_SECONDS)
        self.__exit__()
        return [child.returncode for child in self._children]

    def _stop(self, number: int, frame: FrameType | None) -> None:
        again, self.stopped = self.stopped, True
        self._kill_at = time.monotonic() + (0 if again else GRACE_SECONDS)
        for child in self._children:
            child.send_signal(signal.SIGTERM)
