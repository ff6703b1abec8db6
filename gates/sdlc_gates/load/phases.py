"""What phases other than the steady one tell: the knee of a step phase, the recovery after a spike, the drift of a soak."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterator

from sdlc.model import Measurement
from sdlc_gates.load import scaling, trend
from sdlc_gates.load.records import Records, Remark
from sdlc_gates.load.sample import Sample, Window
from sdlc_gates.load.steady import Steady, named


def measurements(records: Records, judged: Steady) -> Iterator[Measurement]:
    """What the plan's phases beside the judged one measured."""
    yield from _capacity(records)
    yield from _recovery(records, judged)
    yield from _drift(records)


def remarks(records: Records) -> Iterator[str]:
    """Limits of what they tell."""
    yield from (line.text for line in records.events if isinstance(line, Remark))
    fitted, steps = fit(records), step_points(records)
    if steps and fitted is None:
        yield "the throughput of the steps fits no scalability curve: three different steps at least are needed"
    elif fitted and fitted.law.knee > (most := max(step.users for step in steps)):
        yield f"no knee up to {most:.0f} users; what lies beyond was not measured and is not claimed"


def step_points(records: Records) -> list[scaling.Step]:
    """Concurrency and throughput of each step, second by second."""
    points = []
    for stage in named(records, "step"):
        answered: Counter[int] = Counter()
        for cell in stage.cells():
            answered[cell.start] += sum(cell.ok.values())
        busy = stage.users if records.plan.model == "closed" else _in_flight(stage)
        points.append(scaling.Step(users=busy, rates=tuple(float(answered[s]) for s in range(stage.start, stage.end))))
    return points


def fit(records: Records) -> scaling.Fit | None:
    """The scalability curve through the steps."""
    return scaling.fit(step_points(records))


def _in_flight(stage: Steady) -> float:
    """Requests without an answer, on average over the stage's ticks and summed over workers."""
    means = []
    for worker in stage.records.workers:
        counts = [tick.in_flight for tick in stage.ticks(worker)]
        means.append(sum(counts) / len(counts) if counts else 0.0)
    return sum(means)


def _capacity(records: Records) -> Iterator[Measurement]:
    steps = step_points(records)
    if not steps:
        return
    best = max(steps, key=lambda step: step.rate)
    n = len(steps)
    yield Measurement(name="capacity", value=best.rate, unit="per_second", n=n)
    fitted = scaling.fit(steps)
    if fitted and fitted.law.knee <= max(step.users for step in steps):
        low, high = min(fitted.knee_low, fitted.law.knee), max(fitted.knee_high, fitted.law.knee)
        yield Measurement(name="knee", value=fitted.law.knee, unit="count", n=n, low=low, high=high)


def _recovery(records: Records, judged: Steady) -> Iterator[Measurement]:
    for stage in named(records, "recovery"):
        usual = next(sample for sample in judged.samples() if not sample.subject).percentile("p95").value
        medians = [sample.at(math.ceil(sample.n / 2)) if sample.n else math.inf for sample in by_second(stage)]
        yield Measurement(name="recovery", value=trend.recovery(medians, usual), unit="seconds", n=len(medians))


def _drift(records: Records) -> Iterator[Measurement]:
    for stage in named(records, "soak"):
        whole = next((sample for sample in stage.samples() if not sample.subject), None)
        values = [_p95(window, bad) for window, bad in whole.windows] if whole else []
        if found := trend.drift(values):
            yield Measurement(name="drift", value=found.value, unit="ratio", n=len(values), low=found.low, high=found.high)


def _p95(ok: array[int], bad: int) -> float:
    sample = Sample("", [Window(ok=ok, bad=bad)], 1)
    return sample.at(math.ceil(0.95 * sample.n))


def by_second(stage: Steady) -> list[Sample]:
    """All requests of a stage, by the second they began in."""
    seconds = stage.named_windows(1).get("", {})
    return [seconds.get(second, Sample("", (), 1)) for second in range(stage.seconds)]
