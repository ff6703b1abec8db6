"""What Schemathesis (4.32) writes with `--report ndjson`: one event a line, read strictly."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.gate import decode

Status = Literal["success", "failure", "error", "interrupted", "skip"]
StopReason = Literal["completed", "interrupted", "failure_limit", "max_time", "server_unavailable"]
SURROGATE = b"\\ud"
# Written for who watches a run; none of them holds an answer.
UNREAD = frozenset(
    {
        "LoadingStarted",
        "EngineStarted",
        "PhaseStarted",
        "SuiteStarted",
        "ScenarioStarted",
        "SuiteFinished",
        "RateLimitRetry",
        "SchemaAnalysisWarnings",
        "Interrupted",
    }
)


class Content(msgspec.Struct):
    """Bytes."""

    base64: str = msgspec.field(name="$base64")

    def bytes(self) -> bytes:
        """The bytes; raises `OutputInvalid` when that is no base64."""
        try:
            return base64.b64decode(self.base64)
        except (binascii.Error, ValueError) as error:
            raise OutputInvalid(f"the report holds bytes that can't be decoded: {error}") from error


class Sent(msgspec.Struct):
    """A request as it was sent, its credentials filtered."""

    method: str
    uri: str
    headers: dict[str, list[str]]
    body: Content | None = None


class Got(msgspec.Struct):
    """A reply."""

    status_code: int
    headers: dict[str, list[str]]
    content: Content | None = None


class Interaction(msgspec.Struct):
    """A request and its reply; None where there was none."""

    request: Sent
    response: Got | None = None


class Case(msgspec.Struct):
    """What a request was made for."""

    method: str
    path: str
    """The template."""

    @property
    def label(self) -> str:
        """The operation's name."""
        return f"{self.method.upper()} {self.path}"


class CaseNode(msgspec.Struct):
    """A case, and the one that led to it."""

    value: Case
    parent_id: str | None = None


class Failure(msgspec.Struct):
    """How a check failed."""

    type: str
    code: str
    operation: str | None
    title: str
    message: str
    case_id: str | None


class FailureInfo(msgspec.Struct):
    """Around a failure."""

    failure: Failure


class CheckNode(msgspec.Struct):
    """A check of a reply."""

    name: str
    status: Status
    failure_info: FailureInfo | None = None


class Recorder(msgspec.Struct):
    """Everything of a scenario, by the ids of its cases."""

    label: str
    cases: dict[str, CaseNode] = {}
    checks: dict[str, list[CheckNode]] = {}
    interactions: dict[str, Interaction] = {}
    filtered_failures: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Refuse requests and checks of a case that isn't told of."""
        if lost := {*self.checks, *self.interactions} - self.cases.keys():
            raise ValueError(f"it holds requests or checks of the case {min(lost)!r}, and not the case")


class Scenario(msgspec.Struct):
    """The end of a scenario: one operation in a phase, or a walk through several."""

    phase: str
    status: Status
    recorder: Recorder
    skip_reason: str | None = None


class PhaseName(msgspec.Struct):
    """A phase."""

    name: str


class Phase(msgspec.Struct):
    """The end of a phase."""

    phase: PhaseName
    status: Status


class Fault(msgspec.Struct):
    """An exception of Schemathesis's own."""

    message: str
    type: str


class NonFatal(msgspec.Struct):
    """What kept it from testing something."""

    value: Fault
    label: str
    related_to_operation: bool
    phase: str | None = None


class Fatal(msgspec.Struct):
    """What ended it early."""

    exception: Fault


class Begun(msgspec.Struct):
    """The first line."""

    schemathesis_version: str
    seed: int


class Counted(msgspec.Struct):
    """How many operations there are, and how many it was asked to test."""

    total: int
    selected: int


class Statistic(msgspec.Struct):
    """What a description holds."""

    operations: Counted


class Loaded(msgspec.Struct):
    """It has read the description."""

    statistic: Statistic


class Ended(msgspec.Struct):
    """The last line."""

    stop_reason: StopReason
    failures: list[Failure] = []


@dataclass(frozen=True, slots=True)
class Report:
    """What a run wrote."""

    version: str
    scenarios: tuple[Scenario, ...]
    phases: tuple[Phase, ...]
    faults: tuple[NonFatal, ...]
    fatal: str
    """What ended the run early; empty when nothing did."""
    loaded: Loaded | None
    ended: Ended | None
    """None where the file ends before the run did."""


def read(path: Path, *, cut: bool = False) -> Report:
    """Every event of the file, one that was cut off while it was written aside if `cut`.

    Raises `OutputInvalid` when a line is none that this version writes.
    """
    lines = (line for line in _lines(path) if not cut or line.endswith(b"\n"))
    begun, *rest = [event for line in lines if (event := _event(line)) is not None] or [None]
    if not isinstance(begun, Begun):
        raise OutputInvalid("the report does not begin as Schemathesis begins one")
    return Report(
        version=begun.schemathesis_version,
        scenarios=_all(rest, Scenario),
        phases=_all(rest, Phase),
        faults=_all(rest, NonFatal),
        fatal=next((f"{fatal.exception.type}: {fatal.exception.message}" for fatal in _all(rest, Fatal)), ""),
        loaded=next(iter(_all(rest, Loaded)), None),
        ended=next(iter(_all(rest[-1:], Ended)), None),
    )


T = TypeVar("T")
SHAPES: dict[str, type] = {
    "Initialize": Begun,
    "LoadingFinished": Loaded,
    "PhaseFinished": Phase,
    "ScenarioFinished": Scenario,
    "NonFatalError": NonFatal,
    "FatalError": Fatal,
    "EngineFinished": Ended,
}


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _event(line: bytes) -> object:
    """The event of a line; None for one that holds no answer."""
    named = decode(_whole_letters(line), dict[str, msgspec.Raw])
    if len(named) != 1:
        raise OutputInvalid(f"a line of the report holds {len(named)} events")
    ((name, content),) = named.items()
    if name in UNREAD:
        return None
    if name not in SHAPES:
        raise OutputInvalid(f"the report holds an event that this gate doesn't know: {name!r}")
    found: object = decode(bytes(content), SHAPES[name])
    return found


def _whole_letters(line: bytes) -> bytes:
    """The line with a question mark for each half of a surrogate pair, which a target may send and JSON can't hold."""
    if SURROGATE not in line.lower():
        return line
    try:
        return json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError) as error:
        raise OutputInvalid(f"a line of the report is no JSON: {error}") from error


def _all(events: list[object], shape: type[T]) -> tuple[T, ...]:
    return tuple(event for event in events if isinstance(event, shape))
