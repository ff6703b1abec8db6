"""Records of a load test that hold garbage, and phases of it that are not as they must be: no answer."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sdlc.errors import OutputInvalid
from tests.unit.gates.load_journals import answer, begins, cells_of, copied, faults, many, measured, rewrite, stages, ticks


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    return copied(tmp_path)


def test_a_smoke_phase_in_which_something_is_never_answered_is_seen(recorded: Path) -> None:
    stages(recorded, ("smoke", 2), ("steady", 3))
    assert faults(recorded) == set()
    start = begins(recorded, "smoke")

    def fail(tick: dict[str, object]) -> None:
        found = tick["cells"]
        assert isinstance(found, list)
        for cell in found:
            if cell["name"] == "GET /b" and start <= cell["start"] < start + 2:
                cell["ok"], cell["failed"] = {}, cell["ok"]

    ticks(recorded, fail)
    assert faults(recorded) == {"smoke-failed"}


def test_a_smoke_phase_without_requests_is_seen(recorded: Path) -> None:
    stages(recorded, ("smoke", 1), ("steady", 4))
    start = begins(recorded, "smoke")

    def empty(tick: dict[str, object]) -> None:
        found, started = tick["cells"], tick["started"]
        assert isinstance(found, list)
        assert isinstance(started, dict)
        tick["cells"] = [cell for cell in found if cell["start"] != start]
        started.pop(str(start), None)

    ticks(recorded, empty)
    assert "smoke-failed" in faults(recorded)


def test_requests_of_one_step_that_nobody_saw_under_way_are_seen(recorded: Path) -> None:
    many(recorded, lambda second: 1.0)
    ticks(recorded, lambda tick: tick.update(busy=float(str(tick["busy"])) * 20))
    stages(recorded, ("step", 2), ("steady", 3))
    assert "littles-law" not in faults(recorded)
    end = begins(recorded, "steady")
    ticks(recorded, lambda tick: tick.update(busy=0.0) if float(str(tick["at"])) < end else None)
    (seen,) = (item for item in answer(recorded).coverage[0].missing if item.item == "littles-law")
    assert seen.reason.startswith("step 1: ")


def test_what_was_under_way_before_the_phase_is_not_counted_in_it(recorded: Path) -> None:
    many(recorded, lambda second: 1.0)
    ticks(recorded, lambda tick: tick.update(busy=float(str(tick["busy"])) * 20))
    start = begins(recorded, "steady")
    ticks(recorded, lambda tick: tick.update(busy=1e6) if start <= float(str(tick["at"])) < start + 1 else None)
    assert "littles-law" not in faults(recorded)


def test_the_generators_own_lateness_breaks_no_threshold(recorded: Path) -> None:
    ticks(recorded, lambda tick: tick.update(lag={"0": 50}))
    exact = measured(answer(recorded), "p95")
    ticks(recorded, lambda tick: tick.update(lag={"0": 45, "12000": 5}))
    excused = measured(answer(recorded), "p95")
    assert faults(recorded) == set()
    assert (exact.value, exact.high) == (excused.value, excused.high)
    assert exact.low is not None
    assert excused.low == pytest.approx(exact.low - 12)


NUMBERS = ("users", "queued", "in_flight", "busy", "looked", "wall", "cpu", "answered", "at")


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("garbage", ["NaN", "Infinity", "-1", "1e999", "null", '"7"', "[]", "\x00"])
def test_a_number_that_is_none_is_invalid(recorded: Path, field: str, garbage: str) -> None:
    journal = recorded / "worker-0.ndjson"
    lines = journal.read_text().splitlines(keepends=True)
    changed, times = re.subn(rf'"{field}":\s*[-0-9.e]+', f'"{field}": {garbage}', lines[3])
    assert times == 1
    journal.write_text("".join([*lines[:3], changed, *lines[4:]]))
    with pytest.raises(OutputInvalid, match=r"worker-0\.ndjson holds what no load test writes"):
        answer(recorded)


@pytest.mark.parametrize("row", ["garbage", "NaN", "{}", '{"kind":"tick"}', "\xff\xfe", "[" * 100_000])
def test_a_row_of_garbage_is_invalid(recorded: Path, row: str) -> None:
    journal = recorded / "worker-0.ndjson"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([*lines[:3], row.encode("latin-1") + b"\n", *lines[3:]]))
    with pytest.raises(OutputInvalid):
        answer(recorded)


@pytest.mark.parametrize("counts", ['{"20000": -5}', '{"-7": 5}', '{"x": 5}', '{"20000": 1.5}', '{"NaN": 1}'])
def test_counts_that_are_none_are_invalid(recorded: Path, counts: str) -> None:
    ticks(recorded, lambda tick: [cell.update(ok=json.loads(counts)) for cell in cells_of(tick)].clear())
    with pytest.raises(OutputInvalid):
        answer(recorded)


def test_more_requests_than_any_machine_makes_are_not_judged(recorded: Path) -> None:
    ticks(recorded, lambda tick: [cell.update(ok={"20000": 10**12}) for cell in cells_of(tick)].clear())
    with pytest.raises(OutputInvalid, match="can't be judged"):
        answer(recorded)


def test_requests_of_a_time_in_which_nobody_ran_are_seen(recorded: Path) -> None:
    ticks(recorded, lambda tick: [cell.update(start=7) for cell in cells_of(tick)].clear())
    assert "accounting-off" in faults(recorded)


def test_a_clock_that_was_set_meanwhile_is_seen(recorded: Path) -> None:
    rewrite(recorded / "worker-0.ndjson", lambda lines: [*lines[:3], lines[3] | {"at": 1e12}, *lines[4:]])
    assert "worker-lost" in faults(recorded)
