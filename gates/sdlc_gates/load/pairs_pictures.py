"""What a comparison looks like, as numbers for a report to draw."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sdlc.model import Curve, Level, Measurement, Picture
from sdlc.threshold import MeasurementLimit
from sdlc_gates.load.contrast import LOSS, SLOWDOWNS, Contrast

PERCENT = 100


def pictures(
    contrasts: Sequence[Contrast], thresholds: Sequence[MeasurementLimit], measured: Sequence[Measurement]
) -> Iterator[Picture]:
    """Each quantity that thresholds are about, pair by pair; where there are none, the p50 and p95 of all together."""
    wanted = {(limit.metric, limit.subject) for limit in thresholds} & {(item.name, item.subject) for item in contrasts}
    wanted = wanted or {("p50_slowdown", ""), ("p95_slowdown", "")}
    for item in contrasts:
        if (item.name, item.subject) in wanted:
            limits = [limit for limit in thresholds if (limit.metric, limit.subject) == (item.name, item.subject)]
            (found,) = (m for m in measured if (m.name, m.subject) == (item.name, item.subject))
            yield differences(item, limits, found)
            yield runs(item)


def differences(item: Contrast, limits: Sequence[MeasurementLimit], found: Measurement) -> Picture:
    """By how much worse the candidate was in each pair, with the bounds of that and the limits."""
    points = tuple(
        (float(number), item.share(difference) * PERCENT)
        for number, difference in zip(item.numbers, item.differences, strict=True)
    )
    levels = [Level(name=limit.text, value=limit.bound * PERCENT) for limit in limits]
    low, high = (None if end is None or not math.isfinite(end) else end * PERCENT for end in (found.low, found.high))
    levels += [Level(name="estimate, with its bounds", value=found.value * PERCENT, low=low, high=high)]
    return Picture(
        title=f"Pair by pair: {item.name} of {item.subject or 'all requests'}",
        x="pair",
        y="slower by (%)" if item.name in SLOWDOWNS else "less by (%)",
        curves=(Curve(name="one pair", points=points, joined=False),),
        levels=tuple(levels),
    )


def runs(item: Contrast) -> Picture:
    """What each run measured."""
    base, candidate = (
        tuple((float(number), value) for number, value in zip(item.numbers, values, strict=True))
        for values in (item.base, item.candidate)
    )
    what = "answered a second" if item.name == LOSS else f"{SLOWDOWNS[item.name]} (ms)"
    return Picture(
        title=f"Each run of both sides: {what.removesuffix(' (ms)')} of {item.subject or 'all requests'}",
        x="pair",
        y=what,
        curves=(
            Curve(name="base", points=base, joined=False),
            Curve(name="candidate", points=candidate, joined=False),
        ),
    )
