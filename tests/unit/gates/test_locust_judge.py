"""Judging what load tests leave: a recorded run of two workers, and what becomes of it when parts are missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sdlc.errors import OutputInvalid
from sdlc.threshold import MeasurementLimit
from tests.unit.gates.load_journals import answer, copied, faults, many, measured, rewrite, ticks


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_a_whole_record_is_covered_and_adds_up(recorded: Path) -> None:
    whole = answer(recorded)
    assert faults(recorded) == set()
    assert all(coverage.measured == coverage.expected > 0 for coverage in whole.coverage)
    assert [coverage.what for coverage in whole.coverage] == [
        *("validity checks", "seconds of steady load", "workers", "users", "phases", "requests", "routes")
    ]
    names = {m.subject for m in whole.measurements}
    assert names == {"", "GET /a", "GET /b"}
    total = measured(whole, "requests").value
    assert total == measured(whole, "requests", "GET /a").value + measured(whole, "requests", "GET /b").value
    assert measured(whole, "requests_per_second").value == total / 5
    assert measured(whole, "p50").value >= 20


def test_judging_again_gives_the_same_answer(recorded: Path) -> None:
    assert answer(recorded) == answer(recorded)


def test_two_workers_that_recorded_the_same_requests_as_one_give_the_same_measurements(recorded: Path) -> None:
    apart = answer(recorded)
    first, second = (recorded / f"worker-{number}.ndjson" for number in (0, 1))
    one = [json.loads(line) for line in first.read_text().splitlines()]
    other = [json.loads(line) for line in second.read_text().splitlines()]
    last = one.pop()
    merged = sorted([*one, *(line for line in other if line["kind"] == "tick")], key=lambda line: float(line["at"]))
    last |= {key: last[key] + other[-1][key] for key in ("started", "ok", "failed", "censored", "dropped")}
    merged.append(last | {"lines": len(merged) + 1})
    first.write_text("".join(json.dumps(line | {"seq": number}) + "\n" for number, line in enumerate(merged)))
    second.unlink()
    assert answer(recorded).measurements == apart.measurements


def test_a_missing_worker_is_seen(recorded: Path) -> None:
    (recorded / "worker-1.ndjson").unlink()
    assert "worker-lost" in faults(recorded)


def test_a_record_that_breaks_off_is_seen(recorded: Path) -> None:
    journal = recorded / "worker-0.ndjson"
    journal.write_bytes(journal.read_bytes()[:-10])
    assert faults(recorded) >= {"worker-lost"}
    journal.write_bytes(b"")
    assert faults(recorded) >= {"worker-lost"}


def test_seconds_after_a_record_broke_off_are_not_covered(recorded: Path) -> None:
    journal = recorded / "worker-0.ndjson"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-3]))
    (seconds,) = (coverage for coverage in answer(recorded).coverage if coverage.what == "seconds of steady load")
    assert 0 < seconds.measured < seconds.expected == 5


def test_an_unfinished_name_is_seen(recorded: Path) -> None:
    (recorded / "worker-0.ndjson").rename(recorded / "worker-0.ndjson.part")
    assert "worker-lost" in faults(recorded)
    (recorded / "events.ndjson").rename(recorded / "events.ndjson.part")
    assert "records-incomplete" in faults(recorded)


def test_a_line_that_is_gone_is_seen(recorded: Path) -> None:
    rewrite(recorded / "worker-0.ndjson", lambda lines: [*lines[:3], *lines[4:]])
    assert "worker-lost" in faults(recorded)


def test_a_request_that_is_gone_is_seen(recorded: Path) -> None:
    def lose(lines: list[dict[str, object]]) -> list[dict[str, object]]:
        cells = lines[3]["cells"]
        assert isinstance(cells, list)
        cells.pop()
        return lines

    rewrite(recorded / "worker-0.ndjson", lose)
    assert faults(recorded) == {"accounting-off"}


def test_a_route_that_was_never_asked_for_is_seen(recorded: Path) -> None:
    plan = json.loads((recorded / "plan.json").read_text())
    plan["requests"].append(plan["requests"][0] | {"name": "/never"})
    (recorded / "plan.json").write_text(json.dumps(plan))
    assert faults(recorded) == {"zero-requests"}
    (routes,) = (coverage for coverage in answer(recorded).coverage if coverage.what == "routes")
    assert [missing.item for missing in routes.missing] == ["GET /never"]


def test_a_target_that_was_not_looked_at_from_outside_is_seen(recorded: Path) -> None:
    (recorded / "probes.ndjson").write_text("")
    assert faults(recorded) == {"target-down"}


def test_a_test_that_never_became_steady_measures_nothing(recorded: Path) -> None:
    rewrite(recorded / "events.ndjson", lambda lines: [line for line in lines if line.get("name") != "steady"])
    nothing = answer(recorded)
    assert nothing.measurements == ()
    assert any(coverage.measured < coverage.expected for coverage in nothing.coverage)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format":2}', "\xff"])
def test_a_plan_that_is_none_is_invalid(recorded: Path, content: str) -> None:
    (recorded / "plan.json").write_text(content, encoding="latin-1")
    with pytest.raises(OutputInvalid):
        answer(recorded)


def test_a_line_of_another_kind_is_invalid(recorded: Path) -> None:
    rewrite(recorded / "worker-0.ndjson", lambda lines: [lines[0] | {"kind": "surprise"}, *lines[1:]])
    with pytest.raises(OutputInvalid):
        answer(recorded)


def test_an_undecided_threshold_says_what_it_needs(recorded: Path) -> None:
    close = MeasurementLimit(gate="g", metric="p99", operator="<=", bound=500, unit="ms", origin="test", subject="GET /a")
    hint = measured(answer(recorded, close), "p99", "GET /a").hint
    assert "more requests would tell" in hint
    assert measured(answer(recorded, close), "p99").hint == ""


def test_a_phase_that_was_not_steady_is_seen(recorded: Path) -> None:
    many(recorded, lambda second: 1.0)
    assert "non-stationary" not in faults(recorded)
    many(recorded, lambda second: 1.0 if second < 4 else 2.0)
    assert "non-stationary" in faults(recorded)


def test_requests_that_nobody_saw_under_way_are_seen(recorded: Path) -> None:
    many(recorded, lambda second: 1.0)
    assert "littles-law" in faults(recorded)
    ticks(recorded, lambda tick: tick.update(busy=float(str(tick["busy"])) * 20))
    assert "littles-law" not in faults(recorded)


def test_pictures_show_what_was_measured(recorded: Path) -> None:
    limit = MeasurementLimit(gate="g", metric="p95", operator="<=", bound=500, unit="ms", origin="test", subject="GET /a")
    over_time, whole, one = answer(recorded, limit).pictures
    assert [band.name for band in over_time.bands] == ["warm-up", "steady"]
    assert {curve.name for curve in over_time.curves} == {*("p50 of GET /a", "p95 of GET /a", "p50 of GET /b", "p95 of GET /b")}
    assert whole.levels == ()
    assert [level.value for level in one.levels] == [500, measured(answer(recorded), "p95", "GET /a").value]
    shares = [share for _, share in one.curves[0].points]
    assert shares == sorted(shares)


@pytest.mark.parametrize(
    ("code", "seen"),
    [("spawn-not-reached", "spawn-not-reached"), ("clock-skew", "clock-skew"), ("of-another-version", "test-cut-short")],
)
def test_what_the_leading_process_noticed_is_seen(recorded: Path, code: str, seen: str) -> None:
    def add(lines: list[dict[str, object]]) -> list[dict[str, object]]:
        problem = {"kind": "problem", "seq": len(lines) - 1, "at": lines[-1]["at"], "code": code, "text": "it went wrong"}
        return [*lines[:-1], problem, lines[-1] | {"seq": len(lines), "lines": len(lines) + 1}]

    rewrite(recorded / "events.ndjson", add)
    assert faults(recorded) == {seen}
