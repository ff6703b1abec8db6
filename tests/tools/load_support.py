"""What the tests of the load gate share: a server, Locust files, and ways to break a test that runs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil
from sdlc_gates.load.records import WorkerHello
from sdlc_gates.load.watch import last_phase

from sdlc.gate import Gate, Workspace
from sdlc.model import Answer, Measurement
from sdlc.target import Target, free_port

MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
SHORT = {"users": 4, "spawn_rate": 20.0, "warm_up": "0 s", "duration": "3 s", "wait": "50 ms", "request_timeout": "2 s"}
# This machine is shared: how late the generator is, is judged in the one test that is about it.
SHORT |= {"max_loop_lag": "10 s"}
OPEN = SHORT | {"model": "open", "rate": 30.0, "users": 40}
SDLC = Path(sys.executable).with_name("sdlc")
SERVER = Path(__file__).parent / "load_target.py"
ASK = """
from locust import FastHttpUser, HttpUser, constant, task
class Visitor({kind}):
    wait_time = constant(0.05)
    @task
    def visit(self):
        {body}
"""


@contextlib.contextmanager
def serving(delay: float = 0.01, *stall: float) -> Iterator[tuple[Target, subprocess.Popen[bytes]]]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(SERVER), str(port), str(delay), *map(str, stall)])
    target = Target(url=f"http://127.0.0.1:{port}", ready="/ready")
    try:
        deadline = time.monotonic() + 20
        while target.answers():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield target, process
    finally:
        process.kill()
        process.wait()


def locustfile(root: Path, body: str, kind: str = "FastHttpUser") -> str:
    (root / "users.py").write_text(ASK.format(body=body, kind=kind))
    return "users.py"


def faults(answer: Answer) -> set[str]:
    return {missing.item for coverage in answer.coverage for missing in coverage.missing if coverage.what == "validity checks"}


def blocked(answer: Answer) -> list[str]:
    """What stands in the way; empty when nothing does."""
    return [
        f"{coverage.measured} of {coverage.expected} {coverage.what} {[missing.reason for missing in coverage.missing]}"
        for coverage in answer.coverage
        if coverage.measured < coverage.expected or coverage.expected <= 0
    ]


def measured(answer: Answer, name: str, subject: str = "") -> Measurement:
    (found,) = (m for m in answer.measurements if m.name == name and m.subject == subject)
    return found


def when_steady(work: Workspace, act: Callable[[Path], object]) -> threading.Thread:
    """Do something to the test's processes half a second into its steady phase."""

    def wait() -> None:
        records = work.scratch / "records"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            phase = last_phase(records / "events.ndjson.part")
            if phase and phase.name == "steady":
                time.sleep(0.5)
                act(records)
                return
            time.sleep(0.05)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def workers(records: Path) -> list[int]:
    journals = sorted(records.glob("worker-*.ndjson.part"))
    return [msgspec.json.decode(journal.read_bytes().splitlines()[0], type=WorkerHello).pid for journal in journals]


def kill(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def remote_worker(folder: Path, port: int, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as it would run on another host: it knows the master's address, and nothing else."""
    with joined(folder, [str(SDLC), "load", "worker", "--master", f"127.0.0.1:{port}", *options]) as process:
        yield process


@contextlib.contextmanager
def joined(folder: Path, argv: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process in a folder of its own, in which the file `said` has its words; it and its children are ended at last."""
    folder.mkdir()
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(argv, cwd=folder, stdout=said, stderr=said)
    family = [psutil.Process(process.pid)]
    try:
        yield process
    finally:
        with contextlib.suppress(psutil.NoSuchProcess):
            family += family[0].children(recursive=True)
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        process.wait()


def children(process: subprocess.Popen[bytes]) -> list[int]:
    return [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
