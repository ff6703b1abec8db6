"""Workers that join from elsewhere, with `sdlc load worker`: whatever happens to them, no lost measurement passes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from sdlc_gates.locust import Locust

from sdlc.errors import ToolFailed
from sdlc.gate import Gate
from sdlc.target import free_port
from tests.tools.load_support import (
    SDLC,
    SHORT,
    MakeGate,
    MakeWorkspace,
    blocked,
    children,
    faults,
    joined,
    kill,
    locustfile,
    measured,
    remote_worker,
    serving,
    when_steady,
)

pytestmark = pytest.mark.tool
SECONDS = 30
OTHER_VERSION = """
import importlib.metadata, sys
real = importlib.metadata.version
importlib.metadata.version = lambda name: "0.0.1" if name == "sdlc-gates" else real(name)
from sdlc_loadtests import worker
worker.main()
"""


def led(make_gate: MakeGate, port: int, workers: int = 1, **options: object) -> Gate:
    given = SHORT | {"remote_workers": workers, "bind": f"127.0.0.1:{port}", "paths": ["/a"]} | options
    return make_gate(Locust, **given)


def said(folder: Path) -> str:
    return (folder / "said").read_text()


def test_workers_send_their_records_and_end_with_the_test(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "shared").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "shared"))
    port = free_port()
    with serving() as (target, _), remote_worker(tmp_path / "1", port, "--processes", "2") as worker:
        answer = led(make_gate, port, workers=2).check(workspace(tmp_path / "p", target=target, seconds=900))
        assert worker.wait(SECONDS) == 0, said(tmp_path / "1")
    # Another worker's Locust files may lie in the same place, and nothing of this one's may.
    assert not list((tmp_path / "shared").iterdir())
    assert not faults(answer)
    assert not blocked(answer)
    assert measured(answer, "requests").value > 0


def test_a_worker_that_is_killed_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    port = free_port()
    with serving() as (target, _), remote_worker(tmp_path / "1", port, "--processes", "2") as worker:
        work = workspace(tmp_path / "p", target=target, seconds=900)
        killer = when_steady(work, lambda records: kill(children(worker)[:1]))
        answer = led(make_gate, port, workers=2).check(work)
        killer.join()
        assert worker.wait(SECONDS) == 3
    assert "a worker was ended by signal 9" in said(tmp_path / "1")
    assert "worker-lost" in faults(answer)
    assert measured(answer, "requests").value > 0


def test_a_killed_master_is_no_answer_and_ends_its_workers(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "p").mkdir()
    port = free_port()
    with serving() as (target, _), remote_worker(tmp_path / "1", port, "--lost-after", "3") as worker:
        work = workspace(tmp_path / "p", target=target, seconds=900)
        killer = when_steady(work, lambda records: kill([master(records)]))
        with pytest.raises(ToolFailed, match="signal 9") as failure:
            led(make_gate, port, duration="20 s").check(work)
        killer.join()
        assert worker.wait(SECONDS) == 3
    assert f"the load gate at 127.0.0.1:{port} was lost" in said(tmp_path / "1")
    assert {"records-incomplete", "worker-lost"} <= faults(failure.value.answer)


def master(records: Path) -> int:
    """The process that leads."""
    for process in psutil.process_iter(["cmdline"]):
        argv = process.info["cmdline"] or []
        if "--master" in argv and any(str(records.parent) in word for word in argv) and "--" not in argv:
            return process.pid
    raise AssertionError("nobody leads")


def test_workers_that_never_join_are_named(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    port = free_port()
    with serving() as (target, _), pytest.raises(ToolFailed, match="waiting for workers"):
        led(make_gate, port, workers=2, workers_within="3 s").check(workspace(tmp_path / "p", target=target, seconds=900))


def test_a_worker_of_another_version_is_named(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    port = free_port()
    argv = [sys.executable, "-c", OTHER_VERSION, "127.0.0.1", str(port), "60", "60"]
    with serving() as (target, _), joined(tmp_path / "1", argv):
        answer = led(make_gate, port).check(workspace(tmp_path / "p", target=target, seconds=900))
    (reason,) = (missing.reason for missing in answer.coverage[0].missing if missing.item == "worker-differs")
    assert "sdlc-gates 0.0.1 instead of" in reason
    assert blocked(answer)


def test_a_worker_with_a_locust_file_of_its_own_is_named(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p").mkdir()
    locustfile(tmp_path, "pass")
    port = free_port()
    argv = [sys.executable, "-m", "locust", "-f", str(tmp_path / "users.py"), "--worker"]
    with serving() as (target, _), joined(tmp_path / "1", [*argv, "--master-host", "127.0.0.1", "--master-port", str(port)]):
        answer = led(make_gate, port).check(workspace(tmp_path / "p", target=target, seconds=900))
    assert "worker-differs" in faults(answer)
    assert blocked(answer)


def test_a_worker_waits_for_no_gate_for_ever(tmp_path: Path) -> None:
    argv = [str(SDLC), "load", "worker", "--master", f"127.0.0.1:{free_port()}", "--wait", "1"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert "no load gate was at 127.0.0.1:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_a_worker_with_3(number: signal.Signals, tmp_path: Path) -> None:
    with remote_worker(tmp_path / "1", free_port(), "--processes", "2") as worker:
        deadline = time.monotonic() + SECONDS
        while len(children(worker)) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        workers = children(worker)
        os.kill(worker.pid, number)
        assert worker.wait(SECONDS) == 3
    assert "error: stopped" in said(tmp_path / "1")
    assert len(workers) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
