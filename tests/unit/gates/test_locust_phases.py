"""Scalability, drift and recovery."""

from __future__ import annotations

import math
import random

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sdlc_gates.load.scaling import Law, Step, fit
from sdlc_gates.load.trend import drift, recovery

# How long an example takes says nothing on a busy machine.
UNHURRIED = settings(deadline=None, max_examples=50)


def steps(law: Law, users: tuple[float, ...], noise: float = 0.0) -> list[Step]:
    draw = random.Random(5)
    return [Step(n, tuple(law.rate(n) * draw.gauss(1, noise) for _ in range(30))) for n in users]


@UNHURRIED
@given(st.floats(1, 1000), st.floats(0, 0.3), st.floats(1e-5, 1e-2))
def test_a_curve_without_noise_is_found_again(single: float, contention: float, coherency: float) -> None:
    law = Law(single, contention, coherency)
    found = fit(steps(law, (1, 5, 20, 60, 100)))
    assert found is not None
    assert found.law.knee == pytest.approx(law.knee, rel=1e-3)
    assert found.law.rate(60) == pytest.approx(law.rate(60), rel=1e-6)


def test_with_noise_the_true_knee_lies_within_the_bounds() -> None:
    law = Law(50, 0.05, 0.001)
    found = fit(steps(law, (1, 5, 10, 20, 40, 60), noise=0.05))
    assert found is not None
    assert found.knee_low <= law.knee <= found.knee_high


def test_without_loss_there_is_no_knee() -> None:
    found = fit(steps(Law(10, 0.0, 0.0), (1, 10, 100)))
    assert found is not None
    assert found.law.knee == math.inf


def test_two_steps_are_too_few_for_a_curve() -> None:
    assert fit(steps(Law(10, 0.1, 0.0), (1, 10))) is None
    assert fit([]) is None
    assert fit([Step(n, (0.0, 0.0)) for n in (1, 2, 3)]) is None


@UNHURRIED
@given(st.lists(st.floats(1, 1000), min_size=6, max_size=30))
def test_drift_is_theil_and_sens_slope(values: list[float]) -> None:
    found = drift(values)
    oracle = scipy.stats.theilslopes(values)
    assert found is not None
    middle = sorted(values)[len(values) // 2] if len(values) % 2 else sum(sorted(values)[len(values) // 2 - 1 :][:2]) / 2
    assert found.value == pytest.approx(float(oracle.slope) * (len(values) - 1) / middle, abs=1e-9)
    assert found.low <= found.value <= found.high


def noisy(growth: float, seed: int) -> list[float]:
    draw = random.Random(seed)
    return [100 + growth * i + draw.gauss(0, 3) for i in range(30)]


def test_growth_is_told_from_noise() -> None:
    flat = [drift(noisy(0.0, seed)) for seed in range(200)]
    # One-sided at 95 %: ten false alarms are expected, and twenty would be very improbable.
    assert sum(found is not None and found.low > 0 for found in flat) < 20
    growing = [drift(noisy(1.0, seed)) for seed in range(20)]
    assert all(found is not None and found.low > 0.1 for found in growing)
    assert drift([1.0, 2.0]) is None


def test_recovery_is_when_latencies_stay_down() -> None:
    assert recovery([5, 5], 10) == 0
    assert recovery([math.inf, 30, 5, 20, 9, 10], 10) == 4
    assert recovery([5, 11], 10) == math.inf
    assert recovery([], 10) == math.inf
