"""The real Locust, on a real server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sdlc_gates.locust import Locust

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
    locustfile,
    measured,
    serving,
)

pytestmark = pytest.mark.tool


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


def test_a_locust_file_of_plain_test_functions_runs(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "test_users.py").write_text("def test_a(session):\n    session.get('/a')\n")
    with serving() as (target, _):
        answer = make_gate(Locust, **SHORT, locustfile="test_users.py").check(workspace(tmp_path, target=target))
    assert measured(answer, "requests", "GET /a").value > 0


def test_it_catches_its_canary(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    gate = make_gate(Locust, **SHORT, workers=2)
    with gate.plant(workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"))) as (planted_gate, planted):
        assert planted_gate.caught(planted_gate.check(planted))


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


def test_a_smoke_phase_is_judged(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    phases = [{"kind": "smoke", "duration": "2 s", "users": 2}, {"kind": "steady", "duration": "2 s"}]
    with serving() as (target, _):
        gate = make_gate(Locust, **SHORT, paths=["/a", "/bad"], phases=phases)
        answer = gate.check(workspace(tmp_path / "p", target=target, seconds=900))
    assert {"smoke-failed", "all-failed"} <= faults(answer)
    (failed,) = (item for item in answer.coverage[0].missing if item.item == "smoke-failed")
    assert failed.reason.endswith("GET /bad")
