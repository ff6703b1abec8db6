"""Exact confidence bounds for shares and percentiles, with the standard library alone.

All bounds are one-sided at 95 %. A share's are Clopper and Pearson's. A percentile's are order statistics, chosen so that
comparing one with a limit gives the same answer as Clopper and Pearson's bound on the share of values beyond that limit.
`effect` is the design effect: how many times fewer independent observations the sample is worth than it has.
"""

from __future__ import annotations

import math
from collections.abc import Callable

ALPHA = 0.05
_TINY = 1e-300
_PRECISION = 1e-15


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), for a and b above 0."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function, evaluated by Lentz's method."""
    c, d = 1.0, _away_from_zero(1 - (a + b) * x / (a + 1))
    d = 1 / d
    value = d
    for m in range(1, 200 + int(10 * math.sqrt(max(a, b)))):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 / _away_from_zero(1 + step * d)
            c = _away_from_zero(1 + step / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def share(bad: int, n: int, effect: float = 1.0) -> tuple[float, float]:
    """Lower and upper bound of the share that `bad` of `n` observations are drawn from."""
    k, size = bad / effect, n / effect
    low = 0.0 if bad == 0 else _root(lambda p: incomplete_beta(k, size - k + 1, p) - ALPHA)
    high = 1.0 if bad == n else _root(lambda p: incomplete_beta(k + 1, size - k, p) - (1 - ALPHA))
    return low, high


def _root(rising: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return high


def keeps(good: int, n: int, q: float, effect: float = 1.0) -> bool:
    """Whether so many of `n` values at or below a limit show that the quantile `q` lies there too."""
    if good <= 0:
        return False
    return incomplete_beta(good / effect, (n - good) / effect + 1, q) <= ALPHA


def breaks(good: int, n: int, q: float, effect: float = 1.0) -> bool:
    """Whether so few of `n` values at or below a limit show that the quantile `q` lies beyond it."""
    if good >= n:
        return False
    return 1 - incomplete_beta(good / effect + 1, (n - good) / effect, q) < ALPHA


def ranks(n: int, q: float) -> tuple[int, int]:
    """Which order statistics (from 1) bound the quantile `q` of `n` independent values; 0 and n + 1 where there is none."""
    upper = first(1, n + 1, lambda rank: keeps(rank, n, q))
    return first(1, n + 1, lambda rank: not breaks(rank - 1, n, q)) - 1, upper


def first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first number from `low` that a condition holds for, if it holds from there on; `high` if for none."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def design_effect(counts: list[tuple[int, int]]) -> float:
    """How much more the share varies between windows, given as (bad, n), than independent requests would let it; at least 1."""
    windows = [(bad, n) for bad, n in counts if n]
    total, bad = sum(n for _, n in windows), sum(k for k, _ in windows)
    if len(windows) < 2 or bad in (0, total):
        return 1.0
    p = bad / total
    spread = sum((k - p * n) ** 2 for k, n in windows) * len(windows) / (len(windows) - 1)
    return max(1.0, spread / (total * p * (1 - p)))


def fewest(q: float) -> int:
    """How many independent values a quantile needs for an upper bound to exist."""
    return math.ceil(math.log(ALPHA) / math.log(q))
