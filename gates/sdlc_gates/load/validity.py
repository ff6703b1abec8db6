"""Whether the measuring itself worked: checks that come before every threshold, each with a code."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator

from sdlc.model import Coverage, Missing
from sdlc_gates.load import behaviour
from sdlc_gates.load.records import Cell, Journal, Problem, Records, Tick, UserError, WorkerEnd
from sdlc_gates.load.steady import Steady, named

MAX_CPU = 0.9
MAX_THROTTLED = 0.01
MAX_STOLEN = 0.1
SHOWN = 3
PROBLEMS = ("spawn-not-reached", "worker-differs", "clock-skew", "test-cut-short")


def checks(records: Records, phase: Steady | None) -> Coverage:
    """All checks; those that failed are missing from the coverage, with the code as item and the reason."""
    whole: tuple[tuple[str, Callable[[Records], Iterator[str]]], ...] = (
        ("records-incomplete", _incomplete),
        *((code, functools.partial(_problems, code)) for code in PROBLEMS),
        ("worker-lost", _lost),
        ("user-code-raised", _raised),
        ("accounting-off", _accounting),
        ("smoke-failed", _smoke),
    )
    judged: tuple[tuple[str, Callable[[Steady], Iterator[str]]], ...] = (
        ("zero-requests", _zero),
        ("all-failed", _all_failed),
        ("users-missing", _users),
        ("generator-saturated", _saturated),
        ("rate-not-reached", behaviour.rate_missed),
        ("arrivals-dropped", behaviour.dropped),
        ("littles-law", behaviour.littles_law),
        ("target-stalled", behaviour.stalled),
        ("non-stationary", behaviour.non_stationary),
        ("target-down", _down),
    )
    failed = [Missing(item=code, reason="; ".join(found)) for code, check in whole if (found := list(check(records)))]
    for code, check in judged:
        reasons = list(check(phase)) if phase else ["there was no steady phase"]
        failed += [Missing(item=code, reason="; ".join(reasons))] if reasons else []
    total = len(whole) + len(judged)
    return Coverage(what="validity checks", measured=total - len(failed), expected=total, missing=tuple(failed))


def ended(worker: Journal) -> WorkerEnd | None:
    """The last line of a whole journal."""
    last = worker.lines[-1] if worker.lines and not worker.fault else None
    return last if isinstance(last, WorkerEnd) else None


def _incomplete(records: Records) -> Iterator[str]:
    if records.events_fault:
        yield f"the record of events: {records.events_fault}"


def _problems(code: str, records: Records) -> Iterator[str]:
    """What the leading process noticed; a code that isn't known counts as the last."""
    for line in records.events:
        if isinstance(line, Problem) and code == (line.code if line.code in PROBLEMS else PROBLEMS[-1]):
            yield line.text


def _lost(records: Records) -> Iterator[str]:
    whole = sum(ended(worker) is not None for worker in records.workers)
    if whole != records.plan.workers or len(records.workers) != records.plan.workers:
        yield f"{whole} of {records.plan.workers} workers left a whole record"
    yield from (f"{worker.name}: {worker.fault}" for worker in records.workers if worker.fault)


def _raised(records: Records) -> Iterator[str]:
    texts = Counter(line.text for worker in records.workers for line in worker.lines if isinstance(line, UserError))
    yield from (f"{text} ({count} times)" if count > 1 else text for text, count in texts.most_common(SHOWN))


def _accounting(records: Records) -> Iterator[str]:
    for worker in records.workers:
        if end := ended(worker):
            ticks = [line for line in worker.lines if isinstance(line, Tick)]
            begun = sum(count for tick in ticks for count in tick.started.values())
            became = sum(
                sum(cell.ok.values()) + sum(cell.failed.values()) + sum(cell.censored.values()) + cell.dropped
                for tick in ticks
                for cell in tick.cells
            )
            if not begun == became == end.started == end.ok + end.failed + end.censored + end.dropped:
                yield f"{worker.name}: {begun} requests were started, {became} accounted for, {end.started} claimed"
            if strange := sum(not _in_time(cell, worker.lines[0].at, tick.at) for tick in ticks for cell in tick.cells):
                yield f"{worker.name}: {strange} counts are of seconds in which it did not run"


