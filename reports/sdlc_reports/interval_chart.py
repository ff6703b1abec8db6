"""Where the marks of a small chart go that shows a measurement, its confidence interval and its bound."""

from __future__ import annotations

from dataclasses import dataclass

from sdlc.model import Measurement
from sdlc.quantity import LARGEST
from sdlc.threshold import MeasurementLimit

WIDTH = 240
"""Of the chart, in its own units."""
_ROOM = 1.12


@dataclass(frozen=True, slots=True)
class Chart:
    """Horizontal positions, from 0 to `WIDTH`."""

    bound: float
    allowed_from: float
    allowed_width: float
    low: float
    high: float
    value: float
    open_end: bool
    """Whether the interval goes on beyond the chart."""


def chart(limit: MeasurementLimit, measured: Measurement | None) -> Chart | None:
    """The chart of a threshold; None when there is nothing that can be drawn."""
    if measured is None or abs(limit.bound) > LARGEST or not abs(measured.value) <= LARGEST:
        return None
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    drawn = [number for number in (low, high, measured.value, limit.bound) if abs(number) <= LARGEST]
    start, end = min(0.0, *drawn), max(0.0, *drawn) * _ROOM or 1.0
    scale = WIDTH / (end - start)

    def at(number: float) -> float:
        return round(min(float(WIDTH), max(0.0, (number - start) * scale)), 1)

    bound = at(limit.bound)
    below = limit.operator in ("<=", "<")
    return Chart(
        bound=bound,
        allowed_from=0.0 if below else bound,
        allowed_width=bound if below else round(WIDTH - bound, 1),
        low=at(low),
        high=at(high),
        value=at(measured.value),
        open_end=high > LARGEST,
    )
