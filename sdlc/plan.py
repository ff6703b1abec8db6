"""What a run does: gates as a graph, each with its limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sdlc.gate import Gate
from sdlc.model import Stage
from sdlc.policy import Policy
from sdlc.target import TargetPlan


@dataclass(frozen=True, slots=True)
class Step:
    """One gate of a plan."""

    gate: Gate
    needs: tuple[str, ...]
    deadline: float
    """Seconds."""
    memory: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs, over what, and what it is judged by."""

    root: Path
    name: str
    """Of the project."""
    stage: Stage
    steps: tuple[Step, ...]
    policy: Policy
    exclude: tuple[str, ...] = ()
    target: TargetPlan | None = None
    origin: str = ""
    """The configuration's path."""
    beside: Path | None = None
    """Its folder; None when that is the project."""
    left_out: tuple[str, ...] = ()
    """Why the verdict is not over the whole release."""