def _in_time(cell: Cell, began: float, told: float) -> bool:
    return int(began) <= cell.start <= told


def _smoke(records: Records) -> Iterator[str]:
    """Everything that is asked for must be answered once before there is any sense in load."""
    for stage in named(records, "smoke"):
        yield from _zero(stage)
        yield from _all_failed(stage)


def _zero(phase: Steady) -> Iterator[str]:
    asked = {request.subject for request in phase.records.plan.requests}
    made = {cell.name for cell in phase.cells() if cell.ok or cell.failed or cell.censored or cell.dropped}
    if not made:
        yield "no request was made"
    elif asked - made:
        yield f"no request was made to {', '.join(sorted(asked - made)[:SHOWN])}"


def _all_failed(phase: Steady) -> Iterator[str]:
    """A target that only fails was not measured, whether or not a threshold says how often it may."""
    made = {cell.name for cell in phase.cells()}
    answered = {cell.name for cell in phase.cells() if cell.ok}
    # A Locust file may well ask for what must fail.
    planned = made & {request.subject for request in phase.records.plan.requests}
    if made and not answered:
        yield "not one request was answered without error"
    elif planned - answered:
        yield f"not one request was answered without error to {', '.join(sorted(planned - answered)[:SHOWN])}"


def _users(phase: Steady) -> Iterator[str]:
    reached = users_reached(phase)
    if reached != phase.users:
        yield f"{reached} of {phase.users} users were running"


def users_reached(phase: Steady) -> int:
    """The fewest users that ran at any moment of the steady phase, over all workers."""
    running = [[tick.users for tick in phase.ticks(worker) if tick.at < phase.end] for worker in phase.records.workers]
    return sum(min(users, default=0) for users in running)


def _saturated(phase: Steady) -> Iterator[str]:
    for worker in phase.records.workers:
        ticks = phase.ticks(worker)
        lag, wall = loop_lag(ticks), sum(tick.wall for tick in ticks) or 1.0
        if lag > phase.records.plan.max_loop_lag:
            yield f"{worker.name}: its clockwork was {lag * 1000:.0f} ms late (99th percentile)"
        if (cpu := sum(tick.cpu for tick in ticks) / wall) > MAX_CPU:
            yield f"{worker.name}: it used {cpu:.0%} of a processor"
        if (throttled := sum(tick.throttled for tick in ticks) / wall) > MAX_THROTTLED:
            yield f"{worker.name}: its control group was throttled {throttled:.0%} of the time"
        if (stolen := sum(tick.stolen for tick in ticks) / (sum(tick.machine for tick in ticks) or 1)) > MAX_STOLEN:
            yield f"{worker.name}: {stolen:.0%} of the machine's processor time was taken by its host"


def loop_lag(ticks: list[Tick], beyond: float = 0.01) -> float:
    """How late the generator's ticks were, in seconds: but for this share of them, not later."""
    lag: Counter[int] = Counter()
    for tick in ticks:
        lag.update(tick.lag)
    rest = beyond * lag.total()
    for late in sorted(lag, reverse=True):
        rest -= lag[late]
        if rest < 0:
            return late / 1_000_000
    return 0.0


def _down(phase: Steady) -> Iterator[str]:
    probes = [probe for probe in phase.records.probes if phase.start <= probe.at < phase.end]
    bad = [probe for probe in probes if probe.complaint]
    if bad:
        yield f"{len(bad)} of {len(probes)} probes from outside found it down: {bad[0].complaint}"
    if not probes and phase.seconds >= 5:
        yield "it was not probed from outside"
