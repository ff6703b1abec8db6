"""From the files that a load test left to the gate's answer: a pure function."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from sdlc.model import Answer, Coverage, Measurement, Missing
from sdlc.threshold import MeasurementLimit
from sdlc_gates.load import needed, validity
from sdlc_gates.load.phases import measurements, remarks
from sdlc_gates.load.pictures import pictures
from sdlc_gates.load.records import Phase, Records, Tick
from sdlc_gates.load.sample import PERCENTILES, Sample
from sdlc_gates.load.steady import Steady, steady

MOST_NAMES = 200
MODELS = {
    "closed": "closed model: latencies are service times, counted from when a user got round to asking",
    "open": "open model: latencies are counted from the moment at which a task should have begun",
}


def judge(records: Records, thresholds: Sequence[MeasurementLimit] = (), excluded: tuple[Missing, ...] = ()) -> Answer:
    """Measurements with bounds, and coverage that blocks wherever the measuring itself went wrong."""
    phase = steady(records)
    checks = validity.checks(records, phase)
    if phase is None:
        return Answer(coverage=(checks, _seconds(records, None)))
    samples = [sample for sample in phase.samples() if sample.n]
    shown = samples if len(samples) <= MOST_NAMES + 1 else _largest(samples)
    saturated = any(item.item == "generator-saturated" for item in checks.missing)
    late = lateness(phase)
    measured = [
        _advised(_doubted(measurement) if saturated else _excused(measurement, late), thresholds, sample)
        for sample in shown
        for measurement in sample.measurements()
    ]
    measured += measurements(records, phase)
    return Answer(
        measurements=tuple(measured),
        pictures=tuple(pictures(records, phase, thresholds, measured)) if samples else (),
        coverage=(checks, *covered(records, phase, excluded)),
        notes=(*_notes(phase, samples, shown), *remarks(records)),
    )


def covered(records: Records, phase: Steady, excluded: tuple[Missing, ...] = ()) -> tuple[Coverage, ...]:
    """What was measured out of what was planned."""
    return (
        _seconds(records, phase),
        _workers(records),
        _users(phase),
        _phases(records),
        _requests(phase),
        *_routes(phase, excluded),
    )


def _largest(samples: list[Sample]) -> list[Sample]:
    kept = sorted(samples[1:], key=lambda sample: sample.n, reverse=True)[:MOST_NAMES]
    return [samples[0], *sorted(kept, key=lambda sample: sample.subject)]


def _doubted(measurement: Measurement) -> Measurement:
    """A latency that a struggling generator measured: the truth may be anything below."""
    return msgspec.structs.replace(measurement, low=0.0) if measurement.unit == "ms" else measurement


def lateness(phase: Steady) -> dict[str, float]:
    """For each percentile of latencies, by how many milliseconds a generator may have made it too high: its own lateness."""
    ticks = [tick for worker in phase.records.workers for tick in phase.ticks(worker)]
    return {name: 1000 * validity.loop_lag(ticks, min(1 - q, 0.01)) for name, q in PERCENTILES.items()}


def _excused(measurement: Measurement, late: dict[str, float]) -> Measurement:
    """With the generator's own lateness taken off its lower bound, so that no threshold is broken by that alone."""
    if measurement.name not in late or measurement.low is None:
        return measurement
    return msgspec.structs.replace(measurement, low=max(0.0, measurement.low - late[measurement.name]))


def _advised(measurement: Measurement, thresholds: Sequence[MeasurementLimit], sample: Sample) -> Measurement:
    """The measurement with what its threshold would need, where that is undecided."""
    for limit in thresholds:
        if limit.metric == measurement.name and limit.subject == measurement.subject:
            return msgspec.structs.replace(measurement, hint=needed.hint(measurement, limit, sample))
    return measurement


def _seconds(records: Records, phase: Steady | None) -> Coverage:
    """Seconds of the judged phase that the records of all workers of the plan reach to."""
    measured, expected = 0, records.plan.duration
    if phase and len(records.workers) == records.plan.workers:
        # Each tick says what happened since the one before, so nothing is missing up to the last.
        reached = min(
            max((tick.at for tick in worker.lines if isinstance(tick, Tick)), default=0.0) for worker in records.workers
        )
        measured = max(0, min(expected, math.floor(reached) - phase.start))
    missing = (
        () if measured == expected else (Missing(item=f"{expected - measured} s", reason="not every worker reported then"),)
    )
    return Coverage(what="seconds of steady load", measured=measured, expected=expected, missing=missing)


def _workers(records: Records) -> Coverage:
    whole = sum(validity.ended(worker) is not None for worker in records.workers)
    return Coverage(what="workers", measured=min(whole, records.plan.workers), expected=records.plan.workers)


def _phases(records: Records) -> Coverage:
    begun = sum(isinstance(line, Phase) and line.end > 0 for line in records.events)
    return Coverage(what="phases", measured=min(begun, len(records.plan.stages)), expected=len(records.plan.stages))


def _users(phase: Steady) -> Coverage:
    asked = phase.users
    return Coverage(what="users", measured=min(validity.users_reached(phase), asked), expected=asked)


def _requests(phase: Steady) -> Coverage:
    """Requests that were answered or failed, out of those that began; dropped ones have a check of their own."""
    became = phase.outcomes()
    started = phase.started() - became["dropped"]
    cut = Missing(item=f"{became['censored']} requests", reason="without an answer, or not reported, when the test ended")
    return Coverage(
        what="requests",
        measured=min(became["ok"] + became["failed"], started),
        expected=started,
        missing=(cut,) if became["censored"] else (),
    )


def _routes(phase: Steady, excluded: tuple[Missing, ...]) -> tuple[Coverage, ...]:
    asked = {request.subject for request in phase.records.plan.requests}
    made = {cell.name for cell in phase.cells()}
    if not asked:
        return ()
    missing = tuple(Missing(item=name, reason="no request was made to it") for name in sorted(asked - made))
    return (Coverage(what="routes", measured=len(asked & made), expected=len(asked), missing=missing, excluded=excluded),)


def _notes(phase: Steady, samples: list[Sample], shown: list[Sample]) -> list[str]:
    notes = [MODELS[phase.records.plan.model], *(remark for sample in shown if (remark := sample.remark()))]
    if len(shown) < len(samples):
        notes.append(
            f"{len(samples) - len(shown)} of {len(samples) - 1} request names are counted in the whole only; group them"
        )
    if phase.seconds < 2 * phase.window:
        notes.append("the steady phase is too short to see whether slow requests come in bursts")
    unseen = sum(tick.unseen for worker in phase.records.workers for tick in phase.ticks(worker) if isinstance(tick, Tick))
    if unseen:
        notes.append(f"{unseen} requests of clients other than Locust's HTTP clients: those cut off at the end are not known")
    lag = max((validity.loop_lag(phase.ticks(worker)) for worker in phase.records.workers), default=math.nan)
    notes.append(f"the load generator's clockwork was at most {lag * 1000:.1f} ms late (99th percentile)")
    return notes
