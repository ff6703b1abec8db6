"""Counting requests, without Locust."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from sdlc_loadtests.tally import NAMES_PER_PROCESS, OTHER, Tally, microseconds

# How long an example takes says nothing on a busy machine.
UNHURRIED = settings(deadline=None, max_examples=50)


def test_no_latency_is_understated() -> None:
    assert [microseconds(seconds) for seconds in (0.3, 0.3000001, 1e-7, 0.0, -1.0, float("nan"))] == [
        *(300_000, 300_001, 1, 0, 0, 0)
    ]


def test_a_request_belongs_to_the_second_it_began_in() -> None:
    tally = Tally()
    begun = tally.begin(10.9, "GET /guess")
    tally.finish(begun, "GET /real", 0.5, failed=False)
    taken = tally.take()
    assert taken["started"] == {10: 1}
    assert [(cell["start"], cell["name"], cell["ok"]) for cell in taken["cells"]] == [(10, "GET /real", {500_000: 1})]


def test_what_is_in_flight_at_the_end_is_cut_off_and_counted() -> None:
    tally = Tally()
    tally.begin(10.0, "GET /a")
    assert tally.take()["in_flight"] == 1
    tally.censor_all(12.5)
    assert tally.take()["cells"][0]["censored"] == {2_500_000: 1}
    assert tally.totals == {"started": 1, "ok": 0, "failed": 0, "censored": 1, "dropped": 0}


def test_a_second_report_of_the_same_request_counts_for_nothing() -> None:
    tally = Tally()
    begun = tally.begin(1.0, "GET /a")
    tally.finish(begun, "GET /a", 0.1, failed=True)
    tally.finish(begun, "GET /a", 0.1, failed=False)
    tally.censor(begun, 2.0)
    assert tally.totals == {"started": 1, "ok": 0, "failed": 1, "censored": 0, "dropped": 0}


def test_names_without_end_are_gathered_under_one() -> None:
    tally = Tally()
    for number in range(NAMES_PER_PROCESS + 5):
        tally.report(1.0, f"GET /{number}", 0.0, failed=False)
    names = {cell["name"]: sum(cell["ok"].values()) for cell in tally.take()["cells"]}
    assert len(names) == NAMES_PER_PROCESS + 1
    assert names[OTHER] == 5


@UNHURRIED
@given(st.lists(st.sampled_from(["begin", "ok", "failed", "censor", "drop", "report", "take"]), max_size=60))
def test_what_was_started_is_always_accounted_for(steps: list[str]) -> None:
    tally, started, became = Tally(), 0, 0
    for number, step in enumerate([*steps, "end", "take"]):
        open_ones = list(tally.open)
        if step == "begin":
            tally.begin(number, "a")
        elif step in ("ok", "failed") and open_ones:
            tally.finish(open_ones[0], "a", 1.0, failed=step == "failed")
        elif step == "censor" and open_ones:
            tally.censor(open_ones[0], number)
        elif step == "drop":
            tally.drop(number, "a")
        elif step == "report":
            tally.report(number, "b", 0.5, failed=False)
        elif step == "end":
            tally.censor_all(number)
        elif step == "take":
            taken = tally.take()
            started += sum(taken["started"].values())
            became += sum(
                sum(cell["ok"].values()) + sum(cell["failed"].values()) + sum(cell["censored"].values()) + cell["dropped"]
                for cell in taken["cells"]
            )
    assert started == became == tally.totals["started"] == sum(tally.totals.values()) - tally.totals["started"]
