"""Deciding: a pure function of results, policy and time. No clock, no disk, no network."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from sdlc.identity import Problem, problems, unanimous
from sdlc.model import (
    Completed,
    Coverage,
    Errored,
    Finding,
    GateResult,
    Measurement,
    Severity,
    Skipped,
    Verdict,
)
from sdlc.policy.terms import (
    Decision,
    Disposition,
    Judgement,
    Outcome,
    Policy,
    Reason,
    Ruling,
    Suppressions,
    Waiver,
)
from sdlc.quantity import show
from sdlc.threshold import FindingLimit, MeasurementLimit

SHOWN_MISSING = 5
MOST_DIGITS = 12
LEAVE_OUT = "see that they can be read, or leave them out: exclude in [project]"
_NUMBER = re.compile("[0-9]+")


def decide(results: Sequence[GateResult], policy: Policy, now: datetime.datetime) -> Decision:
    """Draw the verdict. PASS needs an answer from every required gate, enough coverage, and every threshold kept.

    `now`, with its time zone, is the moment at which waivers are judged.
    """
    rulings = tuple(_rulings(results, policy, now))
    outcomes = tuple(_outcome(limit, results) for limit in policy.thresholds if isinstance(limit, MeasurementLimit))
    broken = frozenset(breaches(outcomes))
    reasons = [*_doubts(results, policy), *_blocks(rulings), *broken]
    gates = tuple(dict.fromkeys([*policy.required, *(result.gate for result in results)]))
    judgements = tuple(Judgement(gate=gate, verdict=_worst(r.verdict for r in reasons if r.gate == gate)) for gate in gates)
    covering = {
        waiver.id for waiver in policy.waivers for ruling in rulings if any(map(waiver.covers, ruling.problem.findings))
    }
    return Decision(
        verdict=_worst(reason.verdict for reason in reasons),
        reasons=tuple(sorted(reasons, key=lambda reason: _gravity(reason, broken))),
        judgements=judgements,
        rulings=rulings,
        outcomes=outcomes,
        unused_waivers=tuple(waiver.id for waiver in policy.waivers if waiver.id not in covering),
    )


def _worst(verdicts: Iterator[Verdict]) -> Verdict:
    found = set(verdicts)
    return next((verdict for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE) if verdict in found), Verdict.PASS)


def _gravity(reason: Reason, broken: frozenset[Reason]) -> tuple[bool, int, bool, str, str, str, str]:
    """Failures first, by severity; why a gate did not answer stands before the thresholds that this leaves open."""
    severity = -1 if reason.severity is None else reason.severity.rank
    # Line 32 stands before line 123.
    where = _NUMBER.sub(lambda digits: digits[0].zfill(MOST_DIGITS), reason.where)
    return (reason.verdict is not Verdict.FAIL, -severity, reason in broken, reason.gate, where, reason.where, reason.text)


def _doubts(results: Sequence[GateResult], policy: Policy) -> Iterator[Reason]:
    """Why the results, whatever they say, are not a complete answer."""
    if not policy.required:
        yield _doubt("", "no gate was asked, so nothing is known about this release", "add a gate to sdlc.toml")
    answered = Counter(result.gate for result in results)
    for gate in policy.required:
        if gate not in answered:
            yield _doubt(gate, "it did not run")
    for gate, times in answered.items():
        if times > 1:
            yield _doubt(gate, f"it answered {times} times in one run")
    if results and all(isinstance(result, Skipped) for result in results):
        yield _doubt("", "every gate was skipped, so nothing was measured")
    for result in results:
        yield from _doubts_about(result, policy)


def _doubts_about(result: GateResult, policy: Policy) -> Iterator[Reason]:
    match result:
        case Errored():
            yield _doubt(result.gate, f"{result.fault}: {result.reason}", result.fix)
        case Skipped(unaffected=False):
            yield _doubt(result.gate, f"it was skipped: {result.reason}")
        case Skipped():
            return
        case Completed():
            yield from _coverage_doubts(result, policy)
            if policy.prove and result.canary is None:
                yield _doubt(result.gate, "it was not shown that it can fail: its canary was not planted")
            if result.canary is not None and not result.canary.caught:
                yield _doubt(result.gate, f"it did not catch its canary: {result.canary.detail}")


def _coverage_doubts(result: Completed, policy: Policy) -> Iterator[Reason]:
    if not result.answer.coverage:
        yield _doubt(result.gate, "it did not say what it covered")
    for coverage in result.answer.coverage:
        if complaint := shortfall(result.gate, coverage, policy):
            yield _doubt(result.gate, complaint, LEAVE_OUT if coverage.what == "files" and coverage.missing else "")


def shortfall(gate: str, coverage: Coverage, policy: Policy) -> str:
    """Why a gate's coverage is not enough for a verdict; empty when it is."""
    floor = next((floor.ratio for floor in policy.floors if floor.gate == gate), 1.0)
    if coverage.expected <= 0:
        return f"there were no {coverage.what} to measure"
    if not 0 <= coverage.measured <= coverage.expected:
        return f"its coverage makes no sense: {coverage.measured} of {coverage.expected} {coverage.what}"
    if coverage.measured == 0 or coverage.measured / coverage.expected < floor:
        listed = [f"{item.item} ({item.reason})" for item in coverage.missing[:SHOWN_MISSING]]
        more = len(coverage.missing) - len(listed)
        names = ", ".join(listed) + (f" and {more} more" if more > 0 else "")
        return f"it measured {coverage.measured} of {coverage.expected} {coverage.what}" + (
            f"; missing: {names}" if names else ""
        )
    return ""


