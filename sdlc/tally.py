"""Counting what gates found: one problem once, however many findings report it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sdlc.identity import Problem
from sdlc.model import Severity


def found_by(gate: str, problems: Iterable[Problem]) -> tuple[tuple[Severity, int], ...]:
    """How many problems a gate reported, by the highest severity that it gave each; the most severe first, zeros left out."""
    given = [[finding.severity for finding in problem.findings if finding.gate == gate] for problem in problems]
    counts = Counter(max(severities) for severities in given if severities)
    return tuple((severity, counts[severity]) for severity in reversed(Severity) if counts[severity])
