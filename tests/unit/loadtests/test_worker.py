"""Joining a load test from another host."""

from __future__ import annotations

import signal
import sys
import time

import pytest
from sdlc_loadtests.joining import Family, address, complaint
from sdlc_loadtests.worker import LOST, STRANGER, arguments

PATIENT = [sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(60)"]


def test_a_worker_takes_its_files_from_the_master() -> None:
    wanted = "locust -f - --worker --master-host 10.0.0.5 --master-port 5557 --exit-code-on-error 0"
    assert arguments("10.0.0.5", 5557) == wanted.split()


def test_the_port_may_be_left_out() -> None:
    assert address("load-gate") == ("load-gate", 5557)
    assert address("10.0.0.5:80") == ("10.0.0.5", 80)


@pytest.mark.parametrize("master", ["", ":1", "host:", "host:x", "host:0", "host:65536", "host:-1", "::1"])
def test_what_is_no_address_is_refused(master: str) -> None:
    with pytest.raises(ValueError, match="is not HOST or HOST:PORT"):
        address(master)


def test_every_end_but_the_planned_one_has_a_reason() -> None:
    assert not complaint(0, "a:1", 9)
    assert complaint(STRANGER, "a:1", 9) == "no load gate was at a:1 within 9 s"
    assert "a:1 was lost" in complaint(LOST, "a:1", 9)
    assert complaint(-9, "a:1", 9) == "a worker was ended by signal 9"
    assert complaint(1, "a:1", 9) == "a worker ended with exit code 1"


def test_all_workers_end_when_one_is_asked_to_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    with Family([PATIENT, PATIENT]) as family:
        time.sleep(0.3)
        family._stop(signal.SIGINT, None)
        family._stop(signal.SIGINT, None)
        assert all(code < 0 for code in family.wait())
    assert family.stopped
