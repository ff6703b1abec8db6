"""The verdict over answers that are there, and over those that are not."""

from __future__ import annotations

import datetime
import math

import msgspec
import pytest

from sdlc.model import (
    Answer,
    Canary,
    Completed,
    Coverage,
    Errored,
    Finding,
    GateResult,
    Measurement,
    Missing,
    Rule,
    Severity,
    Skipped,
    SourceLocation,
    Verdict,
)
from sdlc.policy import CoverageFloor, Decision, Policy, decide
from sdlc.threshold import FindingLimit, MeasurementLimit

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
NOW = datetime.datetime(2026, 5, 10, 12, tzinfo=datetime.UTC)
ALL = (Coverage(what="files", measured=3, expected=3),)
FOUND = Finding(
    rule=Rule(id="B602", cwe=(78,)),
    severity=Severity.HIGH,
    message="m",
    location=SourceLocation(path="a.py", line=1),
    tool="t",
    gate="g",
    fingerprint="f",
)
CAUGHT, MISSED = Canary(caught=True, detail="found"), Canary(caught=False, detail="the planted defect was not found")


def completed(
    gate: str = "g", coverage: tuple[Coverage, ...] = ALL, canary: Canary | None = None, **answer: object
) -> Completed:
    return Completed(gate=gate, answer=msgspec.structs.replace(Answer(coverage=coverage), **answer), canary=canary)


def judged(*results: GateResult, required: tuple[str, ...] = ("g",), **policy: object) -> Decision:
    return decide(results, msgspec.structs.replace(Policy(required=required), **policy), NOW)


def test_a_gate_that_measured_everything_and_found_nothing_passes() -> None:
    decision = judged(completed())
    assert decision.verdict is PASS
    assert decision.reasons == ()
    assert [(judgement.gate, judgement.verdict) for judgement in decision.judgements] == [("g", PASS)]


def covering(measured: int, expected: int, *missing: str) -> tuple[Coverage, ...]:
    named = tuple(Missing(item=item, reason="unreadable") for item in missing)
    return (Coverage(what="files", measured=measured, expected=expected, missing=named),)


NO_ANSWER: dict[str, tuple[tuple[GateResult, ...], dict[str, object], str]] = {
    "no gate was asked": ((), {"required": ()}, "no gate was asked"),
    "a gate answered that nobody asked": ((completed(),), {"required": ()}, "no gate was asked"),
    "it did not run": ((), {}, "it did not run"),
    "one of two did not run": ((completed(),), {"required": ("g", "h")}, "it did not run"),
    "it broke": ((Errored(gate="g", fault="timeout", reason="killed", fix="wait"),), {}, "timeout: killed"),
    "one that nobody asked broke": ((completed(), Errored(gate="h", fault="timeout", reason="killed")), {}, "timeout"),
    "it answered twice": ((completed(), completed()), {}, "it answered 2 times"),
    "it was skipped": ((completed(), Skipped(gate="h", reason="why")), {"required": ("g", "h")}, "it was skipped: why"),
    "all were skipped": ((Skipped(gate="g", reason="", unaffected=True),), {}, "every gate was skipped"),
    "it has no coverage": ((completed(coverage=()),), {}, "did not say what it covered"),
    "there was nothing": ((completed(coverage=covering(0, 0)),), {}, "there were no files to measure"),
    "it measured nothing": ((completed(coverage=covering(0, 3)),), {}, "it measured 0 of 3 files"),
    "nothing is enough for no floor": (
        (completed(coverage=covering(0, 3)),),
        {"floors": (CoverageFloor(gate="g", ratio=0, origin=""),)},
        "it measured 0 of 3 files",
    ),
    "a file is missing": ((completed(coverage=covering(2, 3, "a.py")),), {}, "2 of 3 files; missing: a.py (unreadable)"),
    "many are missing": ((completed(coverage=covering(1, 9, *"abcdefgh")),), {}, "e (unreadable) and 3 more"),
    "one of two coverages falls short": ((completed(coverage=ALL + covering(2, 3)),), {}, "it measured 2 of 3 files"),
    "more than there is": ((completed(coverage=covering(4, 3)),), {}, "makes no sense"),
    "less than nothing": ((completed(coverage=covering(-1, 3)),), {}, "makes no sense"),
    "a negative expectation": ((completed(coverage=covering(-2, -1)),), {}, "there were no files"),
    "below its floor": (
        (completed(coverage=covering(89, 100)),),
        {"floors": (CoverageFloor(gate="h", ratio=0.1, origin=""), CoverageFloor(gate="g", ratio=0.9, origin=""))},
        "it measured 89 of 100 files",
    ),
    "it was not proven": ((completed(),), {"prove": True}, "its canary was not planted"),
    "it missed its canary": ((completed(canary=MISSED),), {"prove": True}, "it did not catch its canary: the planted"),
    "it missed a canary that nobody asked for": ((completed(canary=MISSED),), {}, "it did not catch its canary"),
}


