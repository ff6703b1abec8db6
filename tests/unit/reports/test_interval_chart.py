from __future__ import annotations

import sys

import pytest
from sdlc_reports.interval_chart import WIDTH, Chart, chart

from sdlc.model import Measurement
from tests.unit.reports.runs import bound


def drawn(operator: str, limit: float, value: float, low: float | None, high: float | None) -> Chart:
    made = chart(bound("p95", operator, limit, "ms"), Measurement(name="p95", value=value, low=low, high=high, unit="ms", n=9))
    assert made is not None
    return made


def test_marks_keep_the_order_of_the_numbers() -> None:
    made = drawn("<=", 100, 42, 40, 45)
    assert 0 < made.low < made.value < made.high < made.bound < WIDTH


def test_what_is_allowed_lies_on_the_bounds_own_side() -> None:
    below, above = drawn("<=", 100, 42, 40, 45), drawn(">=", 100, 42, 40, 45)
    assert (below.allowed_from, below.allowed_width) == (0, below.bound)
    assert (above.allowed_from, above.allowed_from + above.allowed_width) == (above.bound, WIDTH)


@pytest.mark.parametrize("high", [sys.float_info.max, float("inf")])
def test_an_interval_without_an_upper_end_goes_on_to_the_edge(high: float) -> None:
    made = drawn("<=", 100, 42, 40, high)
    assert made.open_end
    assert made.high == WIDTH
    assert made.bound < WIDTH


def test_a_value_without_an_interval_is_a_point() -> None:
    made = drawn(">=", 150, 180, None, None)
    assert made.low == made.value == made.high
    assert not made.open_end


@pytest.mark.parametrize("numbers", [(0, 0, 0, 0), (0, 5, None, None), (-5, -7, -8, -6), (100, 1e-9, 0, 1e299)])
def test_no_mark_leaves_the_chart(numbers: tuple[float, float, float | None, float | None]) -> None:
    made = drawn("<=", *numbers)
    for mark in (made.bound, made.allowed_from, made.allowed_width, made.low, made.high, made.value):
        assert 0 <= mark <= WIDTH


def test_what_was_not_measured_is_not_drawn() -> None:
    assert chart(bound("p95", "<=", 1, "ms"), None) is None
