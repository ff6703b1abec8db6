"""The Universal Scalability Law fitted to measured steps: what is measured is stated, what is not is never claimed.

X(N) = c N / (1 + s (N - 1) + k N (N - 1)), with the throughput c of one user, the contention s and the coherency k.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

RESAMPLES = 400
SEED = 1
FEWEST_STEPS = 3
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Step:
    """One level of concurrency, held for a while."""

    users: float
    """Users, or requests in flight on average."""
    rates: tuple[float, ...]
    """Requests a second that were answered without error, in each window of the step."""

    @property
    def rate(self) -> float:
        """The mean over its windows."""
        return sum(self.rates) / len(self.rates)


@dataclass(frozen=True, slots=True)
class Law:
    """A fitted curve."""

    single: float
    contention: float
    coherency: float

    def rate(self, users: float) -> float:
        """Requests a second at that concurrency."""
        return self.single * users / (1 + self.contention * (users - 1) + self.coherency * users * (users - 1))

    @property
    def knee(self) -> float:
        """The concurrency beyond which more users get less done; infinite where the curve never falls."""
        if self.coherency <= 0:
            return math.inf
        return math.sqrt(max(0.0, 1 - self.contention) / self.coherency)


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted curve, and how sure it is: one-sided 95 % bounds from resampled windows."""

    law: Law
    knee_low: float
    knee_high: float


def fit(steps: Sequence[Step]) -> Fit | None:
    """The curve through the steps; None when there are too few, or they say nothing."""
    law = _law([(step.users, step.rate) for step in steps])
    if law is None:
        return None
    resample = random.Random(SEED)
    knees = []
    for _ in range(RESAMPLES):
        points = [(step.users, _mean(resample.choices(step.rates, k=len(step.rates)))) for step in steps]
        if drawn := _law(points):
            knees.append(drawn.knee)
    knees.sort()
    return Fit(law=law, knee_low=_quantile(knees, 1 - CONFIDENCE), knee_high=_quantile(knees, CONFIDENCE))


def _law(points: list[tuple[float, float]]) -> Law | None:
    """Least squares on N / X = (1 + s (N - 1) + k N (N - 1)) / c, with s and k kept from being negative."""
    points = [(users, rate) for users, rate in points if rate > 0 and users > 0]
    if len({users for users, _ in points}) < FEWEST_STEPS:
        return None
    target = [users / rate for users, rate in points]
    columns = {"c": [1.0] * len(points), "s": [n - 1 for n, _ in points], "k": [n * (n - 1) for n, _ in points]}
    # Each row is weighted so that errors count relative to the throughput, large and small steps alike.
    weights = [1 / value for value in target]
    for kept in ("csk", "ck", "cs", "c"):
        solved = _least_squares([columns[name] for name in kept], target, weights)
        if solved and all(value >= 0 for value in solved) and solved[0] > 0:
            found = dict(zip(kept, solved, strict=True))
            base = found["c"]
            return Law(single=1 / base, contention=found.get("s", 0.0) / base, coherency=found.get("k", 0.0) / base)
    return None


def _least_squares(columns: list[list[float]], target: list[float], weights: list[float]) -> list[float] | None:
    """Weighted least squares by the normal equations and elimination with pivots; None where they are singular."""
    size = len(columns)
    squares = [weight * weight for weight in weights]
    matrix = [
        [sum(w * a * b for w, a, b in zip(squares, columns[i], columns[j], strict=True)) for j in range(size)]
        + [sum(w * a * t for w, a, t in zip(squares, columns[i], target, strict=True))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda row: abs(matrix[row][i]))
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        if abs(matrix[i][i]) < 1e-12:
            return None
        for row in range(size):
            if row != i:
                factor = matrix[row][i] / matrix[i][i]
                matrix[row] = [x - factor * y for x, y in zip(matrix[row], matrix[i], strict=True)]
    return [matrix[i][size] / matrix[i][i] for i in range(size)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _quantile(ordered: Sequence[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, max(0, math.ceil(q * len(ordered)) - 1))] if ordered else math.nan
