"""The files that a load test leaves, read strictly. See docs/load-format.md."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, TypeVar, cast

import msgspec

from sdlc.errors import OutputInvalid
from sdlc_gates.load.plan import FORMAT, Plan

UNFINISHED = ".part"
MOST_REQUESTS = 50_000_000
"""Of one test: each latency takes some memory to judge."""
Whole = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]
"""A count, whole microseconds, or seconds since the epoch."""
Amount = Annotated[float, msgspec.Meta(ge=0)]


class Line(msgspec.Struct, tag_field="kind", frozen=True, kw_only=True):
    """What every line of a journal has."""

    seq: Whole
    at: Amount
    """Seconds since the epoch."""


class Hello(Line, tag="hello", frozen=True):
    """The first line of an events journal."""

    distributed: bool


class Phase(Line, tag="phase", frozen=True):
    """A phase begins; one of the plan's stages says when it will have ended, and its load."""

    name: str
    start: Whole = 0
    end: Whole = 0
    users: Whole = 0
    rate: Amount = 0.0


class Problem(Line, tag="problem", frozen=True):
    """Something happened that makes the test worth nothing."""

    code: str
    text: str


class Remark(Line, tag="remark", frozen=True):
    """Something to know that blocks nothing."""

    text: str


class WorkerDone(Line, tag="worker_done", frozen=True):
    """A worker told the master that it has ended."""

    worker: Whole
    started: Whole


class EventsEnd(Line, tag="end", frozen=True):
    """The last line."""

    lines: Whole
    complete: bool


class WorkerHello(Line, tag="hello", frozen=True):
    """The first line of a worker's journal."""

    worker: Whole
    pid: int
    locust: str
    python: str


class UserError(Line, tag="user_error", frozen=True):
    """The users' own code raised."""

    text: str


class Cell(msgspec.Struct, frozen=True):
    """What became of requests of one name that began in one second; microseconds with counts."""

    start: Whole
    name: str
    ok: dict[Whole, Whole]
    failed: dict[Whole, Whole]
    censored: dict[Whole, Whole]
    dropped: Whole


class Tick(Line, tag="tick", frozen=True):
    """What happened since the last one."""

    users: Whole
    arrivals: dict[Whole, Whole]
    """Tasks that became due, by second; the open model only."""
    queued: Whole
    """Tasks that were due and waited for a free user."""
    in_flight: Whole
    lag: dict[Whole, Whole]
    busy: Amount
    """Requests under way, or waiting for a user, times the seconds that they were, over the `looked` seconds."""
    looked: Amount
    wall: Amount
    cpu: Amount
    throttled: float
    stolen: float
    machine: float
    started: dict[Whole, Whole]
    answered: Whole
    """Requests that the target replied to, with whatever status."""
    unseen: Whole
    cells: list[Cell]


class WorkerEnd(Line, tag="end", frozen=True):
    """The last line, with the sums of everything before."""

    lines: Whole
    complete: bool
    user_errors: Whole
    started: Whole
    ok: Whole
    failed: Whole
    censored: Whole
    dropped: Whole


T = TypeVar("T")
EventLine = Hello | Phase | Problem | Remark | WorkerDone | EventsEnd
WorkerLine = WorkerHello | UserError | Tick | WorkerEnd
# mypy doesn't take a union for a type that can be decoded.
EVENT_LINE: type[EventLine] = cast("type[EventLine]", EventLine)
WORKER_LINE: type[WorkerLine] = cast("type[WorkerLine]", WorkerLine)


class Probe(msgspec.Struct, frozen=True):
    """One look at the target from outside the load test."""

    at: Amount
    complaint: str
    """Empty when it answered."""


class Journal(msgspec.Struct, frozen=True):
    """One worker's lines."""

    name: str
    lines: tuple[WorkerLine, ...]
    fault: str
    """Why it is not whole; empty when it is."""


class Records(msgspec.Struct, frozen=True):
    """Everything that a test left."""

    plan: Plan
    events: tuple[EventLine, ...]
    events_fault: str
    workers: tuple[Journal, ...]
    probes: tuple[Probe, ...]


def read(files: Sequence[Path]) -> Records:
    """The records among `files`; raises `OutputInvalid` when a line is not what the format says, or the plan is missing.

    Journals that end early are read as far as they go, and say so.
    """
    events: tuple[EventLine, ...] = ()
    events_fault, plan = "it was not written", None
    workers, probes = [], []
    for file in sorted(files):
        name = file.name.removesuffix(UNFINISHED)
        if name.endswith("plan.json"):
            plan = decoded(file.read_bytes(), Plan, name)
        elif name.endswith("events.ndjson"):
            events = _lines(file, EVENT_LINE)
            events_fault = _fault(file, events)
        elif name.endswith("probes.ndjson"):
            probes = [decoded(line, Probe, name) for line in file.read_bytes().splitlines()]
        elif name.endswith(".ndjson"):
            lines = _lines(file, WORKER_LINE)
            workers.append(Journal(name=name, lines=lines, fault=_fault(file, lines)))
    if plan is None or plan.format != FORMAT:
        raise OutputInvalid("the load test left no plan.json that this version can read")
    for line in events:
        if isinstance(line, Phase) and line.end and (line.name, line.end - line.start) not in _planned(plan):
            raise OutputInvalid(
                f"the record tells of a phase {line.name!r} of {line.end - line.start} s, which was not planned"
            )
    made = sum(map(_requests, workers))
    if made > MOST_REQUESTS:
        raise OutputInvalid(f"the records tell of {made} requests; more than {MOST_REQUESTS} can't be judged")
    return Records(plan=plan, events=events, events_fault=events_fault, workers=tuple(workers), probes=tuple(probes))


def _requests(worker: Journal) -> int:
    cells = (cell for line in worker.lines if isinstance(line, Tick) for cell in line.cells)
    return sum(sum(part.values()) for cell in cells for part in (cell.ok, cell.failed, cell.censored))


def _planned(plan: Plan) -> set[tuple[str, int]]:
    return {(stage.name, stage.seconds) for stage in plan.stages}


def _lines(file: Path, shape: type[T]) -> tuple[T, ...]:
    """The whole lines; what follows the last line break was being written when the process was killed."""
    content = file.read_bytes()
    return tuple(decoded(line, shape, file.name) for line in content[: content.rfind(b"\n") + 1].splitlines())


def decoded(content: bytes, shape: type[T], name: str) -> T:
    """The content of the file `name`, or a line of it; raises `OutputInvalid` when it has another shape."""
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise OutputInvalid(f"{name} holds what no load test writes: {error}") from error


def _fault(file: Path, lines: Sequence[EventLine] | Sequence[WorkerLine]) -> str:
    last = lines[-1] if lines else None
    if file.name.endswith(UNFINISHED) or not isinstance(last, EventsEnd | WorkerEnd):
        return "its process ended before it could finish it"
    if len(lines) != last.lines or any(line.seq != number for number, line in enumerate(lines)):
        return "lines are missing from it"
    if any(after.at < before.at for before, after in itertools.pairwise(lines)):
        return "its lines are not in the order of time"
    return "" if last.complete else "its process was stopped before the test was over"
