"""What changes over a phase: drift during a soak, and recovery after a spike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

ALPHA = 0.05
FEWEST_POINTS = 4


@dataclass(frozen=True, slots=True)
class Drift:
    """How much a quantity grew over a phase, relative to its median, with one-sided 95 % bounds."""

    value: float
    low: float
    high: float


def drift(values: Sequence[float]) -> Drift | None:
    """Theil and Sen's slope through equally spaced values, with Sen's bounds, times the length; None for too few values.

    Resists outliers: the slope is the median over all pairs.
    """
    n, middle = len(values), median(values) if values else 0.0
    if n < FEWEST_POINTS or middle <= 0 or not all(map(math.isfinite, values)):
        return None
    slopes = sorted((values[j] - values[i]) / (j - i) for i in range(n) for j in range(i + 1, n))
    spread = NormalDist().inv_cdf(1 - ALPHA) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    lower, upper = math.floor((len(slopes) - spread) / 2), math.ceil((len(slopes) + spread) / 2)
    scale = (n - 1) / middle
    low = slopes[lower - 1] * scale if lower >= 1 else -math.inf
    high = slopes[upper] * scale if upper < len(slopes) else math.inf
    return Drift(value=median(slopes) * scale, low=low, high=high)


def recovery(latencies: Sequence[float], usual: float) -> float:
    """After how many of the equally long windows all later ones stay at or below `usual`; infinite if never.

    A window in which something failed, or nothing was answered, is given as infinite.
    """
    for start in range(len(latencies)):
        if all(value <= usual for value in latencies[start:]):
            return float(start)
    return math.inf
