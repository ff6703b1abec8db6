"""A run: what was asked, what was answered, and what was decided. Stored as `run.json`."""

from __future__ import annotations

import datetime
from typing import Annotated

import msgspec

from sdlc.model import Family, Frozen, GateResult, Stage
from sdlc.policy import Decision, Policy

FORMAT = 1
Moment = Annotated[datetime.datetime, msgspec.Meta(tz=True)]
"""A point in time that is the same on every machine."""


class PlannedGate(Frozen, frozen=True):
    """A gate as it was configured."""

    id: str
    kind: str
    family: Family
    summary: str
    tool: str = ""
    version: str = ""
    """Empty where the tool was not found."""


class Subject(Frozen, frozen=True):
    """What a verdict is about."""

    name: str
    commit: str = ""
    """The git commit that was checked out; empty where git knows none."""
    modified: bool = False
    """Whether the work tree differed from that commit."""


class Run(Frozen, frozen=True):
    """Everything that a report shows and that a verdict can be drawn from again."""

    format: int
    """`FORMAT`, so that a later version knows what it reads."""
    id: str
    version: str
    """Of this project."""
    subject: Subject
    stage: Stage
    started: Moment
    ended: Moment
    gates: tuple[PlannedGate, ...]
    results: tuple[GateResult, ...]
    policy: Policy
    decision: Decision
    config: str = ""
    """Where the configuration came from."""
    partial: tuple[str, ...] = ()
    """Why this is not a verdict over the whole release: gates that were left out, or only changed files judged."""
    remarks: tuple[str, ...] = ()
    """What a reviewer should know beside the verdict."""