def _doubt(gate: str, text: str, fix: str = "") -> Reason:
    return Reason(gate=gate, verdict=Verdict.INCONCLUSIVE, text=text, fix=fix)


def _rulings(results: Sequence[GateResult], policy: Policy, now: datetime.datetime) -> Iterator[Ruling]:
    answers = (result.answer for result in results if not isinstance(result, Skipped))
    found = problems([finding for answer in answers for finding in answer.findings])
    excused = [_excuse(problem, policy, now) for problem in found]
    open_ones = [problem for problem, (disposition, _) in zip(found, excused, strict=True) if disposition is None]
    counts = Counter(scope for problem in open_ones for scope in scopes(problem, policy))
    for problem, (excuse, note) in zip(found, excused, strict=True):
        disposition, because = (excuse, note) if excuse else _weigh(problem, counts, policy, note)
        yield Ruling(problem=problem, disposition=disposition, because=because)


def _excuse(problem: Problem, policy: Policy, now: datetime.datetime) -> tuple[Disposition | None, str]:
    """Whether a waiver or an honoured comment covers every finding of the problem; else what was tried in vain."""
    today = now.astimezone(datetime.UTC).date()
    held = [_waiver_for(finding, policy, today) for finding in problem.findings]
    if all(held):
        waiver = next(waiver for waiver in held if waiver)
        return Disposition.WAIVED, f"waiver {waiver.id} by {waiver.approved_by} until {waiver.expires}: {waiver.reason}"
    marked = [finding.suppression for finding in problem.findings if finding.suppression]
    if len(marked) == len(problem.findings) and policy.suppressions is Suppressions.HONOUR:
        return Disposition.SUPPRESSED, f"the code says {marked[0]!r}, and policy honours that"
    expired = [w for w in policy.waivers if w.expires < today and any(map(w.covers, problem.findings))]
    vain = [f"waiver {waiver.id} expired on {waiver.expires}" for waiver in expired]
    vain += [f"{marked[0]!r} in the code is not covered by a waiver"] if marked else []
    return None, "; ".join(vain)


def _waiver_for(finding: Finding, policy: Policy, today: datetime.date) -> Waiver | None:
    return next((waiver for waiver in policy.waivers if waiver.expires >= today and waiver.covers(finding)), None)


