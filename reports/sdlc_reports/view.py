"""What several formats say about a run, drawn from it once."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sdlc import tally
from sdlc.model import (
    Canary,
    Completed,
    Coverage,
    Errored,
    Evidence,
    Family,
    GateResult,
    Severity,
    Skipped,
    SourceLocation,
    Verdict,
)
from sdlc.policy import Disposition, Reason, Ruling, Waiver, breaches, scopes, shortfall
from sdlc.run import PlannedGate, Run
from sdlc.tally import Obstacle, found_by
from sdlc.threshold import FindingLimit
from sdlc_reports.wording import count

EXCUSED = (Disposition.WAIVED, Disposition.SUPPRESSED)
MEANING = {
    Verdict.PASS: "Every required gate answered, covered what it should, and every threshold is kept.",
    Verdict.FAIL: "At least one threshold is broken. This must not be released.",
    Verdict.INCONCLUSIVE: "Not everything could be answered, and no answer is never a pass. This must not be released.",
}
_ATTENTION = (Disposition.BLOCKING, Disposition.WAIVED, Disposition.SUPPRESSED, Disposition.TOLERATED)


@dataclass(frozen=True, slots=True)
class Covered:
    """A coverage, and why it is not enough."""

    coverage: Coverage
    shortfall: str

    @property
    def ratio(self) -> float:
        """Share of what should have been measured, from 0 to 1."""
        if self.coverage.expected <= 0:
            return 0.0
        return max(0.0, min(1.0, self.coverage.measured / self.coverage.expected))


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate: what it was to do, and what became of it."""

    id: str
    planned: PlannedGate | None
    verdict: Verdict | None
    """None when nothing about it was decided."""
    state: str
    """`answered`, `could not answer`, `skipped`, `not affected`, `did not run`."""
    said: str
    """Why, when it did not answer."""
    fix: str
    results: tuple[GateResult, ...]
    counts: tuple[tuple[Severity, int], ...]
    """Problems by the severity that this gate gave them, the most severe first, zeros left out."""
    coverage: tuple[Covered, ...]
    doubts: tuple[Reason, ...]
    """Why its answer, if any, is not complete."""

    @property
    def family(self) -> Family:
        """What kind of evidence it brings."""
        return self.planned.family if self.planned else Family.OTHER

    @property
    def tool(self) -> str:
        """Name and version of its tool, as far as known."""
        if self.planned is None:
            return ""
        return f"{self.planned.tool} {self.planned.version or '(not found)'}" if self.planned.tool else ""

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(result.seconds for result in self.results if not isinstance(result, Skipped))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Every run of its tool."""
        return tuple(item for result in self.results if not isinstance(result, Skipped) for item in result.evidence)

    @property
    def notes(self) -> tuple[str, ...]:
        """Its own remarks."""
        return tuple(note for result in self.results if not isinstance(result, Skipped) for note in result.answer.notes)

    @property
    def suppressions(self) -> tuple[SourceLocation, ...]:
        """Comments in the scanned code that asked its tool to look away."""
        answers = [result.answer for result in self.results if not isinstance(result, Skipped)]
        return tuple(place for answer in answers for place in answer.suppressions)

    @property
    def canaries(self) -> tuple[Canary, ...]:
        """Whether it caught the planted defect; empty when none was planted."""
        return tuple(result.canary for result in self.results if isinstance(result, Completed) and result.canary)


@dataclass(frozen=True, slots=True)
class LimitView:
    """A limit on findings that is in force, and how many problems count against it."""

    limit: FindingLimit
    counted: int

    @property
    def broken(self) -> bool:
        """Whether more count than are allowed."""
        return self.limit.most is not None and self.counted > self.limit.most


@dataclass(frozen=True, slots=True)
class WaiverView:
    """An accepted risk, and what it does in this run."""

    waiver: Waiver
    problems: int
    """How many problems it was written for."""
    expired: bool


def gate_views(run: Run) -> tuple[GateView, ...]:
    """Every gate that was planned, required, or answered."""
    planned = {gate.id: gate for gate in run.gates}
    verdicts = {judgement.gate: judgement.verdict for judgement in run.decision.judgements}
    names = dict.fromkeys([*planned, *verdicts, *(result.gate for result in run.results)])
    return tuple(_gate_view(run, id, planned.get(id), verdicts.get(id)) for id in names)


def _gate_view(run: Run, id: str, planned: PlannedGate | None, verdict: Verdict | None) -> GateView:
    results = tuple(result for result in run.results if result.gate == id)
    state, said, fix = _state(results)
    answers = [result.answer for result in results if not isinstance(result, Skipped)]
    return GateView(
        id=id,
        planned=planned,
        verdict=verdict,
        state=state,
        said=said,
        fix=fix,
        results=results,
        counts=found_by(id, (ruling.problem for ruling in run.decision.rulings)),
        coverage=tuple(Covered(item, shortfall(id, item, run.policy)) for answer in answers for item in answer.coverage),
        doubts=tuple(doubt for doubt in doubts(run) if doubt.gate == id),
    )


def _state(results: Sequence[GateResult]) -> tuple[str, str, str]:
    if not results:
        return "did not run", "", ""
    match results[0]:
        case Errored(fault=fault, reason=reason, fix=fix):
            return "could not answer", f"{fault}: {reason}", fix
        case Skipped(reason=reason, unaffected=True):
            return "not affected", reason, ""
        case Skipped(reason=reason):
            return "skipped", reason, ""
        case Completed():
            return "answered", "", ""


def doubts(run: Run) -> tuple[Reason, ...]:
    """Why the results are not a complete answer, whatever they say; thresholds are not among them."""
    measured = set(breaches(run.decision.outcomes))
    reasons = [reason for reason in run.decision.reasons if reason.verdict is Verdict.INCONCLUSIVE]
    return tuple(reason for reason in reasons if reason not in measured)


def obstacles(run: Run) -> tuple[Obstacle, ...]:
    """The reasons for the verdict, the most severe first; one problem that several gates report is one entry."""
    return tally.obstacles(run.decision.reasons)


def rulings(run: Run) -> tuple[Ruling, ...]:
    """Every problem, those that block first, and then the most severe."""
    return tuple(sorted(run.decision.rulings, key=lambda ruling: _ATTENTION.index(ruling.disposition)))


def limit_views(run: Run) -> tuple[LimitView, ...]:
    """Every limit on findings, whether set or by default, in the order of severity."""
    limits = [limit for limit in run.policy.thresholds if isinstance(limit, FindingLimit)]
    general = {limit.severity for limit in limits if not limit.gate}
    limits += [FindingLimit(severity=severity, most=0, origin="default") for severity in Severity if severity not in general]
    counted = Counter(
        limit
        for ruling in run.decision.rulings
        if ruling.disposition not in EXCUSED
        for limit in scopes(ruling.problem, run.policy)
    )
    ordered = sorted(limits, key=lambda limit: (limit.gate, -limit.severity.rank))
    return tuple(LimitView(limit, counted[limit]) for limit in ordered)


def waiver_views(run: Run) -> tuple[WaiverView, ...]:
    """Every waiver of the policy."""
    today = run.started.astimezone(datetime.UTC).date()
    problems = [ruling.problem for ruling in run.decision.rulings]
    return tuple(
        WaiverView(
            waiver=waiver,
            problems=sum(any(map(waiver.covers, problem.findings)) for problem in problems),
            expired=waiver.expires < today,
        )
        for waiver in run.policy.waivers
    )


def summary(run: Run) -> str:
    """The verdict's reasons, counted, in a sentence."""
    all = obstacles(run)
    blocking = sum(bool(obstacle.reason.fingerprint) for obstacle in all)
    broken = sum(outcome.verdict is Verdict.FAIL for outcome in run.decision.outcomes)
    unanswered = sum(obstacle.reason.verdict is Verdict.INCONCLUSIVE for obstacle in all)
    parts = [
        count(blocking, "finding blocks", "findings block") if blocking else "",
        count(broken, "performance threshold is broken", "performance thresholds are broken") if broken else "",
        count(unanswered, "question has no answer", "questions have no answer") if unanswered else "",
    ]
    said = [part for part in parts if part]
    return (", ".join(said) if said else "nothing stands in the way") + "."
