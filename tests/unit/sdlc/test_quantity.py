"""Amounts as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdlc.quantity import UNITS, parse, show, written


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("300 ms", "ms", 300),
        ("0.3 s", "ms", 300),
        ("4.35 s", "ms", 4350),
        (" 1 min ", "ms", 60_000),
        ("250us", "ms", 0.25),
        ("10 min", "seconds", 600),
        ("2 h", "seconds", 7200),
        ("14 d", "seconds", 1_209_600),
        ("2 GiB", "bytes", 2 << 30),
        ("0.1 %", "ratio", 0.001),
        ("57 %", "ratio", 0.57),
        ("0.57", "ratio", 0.57),
        ("150", "per_second", 150),
        ("150 /s", "per_second", 150),
        ("150 rps", "per_second", 150),
        ("3", "count", 3),
    ],
)
def test_an_amount_is_read_in_the_unit_that_is_asked_for(text: str, unit: str, value: float) -> None:
    assert parse(text, unit) == value


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("", "ms"),
        ("300", "ms"),
        ("300 msec", "ms"),
        ("300 ms ms", "ms"),
        ("-1 ms", "ms"),
        ("1e3 ms", "ms"),
        ("1,5 s", "ms"),
        (".5 s", "ms"),
        ("NaN", "count"),
        ("inf", "count"),
        ("2 GB", "bytes"),
        ("5 %", "count"),
        ("3\n4", "count"),
        ("٣", "count"),
    ],
)
def test_what_is_no_amount_is_refused_with_an_example(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="is not an amount; write one like 10"):
        parse(text, unit)


@pytest.mark.parametrize("text", ["1" + " " * 1_000_000 + "!", "9" * 1_000_000, "1." * 500_000, "1 " + "m" * 1_000_000])
def test_a_hostile_amount_neither_hangs_nor_fills_the_message(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount") as caught:
        parse(text, "ms")
    assert len(str(caught.value)) < 400


@given(st.sampled_from(sorted(UNITS)), st.floats(min_value=1e-6, max_value=1e15))
def test_a_written_amount_is_read_as_the_same_number(unit: str, value: float) -> None:
    assert parse(written(value, unit), unit) == value


@given(st.sampled_from(sorted(UNITS)), st.floats(min_value=1e-6, max_value=1e15))
def test_a_shown_amount_is_true_to_four_digits_and_has_no_exponent(unit: str, value: float) -> None:
    text = show(value, unit)
    assert "e" not in text
    assert parse(text, unit) == pytest.approx(value, rel=6e-4)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (300, "ms", "300 ms"),
        (0.001, "ratio", "0.1 %"),
        (0.00001234, "ratio", "0.001234 %"),
        (149.96, "per_second", "150/s"),
        (1234567.0, "count", "1234567"),
        (1.7e308, "ms", "unbounded"),
        (float("inf"), "ms", "unbounded"),
        (0.0, "ms", "0 ms"),
        (float("nan"), "ms", "NaN ms"),
    ],
)
def test_an_amount_is_shown_in_few_digits(value: float, unit: str, text: str) -> None:
    assert show(value, unit) == text
