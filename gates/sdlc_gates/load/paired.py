"""How much one thing differs from another, from pairs of runs: exact bounds, with the standard library alone.

The bounds are those of Wilcoxon's signed-rank test turned round: order statistics of the Walsh averages (the means of all
pairs of differences, each with itself too), with Hodges and Lehmann's median of them as the estimate. They hold for any
number of pairs and any distribution that is symmetric about its centre, which drawing the order within each pair by lot
gives where there is no difference; and one run on a disturbed machine moves them little.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, median

ALPHA = 0.05
POWER = 0.9
MOST_PAIRS = 200


@dataclass(frozen=True, slots=True)
class Shift:
    """By how much the second of two is above the first, with one-sided 95 % bounds; infinite where there are none."""

    value: float
    low: float
    high: float


def shift(differences: Sequence[float]) -> Shift:
    """The shift that differences within pairs show; raises `ValueError` for none, or for one that isn't finite."""
    if not differences or not all(map(math.isfinite, differences)):
        raise ValueError(f"not the differences of pairs: {list(differences)}")
    averages = sorted((a + b) / 2 for i, a in enumerate(differences) for b in differences[i:])
    out = outside(len(differences))
    if out < 0:
        return Shift(value=median(averages), low=-math.inf, high=math.inf)
    return Shift(value=median(averages), low=averages[out], high=averages[len(averages) - 1 - out])


@functools.cache
def outside(pairs: int) -> int:
    """How many Walsh averages lie beyond a bound: the greatest signed-rank sum as improbable as 5 %; -1 for too few pairs."""
    ways = [1]
    for rank in range(1, pairs + 1):
        longer = [*ways, *([0] * rank)]
        for total, count in enumerate(ways):
            longer[total + rank] += count
        ways = longer
    reached, below = 0, -1
    for total, count in enumerate(ways):
        reached += count
        # In whole numbers: reached / 2 ** pairs <= 5 %.
        if reached * 20 > 2**pairs:
            break
        below = total
    return below


FEWEST_PAIRS = next(pairs for pairs in range(1, 20) if outside(pairs) >= 0)


def detectable(found: Shift) -> float:
    """The least shift that pairs like these tell from none nine times out of ten; infinite for too few.

    From the distance between the bounds, which one disturbed run moves little, as the standard deviation doesn't.
    """
    normal = NormalDist()
    deviations = (normal.inv_cdf(1 - ALPHA) + normal.inv_cdf(POWER)) / normal.inv_cdf(1 - ALPHA)
    return (found.high - found.low) / 2 * deviations


def few(pairs: int) -> float:
    """By how much few pairs tell less than many would lead one to think; fitted to 20,000 simulated sets of each size."""
    return 1.52 if pairs == FEWEST_PAIRS else 1 + 1.4 / pairs


def needed(found: Shift, pairs: int, distance: float) -> int | None:
    """How many pairs like these tell, nine times out of ten, a shift that lies so far from a limit; None beyond any reason."""
    of_one = detectable(found) * math.sqrt(pairs) / few(pairs) if pairs >= FEWEST_PAIRS else math.inf
    sizes = range(FEWEST_PAIRS, MOST_PAIRS + 1)
    return next((size for size in sizes if distance > 0 and of_one * few(size) / math.sqrt(size) <= distance), None)
