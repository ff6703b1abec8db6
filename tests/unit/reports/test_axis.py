from __future__ import annotations

import itertools
import math

import pytest
from sdlc_reports.axis import MOST_TICKS, Axis, axis, drawable, written

ODD = (0.0, -0.0, 5e-324, 1e-323, 1e-310, -1e-310, 1.0, 1.0 + 1e-15, -7.5, 1e16, 1e16 + 2, 1e299, -1e300, 1e300, 1e-300, 3e-300)
NOT_NUMBERS = (math.nan, math.inf, -math.inf, 1.7e308)
PAIRS = [*itertools.combinations_with_replacement(ODD, 2)]


@pytest.mark.parametrize("logarithmic", [False, True])
@pytest.mark.parametrize("roomy", [False, True])
def test_an_axis_of_any_numbers_is_finite_and_holds_them_in_order(logarithmic: bool, roomy: bool) -> None:
    for values in PAIRS:
        made = axis([*values, *NOT_NUMBERS], logarithmic, roomy)
        shares = [made.share(value) for value in sorted(values)]
        assert -math.inf < made.low < made.high < math.inf, values
        assert 0 <= shares[0] <= shares[1] <= 1, values
        assert len(made.ticks()) <= MOST_TICKS, values
        assert all(0 <= made.share(tick) <= 1 for tick in made.ticks()), values


def test_an_axis_without_numbers_is_still_one() -> None:
    assert axis([]).low < axis([]).high
    assert axis([math.nan], logarithmic=True).ticks()


def test_ticks_are_round_numbers() -> None:
    assert axis([3, 24]).ticks() == (0, 5, 10, 15, 20)
    assert axis([0.02, 0.999], roomy=True).ticks() == pytest.approx((0, 0.2, 0.4, 0.6, 0.8, 1))
    assert axis([-4, 4]).ticks() == (-4, -2, 0, 2, 4)
    assert Axis(2, 3000, logarithmic=True).ticks() == (10, 100, 1000)
    assert Axis(1800, 2300, logarithmic=True).ticks() == (1800, 1900, 2000, 2100, 2200, 2300)
    assert Axis(1e-9, 1e9, logarithmic=True).ticks()[0] == pytest.approx(1e-9)


def test_an_even_axis_begins_at_zero_unless_its_values_lie_far_from_it() -> None:
    assert axis([1, 60]).low == 0
    assert axis([95, 100]).low == 95


def test_equal_factors_are_equally_far_apart_on_a_logarithmic_axis() -> None:
    made = Axis(1, 1000, logarithmic=True)
    assert [made.share(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize("value", NOT_NUMBERS)
def test_what_is_not_a_number_has_no_place(value: float) -> None:
    assert not drawable(value)


def test_only_positive_numbers_have_a_place_on_a_logarithmic_axis() -> None:
    assert drawable(1e-9, logarithmic=True)
    assert not drawable(0.0, logarithmic=True)
    assert not drawable(-1.0, logarithmic=True)


def test_numbers_are_written_short() -> None:
    assert [written(value) for value in (0.0, 0.2, 2166.128, 120000.0, -3.5)] == ["0", "0.2", "2,166", "120,000", "-3.5"]
    assert all(len(written(value)) <= 10 for value in ODD)
