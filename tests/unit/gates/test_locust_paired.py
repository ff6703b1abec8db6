"""Bounds from pairs of runs, with scipy as the oracle."""

from __future__ import annotations

import itertools
import math
import random
from statistics import median
from typing import Any

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sdlc_gates.load import paired

# How long an example takes says nothing on a busy machine.
UNHURRIED = settings(deadline=None, max_examples=50)
# scipy describes its tests to no type checker.
wilcoxon: Any = scipy.stats.wilcoxon
DIFFERENT = st.lists(st.floats(-1, 1), min_size=5, max_size=14, unique=True)


def p_value(differences: list[float], centre: float, alternative: str) -> float:
    return float(wilcoxon([d - centre for d in differences], alternative=alternative, method="exact").pvalue)


@UNHURRIED
@given(DIFFERENT)
def test_bounds_are_where_the_signed_rank_test_begins_to_refuse(differences: list[float]) -> None:
    found = paired.shift(differences)
    averages = sorted({(a + b) / 2 for a in differences for b in differences})
    gap = min((b - a for a, b in itertools.pairwise(averages)), default=0.0) / 3
    if gap < 1e-9:
        return
    assert p_value(differences, found.low - gap, "greater") <= 0.05 < p_value(differences, found.low + gap, "greater")
    assert p_value(differences, found.high + gap, "less") <= 0.05 < p_value(differences, found.high - gap, "less")
    assert found.low <= found.value <= found.high


def test_fewer_than_five_pairs_have_no_bounds() -> None:
    assert paired.FEWEST_PAIRS == 5
    assert paired.shift([0.1] * 4) == paired.Shift(value=0.1, low=-math.inf, high=math.inf)
    assert paired.shift([1.0, 2.0, 3.0, 4.0, 5.0]) == paired.Shift(value=3.0, low=1.0, high=5.0)


def test_what_is_no_difference_is_refused() -> None:
    for broken in ([], [math.nan] * 6, [0.1] * 5 + [math.inf]):
        with pytest.raises(ValueError, match="not the differences"):
            paired.shift(broken)


def test_one_disturbed_run_moves_the_bounds_little() -> None:
    calm = [0.01, -0.02, 0.03, 0.0, -0.01, 0.02, 0.01, -0.03, 0.0, 0.02]
    disturbed = paired.shift([*calm[:-1], 3.0])
    assert disturbed.high < 0.05
    assert abs(disturbed.value - paired.shift(calm).value) < 0.01


@pytest.mark.parametrize("pairs", [5, 8, 12])
@pytest.mark.parametrize("heavy", [False, True])
def test_no_bound_is_wrong_more_often_than_promised(pairs: int, heavy: bool) -> None:
    draw = random.Random(pairs)

    def noise() -> float:
        return draw.gauss(0, 1) * (10 if heavy and draw.random() < 0.1 else 1)

    found = [paired.shift([noise() for _ in range(pairs)]) for _ in range(1000)]
    # Four standard deviations above 5 % of 1,000.
    assert sum(shift.low > 0 for shift in found) < 78
    assert sum(shift.high < 0 for shift in found) < 78


@pytest.mark.parametrize("pairs", [5, 6, 8, 10, 20])
def test_what_is_called_detectable_is_told_nine_times_out_of_ten(pairs: int) -> None:
    draw = random.Random(pairs)
    least = median(paired.detectable(paired.shift([draw.gauss(0, 1) for _ in range(pairs)])) for _ in range(500))
    told = sum(paired.shift([draw.gauss(least, 1) for _ in range(pairs)]).low > 0 for _ in range(1000))
    assert 840 < told < 960


def test_one_disturbed_run_makes_little_undetectable() -> None:
    calm = [0.01, -0.02, 0.03, 0.0, -0.01, 0.02, 0.01, -0.03, 0.0, 0.02]
    disturbed = paired.detectable(paired.shift([*calm[:-1], 3.0]))
    assert disturbed < 2.5 * paired.detectable(paired.shift(calm))


def test_how_many_pairs_would_tell() -> None:
    varying = paired.shift([0.03, -0.04, 0.01, 0.05, -0.02, 0.0])
    least = paired.detectable(varying)
    assert paired.needed(varying, 6, least * 1.0001) == 6
    more = paired.needed(varying, 6, least / 2)
    assert more is not None
    assert 18 <= more <= 24
    assert paired.needed(varying, 6, 1.0) == 5
    assert paired.needed(varying, 6, 1e-9) is None
    assert paired.needed(varying, 6, 0.0) is None
    assert paired.needed(paired.shift([0.1] * 4), 4, 1.0) is None