def scopes(problem: Problem, policy: Policy) -> tuple[FindingLimit, ...]:
    """The limits that a problem counts against, once for each time: those on what each gate said of it.

    What several tools report alike counts once. In a chain, where the first and the last report different things, each
    finding counts: else one more finding could join what were two problems, and lower the count.
    """
    limits = [_limit(finding.gate, finding.severity, policy) for finding in problem.findings]
    return tuple(dict.fromkeys(limits) if unanimous(problem) else limits)


def _limit(gate: str, severity: Severity, policy: Policy) -> FindingLimit:
    limits = [limit for limit in policy.thresholds if isinstance(limit, FindingLimit) and limit.severity is severity]
    own = next((limit for limit in limits if limit.gate == gate), None)
    general = next((limit for limit in limits if not limit.gate), None)
    return own or general or FindingLimit(severity=severity, most=0, origin="default")


def _weigh(problem: Problem, counts: Counter[FindingLimit], policy: Policy, note: str) -> tuple[Disposition, str]:
    """Blocking when any limit it counts against is exceeded."""
    limits = scopes(problem, policy)
    exceeded = [limit for limit in limits if limit.most is not None and counts[limit] > limit.most]
    said = f"{note}; " if note else ""
    if exceeded:
        limit = exceeded[0]
        allowed = "none is allowed" if not limit.most else f"{counts[limit]} found, {limit.most} allowed"
        return Disposition.BLOCKING, f"{said}{limit.severity.value}: {allowed} ({limit.origin})"
    return Disposition.TOLERATED, f"{said}{problem.severity.value} is tolerated ({limits[0].origin})"


def _blocks(rulings: Sequence[Ruling]) -> Iterator[Reason]:
    for ruling in rulings:
        if ruling.disposition is Disposition.BLOCKING:
            first = ruling.problem.first
            fix = next((finding.fix for finding in ruling.problem.findings if finding.fix), "")
            for gate in ruling.problem.gates:
                yield Reason(
                    gate=gate,
                    verdict=Verdict.FAIL,
                    text=f"{first.rule.id}: {first.message}",
                    where=ruling.problem.place,
                    fix=fix,
                    severity=ruling.problem.severity,
                    fingerprint=ruling.problem.fingerprint,
                )


def _outcome(limit: MeasurementLimit, results: Sequence[GateResult]) -> Outcome:
    answers = [result.answer for result in results if result.gate == limit.gate and not isinstance(result, Skipped)]
    named = [m for answer in answers for m in answer.measurements if m.name == limit.metric]
    found = [measurement for measurement in named if measurement.subject == limit.subject]
    if len(found) != 1 or found[0].unit != limit.unit:
        known = ", ".join(sorted({m.subject or "all together" for m in named})) or "nothing"
        because = f"{limit.metric} of {limit.subject or 'all together'} was not measured; measured: {known}"
        return Outcome(threshold=limit, verdict=Verdict.INCONCLUSIVE, because=because)
    measured = found[0]
    verdict, because = limit.judge(measured), _reading(measured)
    if verdict is Verdict.INCONCLUSIVE and measured.hint:
        because = f"{because}; {measured.hint}"
    return Outcome(threshold=limit, verdict=verdict, because=because, measured=measured)


def _reading(measured: Measurement) -> str:
    interval = ""
    if measured.low is not None and measured.high is not None:
        interval = (
            f", between {show(measured.low, measured.unit)} and {show(measured.high, measured.unit)} with 95 % confidence"
        )
    return f"measured {show(measured.value, measured.unit)}{interval} (n={measured.n})"


def breaches(outcomes: Sequence[Outcome]) -> Iterator[Reason]:
    """Why measurements stand in the way: thresholds that are broken, or that nobody can say are kept."""
    for outcome in outcomes:
        if outcome.verdict is not Verdict.PASS:
            text = f"{outcome.threshold.text} ({outcome.threshold.origin}): {outcome.because}"
            yield Reason(gate=outcome.threshold.gate, verdict=outcome.verdict, text=text)
