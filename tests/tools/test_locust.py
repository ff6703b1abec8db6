"""The real Locust, on a real server, with everything that can break really broken."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from sdlc_gates.load.faults import LoadRefused
from sdlc_gates.load.records import WorkerHello
from sdlc_gates.load.watch import last_phase
from sdlc_gates.locust import Locust

from sdlc.errors import ConfigError, NothingToScan, ToolFailed
from sdlc.gate import Gate, Workspace
from sdlc.model import Answer, Measurement, Verdict
from sdlc.target import Target, free_port
from sdlc.threshold import MeasurementLimit

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
SHORT = {"users": 4, "spawn_rate": 20.0, "warm_up": "0 s", "duration": "3 s", "wait": "50 ms", "request_timeout": "2 s"}
# This machine is shared: how late the generator is, is judged in the one test that is about it.
SHORT |= {"max_loop_lag": "10 s"}
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


def blocked(answer: Answer) -> bool:
    return any(coverage.measured < coverage.expected or coverage.expected <= 0 for coverage in answer.coverage)


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


def test_paths_are_measured_one_by_one_and_together(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving(0.02) as (target, _):
        gate = make_gate(Locust, **SHORT, paths=["/a", "/b"])
        answer = gate.check(workspace(tmp_path / "p", target=target))
    assert not faults(answer)
    assert not blocked(answer)
    both, one = measured(answer, "p50"), measured(answer, "p50", "GET /a")
    assert both.value >= 20
    assert one.low is not None
    assert one.high is not None
    assert one.low <= one.value <= one.high
    assert both.n == measured(answer, "requests").value == one.n + measured(answer, "p50", "GET /b").n
    assert measured(answer, "error_rate").value == 0


def test_several_workers_are_added_up(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving() as (target, _):
        gate = make_gate(Locust, **SHORT, workers=2, paths=["/a"])
        work = workspace(tmp_path / "p", target=target)
        answer = gate.check(work)
    assert not blocked(answer)
    (evidence,) = work.evidence
    kept = {Path(file.path).name.split("-")[0] for file in evidence.files}
    assert {"plan.json", "probes.ndjson", "events.ndjson", "worker"} <= kept
    assert len([file for file in evidence.files if "worker-" in file.path]) == 2


@pytest.mark.parametrize("kind", ["HttpUser", "FastHttpUser"])
def test_a_locust_file_runs_as_it_is(kind: str, tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "data.txt").write_text("/item/7")
    body = 'self.client.get(open("data.txt").read(), name="item"); self.client.get("/bad")'
    with serving() as (target, _):
        gate = make_gate(Locust, **SHORT, locustfile=locustfile(root, body, kind))
        answer = gate.check(workspace(root, target=target))
    assert not blocked(answer)
    assert measured(answer, "error_rate", "GET item").value == 0
    assert measured(answer, "error_rate", "GET /bad").value == 1
    assert measured(answer, "p50", "GET /bad").value == float("inf")
    assert any("went wrong" in note for note in answer.notes)


def test_a_configuration_file_of_the_project_is_not_obeyed(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    root = tmp_path / "p"
    root.mkdir()
    (root / "locust.conf").write_text("exclude-tags = all\nreset-stats = true\nstop-timeout = 99\n")
    body = 'print("stop-timeout:", self.environment.parsed_options.stop_timeout); self.client.get("/")'
    with serving() as (target, _):
        work = workspace(root, target=target)
        make_gate(Locust, **SHORT, locustfile=locustfile(root, body)).check(work)
    printed = (work.directory.path / "evidence" / "gate" / "scan.stdout").read_text()
    assert "stop-timeout: 0" in printed
    assert "stop-timeout: 99" not in printed


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


def test_a_short_test_says_how_much_longer_it_must_be(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    limit = MeasurementLimit(gate="gate", metric="p95", operator="<=", bound=1000, unit="ms", origin="test")
    # Fast enough by its plan, and too slow in the event.
    with serving(0.4) as (target, _):
        gate = make_gate(Locust, **SHORT, paths=["/a"])
        work = workspace(tmp_path / "p", target=target)
        answer = gate.check(replace(work, thresholds=(limit,)))
    assert limit.judge(measured(answer, "p95")) is Verdict.INCONCLUSIVE
    assert "more requests would tell" in measured(answer, "p95").hint


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


def test_a_locust_file_of_plain_test_functions_runs(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "test_users.py").write_text("def test_a(session):\n    session.get('/a')\n")
    with serving() as (target, _):
        answer = make_gate(Locust, **SHORT, locustfile="test_users.py").check(workspace(tmp_path, target=target))
    assert measured(answer, "requests", "GET /a").value > 0


def test_a_test_longer_than_the_deadline_is_refused_at_once(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    work = workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"), seconds=60)
    with pytest.raises(LoadRefused, match="deadline"):
        make_gate(Locust, paths=["/"], duration="1 h").check(work)


def test_without_anything_to_ask_for_there_is_nothing_to_scan(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    work = workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"), seconds=600)
    with pytest.raises(NothingToScan, match="no locustfile, no paths, no OpenAPI"):
        make_gate(Locust).check(work)
    with pytest.raises(ConfigError, match="no file"):
        make_gate(Locust, locustfile="../../etc/passwd").check(work)


def test_it_catches_its_canary(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    gate = make_gate(Locust, **SHORT, workers=2)
    with gate.plant(workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"))) as (planted_gate, planted):
        assert planted_gate.caught(planted_gate.check(planted))


OPEN = SHORT | {"model": "open", "rate": 30.0, "users": 40}


def test_the_open_model_begins_tasks_at_its_rate(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving(0.1) as (target, _):
        gate = make_gate(Locust, **OPEN | {"workers": 2}, paths=["/a"])
        answer = gate.check(workspace(tmp_path / "p", target=target))
    assert not faults(answer)
    assert not blocked(answer)
    # Four standard deviations of a Poisson process; the closed model would reach 40 users / 0.15 s.
    assert abs(measured(answer, "requests").value - 90) < 4 * 90**0.5


def test_the_open_model_does_not_let_a_target_hide_its_stall(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    root = tmp_path / "p"
    root.mkdir()
    # Users with pauses of their own, which the open model doesn't make.
    name = locustfile(root, 'self.client.get("/a")')
    with serving(0.01, 1.5, 3.0) as (target, _):
        gate = make_gate(Locust, **OPEN | {"duration": "6 s", "users": 200, "request_timeout": "10 s"}, locustfile=name)
        answer = gate.check(workspace(root, target=target))
    assert measured(answer, "error_rate").value == 0
    # About 3 of 6 s worth of requests waited for up to 3 s.
    assert measured(answer, "p90").value > 1500
    assert measured(answer, "p50").value < 1500


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


def test_phases_tell_what_they_are_for(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    phases: list[dict[str, object]] = [
        {"kind": "step", "duration": "2 s", "steps": [2, 4, 8]},
        {"kind": "steady", "duration": "3 s"},
        {"kind": "spike", "users": 12, "duration": "2 s", "recover_within": "2 s"},
        {"kind": "soak", "duration": "5 s"},
    ]
    with serving(0.02) as (target, _):
        gate = make_gate(Locust, **SHORT, paths=["/a"], workers=2, phases=phases)
        answer = gate.check(workspace(tmp_path / "p", target=target, seconds=900))
    assert not faults(answer)
    assert not blocked(answer)
    (coverage,) = (coverage for coverage in answer.coverage if coverage.what == "phases")
    assert (coverage.measured, coverage.expected) == (7, 7)
    assert measured(answer, "capacity").value > measured(answer, "requests_per_second").value * 1.2
    assert measured(answer, "recovery").n == 2
    assert measured(answer, "drift").n == 5


def test_the_open_model_changes_its_rate(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    phases = [{"kind": "step", "duration": "3 s", "steps": [10, 80]}, {"kind": "steady", "duration": "3 s"}]
    with serving() as (target, _):
        gate = make_gate(Locust, **OPEN | {"workers": 2}, paths=["/a"], phases=phases)
        answer = gate.check(workspace(tmp_path / "p", target=target, seconds=900))
    assert not faults(answer)
    assert abs(measured(answer, "requests").value - 90) < 4 * 90**0.5
    assert measured(answer, "capacity").value == pytest.approx(80, rel=0.35)
