"""Thresholds as sentences, and what they say of a measurement."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdlc.model import Measurement, Verdict
from sdlc.quantity import parse
from sdlc.threshold import OPERATORS, MeasurementLimit, Sentence, read

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("p95 <= 300 ms", ("p95", "", "<=", "300 ms")),
        ("p95(POST /checkout)<=300 ms", ("p95", "POST /checkout", "<=", "300 ms")),
        ("  error_rate  <  0.1 %  ", ("error_rate", "", "<", "0.1 %")),
        ("requests_per_second >= 150", ("requests_per_second", "", ">=", "150")),
        ("p99 ( GET /a(b)/c )  > 1 s", ("p99", "GET /a(b)/c", ">", "1 s")),
        ("p95(GET /x?a<=b) <= 1 s", ("p95", "GET /x?a<=b", "<=", "1 s")),
    ],
)
def test_a_sentence_is_taken_apart(text: str, parts: tuple[str, str, str, str]) -> None:
    metric, subject, operator, amount = parts
    assert read(text) == Sentence(metric=metric, subject=subject, operator=operator, amount=amount)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "p95",
            "p95 300 ms",
            "p95 = 300 ms",
            "p95 == 300 ms",
            "p95 =< 300 ms",
            "<= 300 ms",
            "p95 <=",
            "p95 <= ",
            "95 <= 3",
        ),
        *("p95(POST / <= 300 ms", "p95 POST <= 300 ms", "p95 <= 300 ms <= 400 ms", "p95(a\nb) <= 3", "p-95 <= 3"),
    ],
)
def test_what_is_no_sentence_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a threshold; write one like 'p95\(POST /checkout\) <= 300 ms'"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "a" + " " * 1_000_000 + "x",
        "a<" + " " * 1_000_000 + "<",
        "a(" + ")" * 1_000_000,
        "a(" + ") " * 500_000 + "<=",
        "a" * 1_000_000,
        "a<=" + "1 " * 500_000,
    ],
)
def test_a_hostile_sentence_neither_hangs_nor_fills_the_message(text: str) -> None:
    with pytest.raises(ValueError, match="is not a threshold") as caught:
        read(text)
    assert len(str(caught.value)) < 700


def test_a_sentence_may_have_500_characters_and_no_more() -> None:
    path = "/" * (500 - len("p95() < 1"))
    assert read(f"p95({path}) < 1").subject == path
    with pytest.raises(ValueError, match="is not a threshold"):
        read(f"p95({path}/) < 1")


@pytest.mark.parametrize(("subject", "text"), [("", "p95 <= 300 ms"), ("GET /", "p95(GET /) <= 300 ms")])
def test_a_limit_is_written_as_a_sentence(subject: str, text: str) -> None:
    limit = MeasurementLimit(gate="g", metric="p95", operator="<=", bound=300, unit="ms", origin="o", subject=subject)
    assert limit.text == text


subjects = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), max_size=40)


@given(subjects, st.sampled_from(sorted(OPERATORS)), st.floats(min_value=1e-6, max_value=1e12))
def test_a_limit_written_as_a_sentence_is_read_as_the_same_limit(subject: str, operator: str, bound: float) -> None:
    limit = MeasurementLimit(gate="g", metric="p95", operator=operator, bound=bound, unit="ms", origin="o", subject=subject)
    sentence = read(limit.text)
    assert (sentence.metric, sentence.subject, sentence.operator) == ("p95", subject, operator)
    assert parse(sentence.amount, "ms") == bound


def measured(value: float, low: float | None = None, high: float | None = None, n: int = 100) -> Measurement:
    return Measurement(name="p95", value=value, unit="ms", n=n, low=low, high=high)


NAN = math.nan


@pytest.mark.parametrize(
    ("operator", "measurement", "verdict"),
    [
        ("<=", measured(300), PASS),
        ("<", measured(300), FAIL),
        (">=", measured(300), PASS),
        (">", measured(300), FAIL),
        ("<=", measured(300.0001), FAIL),
        ("<=", measured(250, n=1), PASS),
        ("<=", measured(250, 200, 300), PASS),
        ("<=", measured(290, 280, 301), INCONCLUSIVE),
        ("<=", measured(310, 299, 320), INCONCLUSIVE),
        ("<=", measured(310, 301, 320), FAIL),
        (">=", measured(310, 299, 320), INCONCLUSIVE),
        (">=", measured(310, 300, 320), PASS),
        (">=", measured(200, 100, 299), FAIL),
        # One bound alone, as gates give it that can only say how bad it may be.
        ("<=", measured(250, None, 300), PASS),
        ("<=", measured(250, None, 301), INCONCLUSIVE),
        (">=", measured(350, 250, None), INCONCLUSIVE),
        # A sample too small for any bound.
        ("<=", measured(250, 200, math.inf), INCONCLUSIVE),
        # Nonsense proves nothing.
        ("<=", measured(250, n=0), INCONCLUSIVE),
        ("<=", measured(250, n=-1), INCONCLUSIVE),
        ("<=", measured(NAN), INCONCLUSIVE),
        ("<=", measured(250, NAN, 260), INCONCLUSIVE),
        ("<=", measured(250, 240, NAN), INCONCLUSIVE),
        ("<=", measured(400, NAN, 500), INCONCLUSIVE),
        ("<=", measured(400, 390, NAN), INCONCLUSIVE),
        ("<=", measured(NAN, 390, 500), INCONCLUSIVE),
        ("<=", measured(250, 260, 240), INCONCLUSIVE),
        ("<=", measured(250, 260), INCONCLUSIVE),
        # The value lies outside its own interval: they can't both be true.
        ("<=", measured(900, 200, 250), INCONCLUSIVE),
        (">=", measured(1, 400, 500), INCONCLUSIVE),
    ],
)
def test_a_threshold_of_300_judges(operator: str, measurement: Measurement, verdict: Verdict) -> None:
    limit = MeasurementLimit(gate="g", metric="p95", operator=operator, bound=300, unit="ms", origin="o")
    assert limit.judge(measurement) is verdict


@given(st.sampled_from(sorted(OPERATORS)), *(st.floats(allow_nan=True) for _ in range(4)))
def test_only_a_value_that_keeps_the_bound_with_both_ends_passes(
    operator: str, bound: float, value: float, low: float, high: float
) -> None:
    limit = MeasurementLimit(gate="g", metric="p95", operator=operator, bound=bound, unit="ms", origin="o")
    passed = limit.judge(measured(value, low, high)) is PASS
    keeps = OPERATORS[operator]
    assert not passed or all(keeps(number, bound) for number in (value, low, high))
