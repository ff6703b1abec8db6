"""The real Locust, with everything that can break really broken: none of it may pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sdlc_gates.load.faults import LoadRefused
from sdlc_gates.locust import Locust

from sdlc.errors import ConfigError, NothingToScan, ToolFailed
from sdlc.model import Verdict
from sdlc.target import Target
from sdlc.threshold import MeasurementLimit
from tests.tools.load_support import (
    OPEN,
    SHORT,
    MakeGate,
    MakeWorkspace,
    blocked,
    faults,
    kill,
    locustfile,
    measured,
    serving,
    when_steady,
    workers,
)

pytestmark = pytest.mark.tool


def test_zero_requests_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    with serving() as (target, _):
        gate = make_gate(Locust, **SHORT, locustfile=locustfile(tmp_path, "pass"))
        answer = gate.check(workspace(tmp_path, target=target))
    assert "zero-requests" in faults(answer)
    assert blocked(answer)


@pytest.mark.parametrize("victims", [1, 2])
def test_a_killed_worker_is_no_answer(victims: int, tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving() as (target, _):
        work = workspace(tmp_path / "p", target=target)
        killer = when_steady(work, lambda records: kill(workers(records)[:victims]))
        answer = make_gate(Locust, **SHORT, workers=2, paths=["/a"]).check(work)
        killer.join()
    assert "worker-lost" in faults(answer)
    assert blocked(answer)


def test_a_killed_locust_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving() as (target, _):
        work = workspace(tmp_path / "p", target=target)
        killer = when_steady(work, lambda records: kill(workers(records)))
        with pytest.raises(ToolFailed, match="signal 9") as failure:
            make_gate(Locust, **SHORT, paths=["/a"]).check(work)
        killer.join()
    assert {"records-incomplete", "worker-lost"} <= faults(failure.value.answer)


def test_a_target_that_hangs_midway_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving(0.01, 2.0, 60.0) as (target, _):
        gate = make_gate(Locust, **SHORT | {"duration": "5 s"}, paths=["/a"])
        answer = gate.check(workspace(tmp_path / "p", target=target))
    assert {"target-stalled", "target-down"} <= faults(answer)
    assert blocked(answer)
    assert measured(answer, "error_rate").value > 0
    assert measured(answer, "p99.9").value == float("inf")


def test_a_target_that_is_killed_midway_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving() as (target, process):
        work = workspace(tmp_path / "p", target=target)
        killer = when_steady(work, lambda records: process.kill())
        answer = make_gate(Locust, **SHORT, paths=["/a"]).check(work)
        killer.join()
    assert "target-down" in faults(answer)
    assert blocked(answer)
    limit = MeasurementLimit(gate="gate", metric="error_rate", operator="<=", bound=0.01, unit="ratio", origin="test")
    assert limit.judge(measured(answer, "error_rate")) is Verdict.FAIL


def test_a_stall_that_the_closed_model_hides_is_no_answer(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "p").mkdir()
    with serving(0.01, 1.5, 4.0) as (target, _):
        gate = make_gate(Locust, **SHORT | {"duration": "7 s", "request_timeout": "10 s"}, paths=["/a"])
        answer = gate.check(workspace(tmp_path / "p", target=target))
    assert measured(answer, "error_rate").value == 0
    assert "target-stalled" in faults(answer)
    assert blocked(answer)


@pytest.mark.parametrize("workers", [1, 2])
def test_users_whose_code_raises_are_no_answer(
    workers: int, tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    with serving() as (target, _):
        body = 'self.client.get("/a"); raise KeyError("token")'
        gate = make_gate(Locust, **SHORT, workers=workers, locustfile=locustfile(tmp_path, body))
        answer = gate.check(workspace(tmp_path, target=target))
    assert faults(answer) == {"user-code-raised"}
    assert blocked(answer)


def test_users_that_die_are_missing(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    body = 'self.client.get("/a"); self.stop(force=True)'
    with serving() as (target, _):
        answer = make_gate(Locust, **SHORT, locustfile=locustfile(tmp_path, body)).check(workspace(tmp_path, target=target))
    assert "users-missing" in faults(answer)
    assert blocked(answer)


def test_a_starved_generator_is_no_answer_and_breaks_no_latency_limit(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    busy = 'self.client.get("/a"); import time; end = time.process_time() + 0.15\n        while time.process_time() < end: pass'
    with serving() as (target, _):
        gate = make_gate(Locust, **SHORT | {"max_loop_lag": "100 ms"}, locustfile=locustfile(tmp_path, busy))
        answer = gate.check(workspace(tmp_path, target=target))
    assert "generator-saturated" in faults(answer)
    assert blocked(answer)
    limit = MeasurementLimit(gate="gate", metric="p50", operator="<=", bound=0.001, unit="ms", origin="test")
    assert limit.judge(measured(answer, "p50")) is Verdict.INCONCLUSIVE


def test_a_test_that_stops_itself_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    body = 'self.client.get("/a"); self.environment.runner.quit()'
    with serving() as (target, _):
        answer = make_gate(Locust, **SHORT, locustfile=locustfile(tmp_path, body)).check(workspace(tmp_path, target=target))
    assert blocked(answer)


def test_a_locust_file_that_fails_by_its_own_rules_is_heard(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    name = locustfile(tmp_path, 'self.client.get("/a")')
    own = """