@pytest.mark.parametrize(("results", "policy", "words"), NO_ANSWER.values(), ids=NO_ANSWER.keys())
def test_no_answer_is_inconclusive_and_says_why(results: tuple[GateResult, ...], policy: dict[str, object], words: str) -> None:
    decision = judged(*results, **policy)  # type: ignore[arg-type]  # the rows of a table
    assert decision.verdict is INCONCLUSIVE
    assert any(words in reason.text for reason in decision.reasons)
    assert all(reason.verdict is INCONCLUSIVE for reason in decision.reasons)


@pytest.mark.parametrize(("measured", "expected", "floor"), [(90, 100, 0.9), (7, 100, 0.07), (57, 100, 0.57), (29, 100, 0.29)])
def test_coverage_that_reaches_its_floor_exactly_is_enough(measured: int, expected: int, floor: float) -> None:
    enough = completed(coverage=covering(measured, expected))
    assert judged(enough, floors=(CoverageFloor(gate="g", ratio=floor, origin=""),)).verdict is PASS


def test_a_gate_that_is_unaffected_stands_in_nobodys_way() -> None:
    skipped = Skipped(gate="h", reason="no file that changed is its business", unaffected=True)
    assert judged(completed(), skipped, required=("g", "h")).verdict is PASS


def test_a_gate_that_caught_its_canary_passes() -> None:
    assert judged(completed(canary=CAUGHT), prove=True).verdict is PASS


def test_a_failure_dominates_doubts_and_comes_first() -> None:
    broken = Errored(gate="a", fault="timeout", reason="killed")
    decision = judged(broken, completed(findings=(FOUND,)), required=("a", "g", "z"))
    assert decision.verdict is FAIL
    assert [(reason.gate, reason.verdict) for reason in decision.reasons] == [
        ("g", FAIL),
        ("a", INCONCLUSIVE),
        ("z", INCONCLUSIVE),
    ]
    assert [(judgement.gate, judgement.verdict) for judgement in decision.judgements] == [
        ("a", INCONCLUSIVE),
        ("g", FAIL),
        ("z", INCONCLUSIVE),
    ]


def test_what_a_gate_found_before_it_broke_blocks_too() -> None:
    broken = Errored(gate="g", fault="timeout", reason="killed", answer=Answer(findings=(FOUND,)))
    assert judged(broken).verdict is FAIL


def test_a_broken_threshold_comes_after_findings_and_before_doubts() -> None:
    info = msgspec.structs.replace(FOUND, severity=Severity.INFO, gate="z")
    measured = completed("m", measurements=(msgspec.structs.replace(GOOD, value=301),))
    broken = Errored(gate="a", fault="timeout", reason="killed")
    limit = msgspec.structs.replace(LIMIT, gate="m")
    decision = judged(broken, measured, completed("z", findings=(info,)), required=("a", "m", "z"), thresholds=(limit,))
    assert [(reason.gate, reason.verdict) for reason in decision.reasons] == [
        ("z", FAIL),
        ("m", FAIL),
        ("a", INCONCLUSIVE),
    ]


def test_why_a_gate_did_not_answer_stands_before_the_thresholds_that_are_open() -> None:
    broken = Errored(gate="z", fault="timeout", reason="killed")
    limit = msgspec.structs.replace(LIMIT, gate="a")
    decision = judged(completed("a"), broken, required=("a", "z"), thresholds=(limit,))
    assert [reason.gate for reason in decision.reasons] == ["z", "a"]


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ((), "it measured 2 of 9 files"),
        (("a",), "it measured 2 of 9 files; missing: a (unreadable)"),
        (tuple("abcde"), "it measured 2 of 9 files; missing: " + ", ".join(f"{name} (unreadable)" for name in "abcde")),
        (
            tuple("abcdef"),
            "it measured 2 of 9 files; missing: " + ", ".join(f"{name} (unreadable)" for name in "abcde") + " and 1 more",
        ),
    ],
)
def test_a_shortfall_names_the_first_that_are_missing(missing: tuple[str, ...], text: str) -> None:
    (reason,) = judged(completed(coverage=covering(2, 9, *missing))).reasons
    assert reason.text == text


def test_reasons_are_sorted_by_severity_and_carry_place_fix_and_fingerprint() -> None:
    low = msgspec.structs.replace(
        FOUND, severity=Severity.LOW, location=SourceLocation(path="A.py", line=7), fix="do so", fingerprint="low"
    )
    first, second = judged(completed(findings=(low, FOUND))).reasons
    assert (first.severity, first.where, first.fingerprint) == (Severity.HIGH, "a.py:1", "f")
    assert (second.severity, second.where, second.fix, second.text) == (Severity.LOW, "A.py:7", "do so", "B602: m")


