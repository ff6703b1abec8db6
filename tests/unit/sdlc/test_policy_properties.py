"""What holds of every verdict: it is pure, it can be drawn again from its record, and nothing added or lost makes it milder."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sdlc.identity import fingerprinted
from sdlc.model import (
    Answer,
    Canary,
    Completed,
    Coverage,
    EndpointLocation,
    Errored,
    Family,
    Finding,
    GateResult,
    Measurement,
    Missing,
    PackageLocation,
    Rule,
    Severity,
    Skipped,
    SourceLocation,
    Stage,
    Verdict,
)
from sdlc.pipeline import decide_again
from sdlc.policy import CoverageFloor, Policy, Suppressions, Waiver, decide
from sdlc.run import FORMAT, PlannedGate, Run, Subject
from sdlc.threshold import OPERATORS, FindingLimit, MeasurementLimit

T = TypeVar("T")
Results = tuple[GateResult, ...]
NOW = datetime.datetime(2026, 5, 10, 12, tzinfo=datetime.UTC)
GATES = ("a", "b", "c")
gates = st.sampled_from(GATES)
texts = st.text(st.characters(codec="utf-8"), max_size=8)


def tuples(of: st.SearchStrategy[T], most: int = 4) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(of, max_size=most).map(tuple)


locations = st.one_of(
    st.builds(SourceLocation, path=st.sampled_from(["x.py", "y.py"]), line=st.integers(1, 4), end_line=st.integers(0, 5)),
    st.builds(PackageLocation, name=st.just("flask"), version=st.sampled_from("12")),
    st.builds(EndpointLocation, method=st.just("GET"), url=st.sampled_from(["/1", "/2", "/x"])),
)
rules = st.builds(Rule, id=st.sampled_from(["R1", "R2"]), cwe=st.sampled_from([(), (78,), (77, 89), (89,)]))
findings = st.builds(
    Finding,
    rule=rules,
    severity=st.sampled_from(Severity),
    message=st.sampled_from("mn"),
    location=locations,
    tool=st.sampled_from("tu"),
    aliases=tuples(st.sampled_from(["CVE-1", "CVE-2"]), 2),
    suppression=st.sampled_from(["", "# nosec"]),
    gate=gates,
    fingerprint=st.sampled_from(["f1", "f2", "f3"]),
)
numbers = st.floats(-1e6, 1e6)
measurements = st.builds(
    Measurement,
    name=st.sampled_from(["p95", "p99"]),
    value=numbers,
    unit=st.sampled_from(["ms", "ratio"]),
    n=st.integers(0, 9),
    subject=st.sampled_from(["", "GET /"]),
    low=st.none() | numbers,
    high=st.none() | numbers,
)
coverages = st.builds(
    Coverage,
    what=texts,
    measured=st.integers(-1, 4),
    expected=st.integers(-1, 4),
    missing=tuples(st.builds(Missing, item=texts, reason=texts), 1),
)
answers = st.builds(
    Answer, findings=tuples(findings), measurements=tuples(measurements), coverage=tuples(coverages, 2), notes=tuples(texts, 1)
)
full = (Coverage(what="files", measured=2, expected=2),)
clean = st.builds(Answer, findings=tuples(findings, 3), coverage=st.just(full))
canaries = st.builds(Canary, caught=st.booleans(), detail=texts)
completed = st.builds(Completed, gate=gates, answer=answers | clean, canary=st.none() | canaries)
errored = st.builds(Errored, gate=gates, fault=texts, reason=texts, answer=answers)
skipped = st.builds(Skipped, gate=gates, reason=texts, unaffected=st.booleans())
healthy = st.tuples(*(st.builds(Completed, gate=st.just(gate), answer=clean) for gate in GATES))
results = healthy | tuples(completed | errored | skipped)
finding_limits = st.builds(
    FindingLimit,
    severity=st.sampled_from(Severity),
    most=st.none() | st.integers(0, 2),
    origin=st.sampled_from("xy"),
    gate=st.just("") | gates,
)
measurement_limits = st.builds(
    MeasurementLimit,
    gate=gates,
    metric=st.just("p95"),
    operator=st.sampled_from(sorted(OPERATORS)),
    bound=numbers,
    unit=st.just("ms"),
    origin=texts,
    subject=st.sampled_from(["", "GET /"]),
)
waivers = st.builds(
    Waiver,
    id=texts,
    reason=texts,
    approved_by=texts,
    expires=st.sampled_from([NOW.date(), NOW.date() - datetime.timedelta(days=1)]),
    fingerprint=st.sampled_from(["", "f1", "f2"]),
    rule=st.sampled_from(["", "R1"]),
    path=st.sampled_from(["", "x*", "*"]),
)
mild = st.builds(
    Policy,
    required=st.just(GATES),
    thresholds=tuples(finding_limits, 9),
    suppressions=st.sampled_from(Suppressions),
    waivers=tuples(waivers, 2),
)
policies = mild | st.builds(
    Policy,
    required=st.sampled_from([GATES, ("a",), ()]),
    thresholds=tuples(finding_limits | measurement_limits),
    floors=tuples(st.builds(CoverageFloor, gate=gates, ratio=st.floats(0, 1), origin=texts), 1),
    prove=st.booleans(),
)


def verdict(answered: Iterable[GateResult], policy: Policy) -> Verdict:
    return decide(tuple(answered), policy, NOW).verdict


@given(results, policies, st.data())
def test_the_same_results_in_any_order_give_the_same_decision(answered: Results, policy: Policy, data: st.DataObject) -> None:
    decision = decide(answered, policy, NOW)
    event(decision.verdict.value)
    assert decide(answered, policy, NOW) == decision
    shuffled = decide(data.draw(st.permutations(answered)), policy, NOW)
    assert (shuffled.verdict, shuffled.reasons, set(shuffled.judgements)) == (
        decision.verdict,
        decision.reasons,
        set(decision.judgements),
    )


@given(results, policies)
def test_a_pass_has_an_answer_from_every_gate_and_nothing_against_it(answered: Results, policy: Policy) -> None:
    decision = decide(answered, policy, NOW)
    assert (decision.verdict is Verdict.PASS) is (not decision.reasons)
    if decision.verdict is Verdict.PASS:
        assert policy.required
        assert {result.gate for result in answered} >= set(policy.required)
        assert any(isinstance(result, Completed) for result in answered)
        for result in answered:
            assert (
                result.unaffected if isinstance(result, Skipped) else isinstance(result, Completed) and result.answer.coverage
            )
            assert not isinstance(result, Completed) or all(part.measured > 0 for part in result.answer.coverage)


@given(results, policies)
def test_nothing_is_dropped(answered: Results, policy: Policy) -> None:
    decision = decide(answered, policy, NOW)
    told = [finding for ruling in decision.rulings for finding in ruling.problem.findings]
    asked = [finding for result in answered if not isinstance(result, Skipped) for finding in result.answer.findings]
    assert sorted(map(repr, told)) == sorted(map(repr, asked))


Change = Callable[[Results, Policy, st.DataObject], Results]


def replaced(result: GateResult, **parts: object) -> GateResult:
    answer = None if isinstance(result, Skipped) else msgspec.structs.replace(result.answer, **parts)
    return result if answer is None else msgspec.structs.replace(result, answer=answer)


def with_a_finding_more(answered: Results, policy: Policy, data: st.DataObject) -> Results:
    told, more = data.draw(gates), data.draw(findings)
    return tuple(
        result
        if isinstance(result, Skipped) or result.gate != told
        else replaced(result, findings=(*result.answer.findings, msgspec.structs.replace(more, gate=told)))
        for result in answered
    )


def with_an_error_more(answered: Results, policy: Policy, data: st.DataObject) -> Results:
    return (*answered, data.draw(errored))


def without_a_required_result(answered: Results, policy: Policy, data: st.DataObject) -> Results:
    lost = data.draw(st.sampled_from(policy.required or GATES))
    return tuple(result for result in answered if result.gate != lost)


def without_coverage(answered: Results, policy: Policy, data: st.DataObject) -> Results:
    lost = data.draw(gates)
    return tuple(replaced(result, coverage=()) if result.gate == lost else result for result in answered)


def with_less_measured(answered: Results, policy: Policy, data: st.DataObject) -> Results:
    lost = data.draw(gates)
    return tuple(
        result
        if isinstance(result, Skipped) or result.gate != lost
        else replaced(
            result, coverage=tuple(msgspec.structs.replace(part, measured=part.expected - 1) for part in result.answer.coverage)
        )
        for result in answered
    )


CHANGES = (with_a_finding_more, with_an_error_more, without_a_required_result, without_coverage, with_less_measured)


@settings(max_examples=60)
@pytest.mark.parametrize("change", CHANGES)
@given(results, policies, st.data())
def test_nothing_added_or_lost_turns_another_verdict_into_a_pass(
    change: Change, answered: Results, policy: Policy, data: st.DataObject
) -> None:
    before = verdict(answered, policy)
    event(before.value)
    if before is not Verdict.PASS:
        assert verdict(change(answered, policy, data), policy) is not Verdict.PASS


crowded = st.builds(
    Finding,
    rule=st.builds(Rule, id=st.just("R"), cwe=st.sampled_from([(78,), (89,), (78, 89)])),
    severity=st.sampled_from([Severity.MEDIUM, Severity.HIGH]),
    message=st.just("m"),
    location=st.builds(SourceLocation, path=st.just("x.py"), line=st.integers(1, 3), end_line=st.sampled_from([0, 3])),
    gate=gates,
)
narrow = st.builds(
    Policy,
    required=st.just(GATES),
    thresholds=st.tuples(
        *(st.builds(FindingLimit, severity=st.just(s), most=st.integers(0, 2), origin=st.just(s.value)) for s in Severity)
    ),
)


@settings(max_examples=300)
@given(st.lists(crowded, min_size=1, max_size=4), crowded, narrow)
def test_no_finding_more_makes_up_for_another(found: list[Finding], more: Finding, policy: Policy) -> None:
    before, after = (
        verdict(
            (Completed(gate=g, answer=Answer(coverage=full, findings=tuple(f for f in told if f.gate == g))) for g in GATES),
            policy,
        )
        for told in (found, [*found, more])
    )
    event(f"{before.value} {after.value}")
    assert before is Verdict.PASS or after is not Verdict.PASS


@given(results, policies, texts)
def test_a_run_read_from_its_record_gives_an_equal_decision(answered: Results, policy: Policy, text: str) -> None:
    marked = tuple(
        result
        if isinstance(result, Skipped)
        else msgspec.structs.replace(
            result, answer=msgspec.structs.replace(result.answer, findings=fingerprinted(result.answer.findings, result.gate))
        )
        for result in answered
    )
    run = Run(
        format=FORMAT,
        id=text,
        version="1",
        subject=Subject(name=text),
        stage=Stage.RELEASE,
        started=NOW,
        ended=NOW,
        gates=tuple(PlannedGate(id=gate, kind=gate, family=Family.SAST, summary=text) for gate in GATES),
        results=marked,
        policy=policy,
        decision=decide(marked, policy, NOW),
    )
    read = msgspec.json.decode(msgspec.json.encode(run), type=Run)
    assert read == run
    assert decide_again(read).decision == run.decision