from locust import events
@events.quitting.add_listener
def judge(environment, **_):
    environment.process_exit_code = 1
"""
    (tmp_path / name).write_text((tmp_path / name).read_text() + own)
    with serving() as (target, _), pytest.raises(ToolFailed, match="exit code 1"):
        make_gate(Locust, **SHORT, locustfile=name).check(workspace(tmp_path, target=target))


def test_a_locust_file_that_cannot_be_loaded_is_no_answer(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "users.py").write_text("import nothing_of_that_name\n")
    with serving() as (target, _), pytest.raises(ToolFailed, match="nothing_of_that_name"):
        make_gate(Locust, **SHORT, locustfile="users.py").check(workspace(tmp_path, target=target))


def test_a_test_too_short_for_its_thresholds_is_refused_at_once(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    limit = MeasurementLimit(gate="gate", metric="p99.9", operator="<=", bound=1000, unit="ms", origin="sdlc.toml:7")
    work = workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"))
    with pytest.raises(LoadRefused, match="at least 2995 requests"):
        make_gate(Locust, **SHORT, paths=["/"]).check(replace(work, thresholds=(limit,)))
    assert work.evidence == []


def test_a_strangers_server_is_not_put_under_load(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    work = workspace(tmp_path, target=Target(url="http://192.0.2.1", ready="/"))
    with pytest.raises(LoadRefused, match="not on this machine"):
        make_gate(Locust, paths=["/"]).check(work)


def test_a_locust_file_asks_no_stranger(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    body = 'self.client.get("/a"); self.client.get("http://192.0.2.1/")'
    with serving() as (target, _):
        answer = make_gate(Locust, **SHORT, locustfile=locustfile(tmp_path, body)).check(workspace(tmp_path, target=target))
    (raised,) = (item for item in answer.coverage[0].missing if item.item == "user-code-raised")
    assert "192.0.2.1 is not the target" in raised.reason
    assert {m.subject for m in answer.measurements} == {"", "GET /a"}


def test_a_test_longer_than_the_deadline_is_refused_at_once(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    work = workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"), seconds=60)
    with pytest.raises(LoadRefused, match="deadline"):
        make_gate(Locust, paths=["/"], duration="1 h").check(work)
    with pytest.raises(LoadRefused, match="the test may take 6"):
        make_gate(Locust, **SHORT, paths=["/"], remote_workers=2, workers_within="10 min").check(work)


def test_without_anything_to_ask_for_there_is_nothing_to_scan(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    work = workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"), seconds=600)
    with pytest.raises(NothingToScan, match="no locustfile, no paths, no OpenAPI"):
        make_gate(Locust).check(work)
    with pytest.raises(ConfigError, match="no file"):
        make_gate(Locust, locustfile="../../etc/passwd").check(work)


def test_tasks_that_no_user_is_free_for_are_counted_as_bad(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "p").mkdir()
    with serving(1.0) as (target, _):
        gate = make_gate(Locust, **OPEN | {"users": 5, "duration": "4 s", "request_timeout": "1500 ms"}, paths=["/a"])
        answer = gate.check(workspace(tmp_path / "p", target=target))
    assert "arrivals-dropped" in faults(answer)
    assert measured(answer, "error_rate").value > 0.5
    assert measured(answer, "p95").value == float("inf")
