"""Where numbers go on the axis of a picture, and which of them are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sdlc.quantity import LARGEST

MOST_TICKS = 6
_NICE = (1, 2, 5, 10)
_FINEST = 1e-9
"""Of an axis' range, as a share of its values: below, they could hardly be told apart."""

_ROOM = 0.05
"""Of a logarithmic axis, beyond its values."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of numbers, in even steps or in even factors."""

    low: float
    high: float
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far along the axis a number lies: 0 at its start, 1 at its end, and never beyond."""
        if self.logarithmic:
            value, low, high = (math.log10(max(number, self.low)) for number in (value, self.low, self.high))
        else:
            low, high = self.low, self.high
        return min(1.0, max(0.0, (value - low) / (high - low)))

    def ticks(self) -> tuple[float, ...]:
        """The round numbers on it, in their order: two at least where there are any, `MOST_TICKS` at most."""
        if not self.logarithmic:
            return _multiples(self.low, self.high, _step(self.high - self.low))
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        if last - first < 2:
            return self._within_decades()
        apart = math.ceil((last - first + 1) / MOST_TICKS)
        return tuple(10.0**power for power in range(first, last + 1, apart))

    def _within_decades(self) -> tuple[float, ...]:
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        fine = [digit * 10.0**power for power in decades for digit in _NICE[:3]]
        found = tuple(number for number in fine if self.low <= number <= self.high)
        return found if len(found) > 1 else _multiples(self.low, self.high, _step(self.high - self.low))


def axis(values: Iterable[float], logarithmic: bool = False, roomy: bool = False) -> Axis:
    """The axis on which all values find their place; a roomy even one goes on to the next round number.

    An even axis begins at zero unless its values lie far from it. A logarithmic one takes positive values only, and
    leaves some room at both ends.
    """
    drawn = [value for value in values if drawable(value, logarithmic)] or [1.0]
    low, high = min(drawn), max(drawn)
    if logarithmic:
        room = (high / low) ** _ROOM if high > low * (1 + _FINEST) else 2.0
        return Axis(max(low / room, 0.1 / LARGEST), min(high * room, 10 * LARGEST), True)
    if 0 <= low <= high / 2:
        low = 0.0
    size = max(abs(low), abs(high))
    if high - low <= max(size * _FINEST, 1 / LARGEST):
        room = size / 2 if size > 1 / LARGEST else 1.0
        low, high = low - room if low else 0.0, high + room
    step = _step(high - low)
    return Axis(low, math.ceil(high / step) * step if roomy else high)


def drawable(value: float, logarithmic: bool = False) -> bool:
    """Whether a number has a place on any axis."""
    return abs(value) <= LARGEST and (not logarithmic or value > 1 / LARGEST)


def written(value: float) -> str:
    """The number in a few characters, whatever its size."""
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.3g}"
    short = float(f"{value:.4g}")
    return f"{short:,.0f}" if short.is_integer() else f"{short:,}"


def _step(span: float) -> float:
    """The smallest round number that cuts a span into fewer than `MOST_TICKS` parts."""
    rough = span / (MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(digit * power for digit in _NICE if digit * power >= rough * (1 - _FINEST) or digit == _NICE[-1])


def _multiples(low: float, high: float, step: float) -> tuple[float, ...]:
    first = math.ceil(low / step * (1 - _FINEST)) if low > 0 else math.ceil(low / step * (1 + _FINEST))
    numbers = (number * step for number in range(first, first + MOST_TICKS + 1))
    return tuple(number for number in numbers if low - step * _FINEST <= number <= high + step * _FINEST)[:MOST_TICKS]
