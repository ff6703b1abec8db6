"""Which findings block: limits, waivers, suppressions, and problems that several gates saw."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from sdlc.model import (
    Answer,
    Completed,
    Coverage,
    EndpointLocation,
    Finding,
    Location,
    PackageLocation,
    Rule,
    Severity,
    SourceLocation,
    Verdict,
)
from sdlc.policy import Decision, Disposition, Policy, Suppressions, Waiver, decide
from sdlc.threshold import FindingLimit

INFO, LOW, MEDIUM, HIGH, CRITICAL = Severity
NOW = datetime.datetime(2026, 5, 10, 23, 59, 59, tzinfo=datetime.UTC)
TODAY = NOW.date()
DAY = datetime.timedelta(days=1)


def finding(
    severity: Severity = HIGH, line: int = 1, *, gate: str = "a", cwe: tuple[int, ...] = (78,), **more: object
) -> Finding:
    made = Finding(
        rule=Rule(id="B602", cwe=cwe),
        severity=severity,
        message="m",
        location=SourceLocation(path="src/a.py", line=line),
        tool=gate,
        gate=gate,
        fingerprint=f"{gate}{line}{severity.value}",
    )
    return msgspec.structs.replace(made, **more)


def judged(*findings: Finding, now: datetime.datetime = NOW, **policy: object) -> Decision:
    coverage = (Coverage(what="files", measured=1, expected=1),)
    gates = dict.fromkeys(["a", *(found.gate for found in findings)])
    results = [
        Completed(gate=gate, answer=Answer(coverage=coverage, findings=tuple(f for f in findings if f.gate == gate)))
        for gate in gates
    ]
    return decide(results, msgspec.structs.replace(Policy(required=tuple(gates)), **policy), now)


def dispositions(decision: Decision) -> list[Disposition]:
    return [ruling.disposition for ruling in decision.rulings]


def most(severity: Severity, number: int | None, gate: str = "") -> FindingLimit:
    return FindingLimit(severity=severity, most=number, origin=f"sdlc.toml:{gate or 'policy'}", gate=gate)


@pytest.mark.parametrize("severity", Severity)
def test_without_a_limit_every_finding_blocks(severity: Severity) -> None:
    decision = judged(finding(severity))
    assert decision.verdict is Verdict.FAIL
    assert decision.rulings[0].because == f"{severity.value}: none is allowed (default)"


LIMITS: dict[str, tuple[list[Finding], tuple[FindingLimit, ...], bool]] = {
    "as many as are tolerated": ([finding(MEDIUM, 1), finding(MEDIUM, 2)], (most(MEDIUM, 2),), True),
    "one more": ([finding(MEDIUM, 1), finding(MEDIUM, 2), finding(MEDIUM, 3)], (most(MEDIUM, 2),), False),
    "any number": ([finding(LOW, line) for line in range(1, 50)], (most(LOW, None),), True),
    "a limit for another severity": ([finding(HIGH)], (most(MEDIUM, None),), False),
    "none, said aloud": ([finding(LOW)], (most(LOW, 0),), False),
    "a general limit counts all gates together": (
        [finding(MEDIUM, 1), finding(MEDIUM, 2, gate="b")],
        (most(MEDIUM, 1),),
        False,
    ),
    "a gate's own limit counts alone": (
        [finding(MEDIUM, 1), finding(MEDIUM, 2, gate="b")],
        (most(MEDIUM, 1), most(MEDIUM, 1, "b")),
        True,
    ),
    "a gate's own limit is stricter": ([finding(MEDIUM, 1, gate="b")], (most(MEDIUM, None), most(MEDIUM, 0, "b")), False),
    "a gate's own limit is looser": ([finding(MEDIUM, 1, gate="b")], (most(MEDIUM, 0), most(MEDIUM, None, "b")), True),
    "one problem that two gates saw counts once": ([finding(MEDIUM), finding(MEDIUM, gate="b")], (most(MEDIUM, 1),), True),
    "each gate's own word counts against its own limit": (
        [finding(LOW), finding(HIGH, gate="b")],
        (most(LOW, None), most(HIGH, None, "b")),
        True,
    ),
    "the stricter gate blocks what both saw": (
        [finding(MEDIUM), finding(MEDIUM, gate="b")],
        (most(MEDIUM, None), most(MEDIUM, 0, "b")),
        False,
    ),
    "a second opinion does not lift the first": (
        [finding(MEDIUM), finding(HIGH, gate="b")],
        (most(MEDIUM, 0), most(HIGH, 5)),
        False,
    ),
    "a third finding that links two does not make them one": (
        [
            finding(MEDIUM, 1),
            finding(MEDIUM, 3, gate="b"),
            finding(MEDIUM, 1, gate="c", location=SourceLocation(path="src/a.py", line=1, end_line=3)),
        ],
        (most(MEDIUM, 1),),
        False,
    ),
}


@pytest.mark.parametrize(("findings", "limits", "passes"), LIMITS.values(), ids=LIMITS.keys())
def test_limits(findings: list[Finding], limits: tuple[FindingLimit, ...], passes: bool) -> None:
    decision = judged(*findings, thresholds=limits)
    assert decision.verdict is (Verdict.PASS if passes else Verdict.FAIL)
    assert (Disposition.BLOCKING in dispositions(decision)) is not passes


def test_a_broken_limit_says_how_many_there_are_and_where_it_was_set() -> None:
    decision = judged(finding(MEDIUM, 1), finding(MEDIUM, 2), thresholds=(most(MEDIUM, 1),))
    assert {ruling.because for ruling in decision.rulings} == {"medium: 2 found, 1 allowed (sdlc.toml:policy)"}


def test_a_problem_that_two_gates_saw_blocks_both() -> None:
    decision = judged(finding(LOW), finding(CRITICAL, gate="b"))
    assert [(reason.gate, reason.severity) for reason in decision.reasons] == [("a", CRITICAL), ("b", CRITICAL)]
    assert {judgement.verdict for judgement in decision.judgements} == {Verdict.FAIL}


def waiver(expires: datetime.date = TODAY, /, **of: str) -> Waiver:
    what = of or {"fingerprint": "a1high"}
    return msgspec.structs.replace(Waiver(id="W-1", reason="accepted", approved_by="security", expires=expires), **what)


def at(location: Location) -> Finding:
    return finding(location=location)


COVERED: dict[str, tuple[Finding, dict[str, str], bool]] = {
    "its fingerprint": (finding(), {"fingerprint": "a1high"}, True),
    "another fingerprint": (finding(), {"fingerprint": "a2high"}, False),
    "the beginning of its fingerprint": (finding(), {"fingerprint": "a1"}, False),
    "its rule and path": (finding(), {"rule": "B602", "path": "src/a.py"}, True),
    "its rule and a pattern": (finding(), {"rule": "B602", "path": "src/*"}, True),
    "its rule elsewhere": (finding(), {"rule": "B602", "path": "lib/*"}, False),
    "a rule without a path, where there is no place": (at(EndpointLocation(method="GET", url="")), {"rule": "B602"}, False),
    "its path in another case": (finding(), {"rule": "B602", "path": "SRC/*"}, False),
    "another rule": (finding(), {"rule": "B603", "path": "src/*"}, False),
    "a rule without a path": (finding(), {"rule": "B602"}, False),
    "a path without a rule": (finding(), {"path": "src/*"}, False),
    "nothing": (finding(fingerprint="", rule=Rule(id="")), {"rule": "", "path": ""}, False),
    "a package": (at(PackageLocation(name="flask", version="1")), {"rule": "B602", "path": "flask"}, True),
    "an endpoint": (at(EndpointLocation(method="GET", url="http://h/x")), {"rule": "B602", "path": "*/x"}, True),
    "a name with a line break": (at(SourceLocation(path="src/a\n.py", line=1)), {"rule": "B602", "path": "src/*.py"}, True),
}


@pytest.mark.parametrize(("found", "of", "covered"), COVERED.values(), ids=COVERED.keys())
def test_what_a_waiver_covers(found: Finding, of: dict[str, str], covered: bool) -> None:
    decision = judged(found, waivers=(waiver(**of),))
    assert dispositions(decision) == [Disposition.WAIVED if covered else Disposition.BLOCKING]
    assert decision.verdict is (Verdict.PASS if covered else Verdict.FAIL)
    assert decision.unused_waivers == (() if covered else ("W-1",))


def test_a_waived_finding_is_kept_with_who_answers_for_it() -> None:
    (ruling,) = judged(finding(), waivers=(waiver(),)).rulings
    assert ruling.because == "waiver W-1 by security until 2026-05-10: accepted"


@pytest.mark.parametrize(
    ("expires", "now", "holds"),
    [
        (TODAY, NOW, True),
        (TODAY, NOW + datetime.timedelta(seconds=1), False),
        (TODAY - DAY, NOW, False),
        # Still the tenth in UTC, whatever the wall clock of the machine says.
        (TODAY, NOW.astimezone(datetime.timezone(datetime.timedelta(hours=14))), True),
        (TODAY, datetime.datetime(2026, 5, 10, 20, tzinfo=datetime.timezone(datetime.timedelta(hours=-8))), False),
    ],
)
def test_a_waiver_holds_until_the_end_of_its_last_day_in_utc(
    expires: datetime.date, now: datetime.datetime, holds: bool
) -> None:
    decision = judged(finding(), now=now, waivers=(waiver(expires),))
    assert decision.verdict is (Verdict.PASS if holds else Verdict.FAIL)
    assert holds or decision.rulings[0].because == f"waiver W-1 expired on {expires}; high: none is allowed (default)"
    assert decision.unused_waivers == ()


def test_a_waiver_for_one_of_two_reports_does_not_cover_the_problem() -> None:
    both = (finding(), finding(gate="b"))
    assert judged(*both, waivers=(waiver(),)).verdict is Verdict.FAIL
    second = msgspec.structs.replace(waiver(fingerprint="b1high"), id="W-2")
    assert judged(*both, waivers=(waiver(), second)).verdict is Verdict.PASS


def test_only_waivers_that_were_written_for_it_and_have_expired_are_named() -> None:
    both = (finding(), finding(gate="b"))
    yesterday = TODAY - DAY
    waivers = (
        waiver(yesterday, fingerprint="a1high"),
        msgspec.structs.replace(waiver(yesterday, fingerprint="other"), id="W-2"),
        msgspec.structs.replace(waiver(TODAY, fingerprint="b1high"), id="W-3"),
    )
    decision = judged(*both, waivers=waivers)
    assert decision.rulings[0].because == f"waiver W-1 expired on {yesterday}; high: none is allowed (default)"
    assert decision.unused_waivers == ("W-2",)


def test_the_first_fix_that_a_tool_knows_is_named() -> None:
    decision = judged(finding(), finding(gate="b", fix="do so"), finding(gate="c", fix="or so"))
    assert {reason.fix for reason in decision.reasons} == {"do so"}


def test_a_waived_finding_does_not_count() -> None:
    decision = judged(finding(line=1), finding(line=2), thresholds=(most(HIGH, 1),), waivers=(waiver(),))
    assert sorted(ruling.disposition.value for ruling in decision.rulings) == ["tolerated", "waived"]


MARKED = finding(suppression="# nosec")


def test_a_comment_in_the_code_is_worth_nothing_without_a_waiver() -> None:
    decision = judged(MARKED)
    assert decision.verdict is Verdict.FAIL
    assert "'# nosec' in the code is not covered by a waiver" in decision.rulings[0].because
    assert judged(MARKED, waivers=(waiver(),)).verdict is Verdict.PASS


def test_a_comment_that_policy_honours_is_shown_and_does_not_block() -> None:
    decision = judged(MARKED, suppressions=Suppressions.HONOUR)
    assert decision.verdict is Verdict.PASS
    assert [(ruling.disposition, ruling.because) for ruling in decision.rulings] == [
        (Disposition.SUPPRESSED, "the code says '# nosec', and policy honours that")
    ]


def test_a_comment_covers_only_the_finding_it_stands_at() -> None:
    assert judged(MARKED, finding(line=2), suppressions=Suppressions.HONOUR).verdict is Verdict.FAIL
    assert judged(MARKED, finding(gate="b"), suppressions=Suppressions.HONOUR).verdict is Verdict.FAIL


def test_an_excuse_never_spreads_to_a_problem_with_the_same_fingerprint() -> None:
    other = finding(line=9, fingerprint=MARKED.fingerprint)
    for pair in ((MARKED, other), (other, MARKED)):
        decision = judged(*pair, suppressions=Suppressions.HONOUR)
        assert sorted(ruling.disposition.value for ruling in decision.rulings) == ["blocking", "suppressed"]


def test_reasons_of_one_file_stand_in_the_order_of_its_lines() -> None:
    decision = judged(finding(line=123), finding(line=9), finding(line=32))
    assert [reason.where for reason in decision.reasons] == ["src/a.py:9", "src/a.py:32", "src/a.py:123"]
