"""What a release must keep to, and the verdict drawn from it."""

from sdlc.policy.deciding import breaches, decide, scopes, shortfall
from sdlc.policy.terms import (
    CoverageFloor,
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

__all__ = [
    "CoverageFloor",
    "Decision",
    "Disposition",
    "Judgement",
    "Outcome",
    "Policy",
    "Reason",
    "Ruling",
    "Suppressions",
    "Waiver",
    "breaches",
    "decide",
    "scopes",
    "shortfall",
]
