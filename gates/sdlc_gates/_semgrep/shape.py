"""The shape of the report that `semgrep scan --json --time --debug` writes (1.182)."""

from __future__ import annotations

from typing import Any

import msgspec


class Position(msgspec.Struct):
    """Where something begins or ends."""

    line: int


class Extra(msgspec.Struct):
    """What a rule says about a result."""

    message: str
    severity: str
    metadata: dict[str, Any]
    fix: str | None = None


class Result(msgspec.Struct):
    """One entry of `results`."""

    check_id: str
    path: str
    start: Position
    end: Position
    extra: Extra


class Fault(msgspec.Struct):
    """One entry of `errors`."""

    code: int
    level: str
    type: str | list[Any]
    message: str = ""
    rule_id: str = ""
    path: str = ""

    @property
    def kind(self) -> str:
        """The word for what went wrong; some come with details in a list."""
        return self.type if isinstance(self.type, str) else str(next(iter(self.type), ""))


class Place(msgspec.Struct):
    """A file, as the core names it."""

    path: str


class Overrun(msgspec.Struct):
    """A function that the core gave up on; it is told nowhere else, and its findings are lost."""

    error_type: str
    message: str
    location: Place


class Timed(msgspec.Struct):
    """A file that the core read in one language."""

    path: str


class Time(msgspec.Struct):
    """What `--time` adds."""

    rules: list[str]
    """Ids of the rules that had something to read."""
    targets: list[Timed]
    fixpoint_timeouts: list[Overrun]


class Report(msgspec.Struct):
    """All of it that is read."""

    version: str
    results: list[Result]
    errors: list[Fault]
    time: Time | None = None
    """Absent only where it failed altogether."""
    skipped_rules: tuple[Any, ...] = ()
