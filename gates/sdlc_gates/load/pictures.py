"""What a load test looks like, as numbers for a report to draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sdlc.model import Band, Curve, Level, Measurement, Picture
from sdlc.threshold import MeasurementLimit
from sdlc_gates.load import phases
from sdlc_gates.load.records import Phase, Records
from sdlc_gates.load.sample import MILLISECOND, PERCENTILES, Sample
from sdlc_gates.load.steady import Steady

MOST_NAMES = 8
MOST_WINDOWS = 120
DISTRIBUTION_POINTS = 60
CURVE_POINTS = 40


def pictures(
    records: Records, judged: Steady, thresholds: Sequence[MeasurementLimit], measured: Sequence[Measurement]
) -> Iterator[Picture]:
    """Latency over time, the distributions that thresholds are about, and throughput against users."""
    yield latency_over_time(records, judged)
    for sample in judged.samples():
        limits = [limit for limit in thresholds if limit.subject == sample.subject and limit.metric in PERCENTILES]
        if limits or not sample.subject:
            yield distribution(sample, limits, measured)
    if steps := phases.step_points(records):
        yield throughput(records, [(step.users, step.rate) for step in steps])


def latency_over_time(records: Records, judged: Steady) -> Picture:
    """The p50 and p95 of each of the busiest names, window by window over the whole test, with its phases."""
    stages = [line for line in records.events if isinstance(line, Phase) and line.end]
    start, end = stages[0].start, max(line.end for line in stages)
    whole = Steady(start=start, end=end, users=judged.users, rate=judged.rate, records=records)
    width = max(1, math.ceil((end - start) / MOST_WINDOWS))
    busiest = sorted(whole.samples()[1:], key=lambda sample: sample.n, reverse=True)[:MOST_NAMES]
    by_window = whole.named_windows(width)
    curves = [
        Curve(name=f"{name} of {sample.subject}", points=_over_time(by_window[sample.subject], PERCENTILES[name], width))
        for sample in sorted(busiest, key=lambda sample: sample.subject)
        for name in ("p50", "p95")
    ]
    bands = tuple(Band(name=line.name, start=line.start - start, end=line.end - start) for line in stages)
    return Picture(title="Latency over time", x="time (s)", y="latency (ms)", curves=tuple(curves), bands=bands)


def _over_time(windows: dict[int, Sample], q: float, width: int) -> tuple[tuple[float, float], ...]:
    values = ((number * width, sample.at(math.ceil(q * sample.n))) for number, sample in sorted(windows.items()))
    return tuple((float(at), value) for at, value in values if math.isfinite(value))


def distribution(sample: Sample, limits: Sequence[MeasurementLimit], measured: Sequence[Measurement]) -> Picture:
    """Which share of the requests of the judged phase was at most how slow, with thresholds and percentiles drawn in."""
    shares = [round(number / DISTRIBUTION_POINTS, 4) for number in range(1, DISTRIBUTION_POINTS)] + [0.99, 0.995, 0.999]
    points = [(sample.at(max(1, math.ceil(share * sample.n))), share) for share in shares]
    levels = [level for limit in limits for level in _levels(limit, measured)]
    return Picture(
        title=f"Distribution of latency: {sample.subject or 'all requests together'}",
        x="latency (ms)",
        y="share of requests",
        curves=(Curve(name="measured", points=tuple(point for point in points if math.isfinite(point[0]))),),
        levels=tuple(levels),
        logarithmic=bool(sample.ok) and sample.ok[0] > 0 and sample.ok[-1] / MILLISECOND > 0,
    )


def _levels(limit: MeasurementLimit, measured: Sequence[Measurement]) -> Iterator[Level]:
    yield Level(name=limit.text, value=limit.bound, on_x=True)
    for found in measured:
        if (found.name, found.subject) == (limit.metric, limit.subject) and math.isfinite(found.value):
            high = found.high if found.high is not None and math.isfinite(found.high) else None
            yield Level(name=f"{found.name}, with its bounds", value=found.value, on_x=True, low=found.low, high=high)


def throughput(records: Records, points: list[tuple[float, float]]) -> Picture:
    """The steps that were measured and the curve fitted to them, drawn no further than what was measured."""
    curves, levels = [Curve(name="measured", points=tuple(sorted(points)), joined=False)], []
    most = max(users for users, _ in points)
    if fitted := phases.fit(records):
        grid = [1 + (most - 1) * number / CURVE_POINTS for number in range(CURVE_POINTS + 1)]
        curves.append(Curve(name="scalability law", points=tuple((users, fitted.law.rate(users)) for users in grid)))
        if fitted.law.knee <= most:
            high = fitted.knee_high if math.isfinite(fitted.knee_high) else None
            levels.append(Level(name="knee", value=fitted.law.knee, on_x=True, low=fitted.knee_low, high=high))
    return Picture(
        title="Throughput against users", x="users", y="answered a second", curves=tuple(curves), levels=tuple(levels)
    )
