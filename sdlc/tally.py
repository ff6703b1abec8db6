"""One problem once, however many findings and gates report it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from sdlc.identity import Problem
from sdlc.model import Severity
from sdlc.policy import Reason


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing that stands in the way of a release, whichever gates reported it."""

    reason: Reason
    gates: tuple[str, ...]

    @property
    def rule(self) -> str:
        """The id of the rule that a finding breaks."""
        return self.reason.text.partition(": ")[0]


def obstacles(reasons: Iterable[Reason]) -> tuple[Obstacle, ...]:
    """The reasons for a verdict in their order; one problem that several gates report is one entry."""
    merged: dict[object, list[Reason]] = {}
    for number, reason in enumerate(reasons):
        merged.setdefault(reason.fingerprint or number, []).append(reason)
    return tuple(Obstacle(same[0], tuple(reason.gate for reason in same if reason.gate)) for same in merged.values())


def found_by(gate: str, problems: Iterable[Problem]) -> tuple[tuple[Severity, int], ...]:
    """How many problems a gate reported, by the highest severity that it gave each; the most severe first, zeros left out."""
    given = [[finding.severity for finding in problem.findings if finding.gate == gate] for problem in problems]
    counts = Counter(max(severities) for severities in given if severities)
    return tuple((severity, counts[severity]) for severity in reversed(Severity) if counts[severity])
