"""What a policy demands, and what a decision says: frozen, and written to and read from `run.json` as it is."""

from __future__ import annotations

import datetime
import enum
import fnmatch

from sdlc.identity import Problem
from sdlc.model import Finding, Frozen, Measurement, PackageLocation, Severity, SourceLocation, Verdict
from sdlc.threshold import MeasurementLimit, Threshold


class Suppressions(enum.Enum):
    """What a comment in the scanned code that asks to be ignored is worth."""

    WAIVER = "waiver"
    """Nothing, unless a waiver covers the finding too."""
    HONOUR = "honour"
    """The finding is shown and does not block."""


class Waiver(Frozen, frozen=True):
    """An accepted risk: someone answers for it, for a reason, until a day."""

    id: str
    reason: str
    approved_by: str
    expires: datetime.date
    """The last day on which it holds, in UTC."""
    fingerprint: str = ""
    rule: str = ""
    """Together with `path`, instead of a fingerprint."""
    path: str = ""
    """Shell pattern for a source path, a package's name or a URL."""

    def covers(self, finding: Finding) -> bool:
        """Whether it was written for this finding."""
        if self.fingerprint:
            return self.fingerprint == finding.fingerprint
        where = _waivable_place(finding)
        return bool(self.rule and self.path) and self.rule == finding.rule.id and fnmatch.fnmatchcase(where, self.path)


class CoverageFloor(Frozen, frozen=True):
    """The least share of what it should have measured that a gate must have measured."""

    gate: str
    ratio: float
    origin: str


class Policy(Frozen, frozen=True):
    """Everything a verdict depends on beside the results."""

    required: tuple[str, ...]
    """Gates that must answer."""
    thresholds: tuple[Threshold, ...] = ()
    floors: tuple[CoverageFloor, ...] = ()
    """A gate without one must have measured everything."""
    suppressions: Suppressions = Suppressions.WAIVER
    waivers: tuple[Waiver, ...] = ()
    prove: bool = False
    """Whether each gate must have caught its canary in this run."""


class Disposition(enum.Enum):
    """What was decided about a problem."""

    BLOCKING = "blocking"
    TOLERATED = "tolerated"
    WAIVED = "waived"
    SUPPRESSED = "suppressed"


class Ruling(Frozen, frozen=True):
    """A problem, and what was decided about it, and why."""

    problem: Problem
    disposition: Disposition
    because: str


class Outcome(Frozen, frozen=True):
    """What became of a threshold on a measurement."""

    threshold: MeasurementLimit
    verdict: Verdict
    because: str
    measured: Measurement | None = None


class Reason(Frozen, frozen=True):
    """One thing that stands in the way of a release."""

    gate: str
    verdict: Verdict
    text: str
    where: str = ""
    """file:line, package or URL."""
    fix: str = ""
    severity: Severity | None = None
    fingerprint: str = ""


class Judgement(Frozen, frozen=True):
    """The verdict over one gate."""

    gate: str
    verdict: Verdict


class Decision(Frozen, frozen=True):
    """The verdict, and everything it was drawn from; nothing is dropped."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    """The most severe first."""
    judgements: tuple[Judgement, ...]
    rulings: tuple[Ruling, ...]
    outcomes: tuple[Outcome, ...]
    unused_waivers: tuple[str, ...] = ()


def _waivable_place(finding: Finding) -> str:
    match finding.location:
        case SourceLocation(path=path):
            return path
        case PackageLocation(name=name):
            return name
        case endpoint:
            return endpoint.url