LIMIT = MeasurementLimit(gate="g", metric="p95", operator="<=", bound=300, unit="ms", origin="sdlc.toml:4", subject="GET /")
GOOD = Measurement(name="p95", value=200, unit="ms", n=50, subject="GET /")
MEASURED: dict[str, tuple[tuple[Measurement, ...], Verdict, str]] = {
    "kept": ((GOOD,), PASS, "measured 200 ms (n=50)"),
    "kept, beside others": (
        (GOOD, msgspec.structs.replace(GOOD, name="p99"), msgspec.structs.replace(GOOD, subject="")),
        PASS,
        "",
    ),
    "broken": ((msgspec.structs.replace(GOOD, value=301),), FAIL, "measured 301 ms"),
    "uncertain": ((msgspec.structs.replace(GOOD, low=100.0, high=400.0),), INCONCLUSIVE, "between 100 ms and 400 ms"),
    "unbounded": ((msgspec.structs.replace(GOOD, low=1.0, high=1.7e308),), INCONCLUSIVE, "between 1 ms and unbounded"),
    "of nothing": ((msgspec.structs.replace(GOOD, n=0),), INCONCLUSIVE, "(n=0)"),
    "not a number": ((msgspec.structs.replace(GOOD, value=math.nan),), INCONCLUSIVE, ""),
    "not there": ((), INCONCLUSIVE, "p95 of GET / was not measured; measured: nothing"),
    "of another subject": ((msgspec.structs.replace(GOOD, subject=""),), INCONCLUSIVE, "measured: all together"),
    "in another unit": ((msgspec.structs.replace(GOOD, unit="seconds", value=0.2),), INCONCLUSIVE, "was not measured"),
    "twice": ((GOOD, GOOD), INCONCLUSIVE, "was not measured"),
}


@pytest.mark.parametrize(("measurements", "verdict", "words"), MEASURED.values(), ids=MEASURED.keys())
def test_a_threshold_on_a_measurement(measurements: tuple[Measurement, ...], verdict: Verdict, words: str) -> None:
    decision = judged(completed(measurements=measurements), thresholds=(LIMIT,))
    (outcome,) = decision.outcomes
    assert (decision.verdict, outcome.verdict) == (verdict, verdict)
    assert words in outcome.because
    assert [reason.gate for reason in decision.reasons] == ([] if verdict is PASS else ["g"])
    assert all("p95(GET /) <= 300 ms (sdlc.toml:4): " in reason.text for reason in decision.reasons)


@pytest.mark.parametrize(
    "result", [(), (Skipped(gate="g", reason="", unaffected=True),), (completed("h", measurements=(GOOD,)),)]
)
def test_a_threshold_on_a_gate_that_measured_nothing_is_inconclusive(result: tuple[GateResult, ...]) -> None:
    decision = judged(completed("i"), *result, required=("i",), thresholds=(LIMIT,))
    assert decision.verdict is INCONCLUSIVE


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ({}, "measured 200 ms (n=50)"),
        ({"value": 301}, "measured 301 ms (n=50)"),
        ({"n": 0}, "measured 200 ms (n=0); measure longer"),
    ],
)
def test_what_would_help_is_said_where_nobody_can_tell(changes: dict[str, object], because: str) -> None:
    measured = msgspec.structs.replace(GOOD, hint="measure longer", **changes)
    (outcome,) = judged(completed(measurements=(measured,)), thresholds=(LIMIT,)).outcomes
    assert outcome.because == because
    assert judged(completed(measurements=(msgspec.structs.replace(GOOD, n=0),)), thresholds=(LIMIT,)).outcomes[0].because == (
        "measured 200 ms (n=0)"
    )


def test_a_limit_that_only_other_gates_have_does_not_excuse() -> None:
    lenient = FindingLimit(severity=Severity.HIGH, most=None, origin="", gate="other")
    assert judged(completed(findings=(FOUND,)), thresholds=(lenient,)).verdict is FAIL


@pytest.mark.parametrize(("what", "missing", "said"), [("files", 1, True), ("files", 0, False), ("routes", 1, False)])
def test_files_that_were_not_read_can_be_left_out_and_that_is_said(what: str, missing: int, said: bool) -> None:
    lacking = tuple(Missing(item="a.py", reason="is a link that leads nowhere") for _ in range(missing))
    (reason,) = judged(completed(coverage=(Coverage(what=what, measured=1, expected=2, missing=lacking),))).reasons
    assert ("exclude in [project]" in reason.fix) is said
