"""The statistics of the load gate, with scipy as the oracle."""

from __future__ import annotations

import math
from array import array
from typing import Any

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sdlc_gates.load import bounds
from sdlc_gates.load.needed import requests_needed
from sdlc_gates.load.sample import PERCENTILES, Sample, Window

from sdlc.model import Verdict
from sdlc.threshold import MeasurementLimit

# How long an example takes says nothing on a busy machine.
UNHURRIED = settings(deadline=None, max_examples=50)
# scipy describes its distributions to no type checker.
distributions: Any = scipy.stats.distributions
beta, binom = distributions.beta, distributions.binom
SIZES = (1, 2, 58, 59, 298, 299, 300, 2_994, 2_995, 10_000, 1_000_000)


def exact(bad: int, n: int) -> tuple[float, float]:
    low = float(beta.ppf(0.05, bad, n - bad + 1)) if bad else 0.0
    return low, float(beta.ppf(0.95, bad + 1, n - bad)) if bad < n else 1.0


def sample(ok: list[int], bad: int = 0, seconds: float = 10) -> Sample:
    return Sample("", [Window(ok=array("q", ok), bad=bad)], seconds)


def p_limit(name: str, milliseconds: float) -> MeasurementLimit:
    return MeasurementLimit(gate="g", metric=name, operator="<=", bound=milliseconds, unit="ms", origin="test")


@pytest.mark.parametrize("n", SIZES)
def test_bounds_of_a_share_are_clopper_and_pearsons(n: int) -> None:
    for bad in sorted({0, 1, n // 100, n // 20, n // 2, n - 1, n}):
        assert bounds.share(bad, n) == pytest.approx(exact(bad, n), abs=1e-9)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("q", PERCENTILES.values())
def test_a_percentiles_bounds_decide_as_the_share_beyond_the_limit_does(n: int, q: float) -> None:
    lower, upper = bounds.ranks(n, q)
    for good in {0, 1, n // 2, n, *range(lower - 2, lower + 2), *range(upper - 2, upper + 2)} & set(range(n + 1)):
        low, high = exact(n - good, n)
        assert (good >= upper) == (high <= 1 - q)
        assert (good < lower) == (low > 1 - q)


@UNHURRIED
@given(st.floats(0.01, 5000), st.floats(0.01, 5000), st.floats(1e-300, 1))
def test_the_incomplete_beta_function_is_scipys(a: float, b: float, x: float) -> None:
    assert bounds.incomplete_beta(a, b, x) == pytest.approx(float(beta.cdf(x, a, b)), rel=1e-8, abs=1e-12)


@pytest.mark.parametrize(("q", "n"), [(0.95, 59), (0.99, 299), (0.999, 2_995)])
def test_one_request_fewer_than_needed_decides_nothing(q: float, n: int) -> None:
    name = {q: name for name, q in PERCENTILES.items()}[q]
    assert bounds.fewest(q) == n
    assert p_limit(name, 300).judge(sample([1000] * n).percentile(name)) is Verdict.PASS
    assert p_limit(name, 300).judge(sample([1000] * (n - 1)).percentile(name)) is Verdict.INCONCLUSIVE


def test_latencies_are_not_rounded() -> None:
    slow = sample([1_050_000] * 1000).percentile("p99")
    assert slow.value == 1050
    assert p_limit("p99", 1000).judge(slow) is Verdict.FAIL
    assert p_limit("p99", 1050).judge(slow) is Verdict.PASS
    assert p_limit("p99", 1049.999).judge(slow) is Verdict.FAIL


def test_a_request_that_went_wrong_is_slower_than_any_limit() -> None:
    mixed = sample([1000] * 900, bad=100)
    assert mixed.percentile("p50").value == 1
    assert mixed.percentile("p95").value == math.inf
    assert p_limit("p95", 1e6).judge(mixed.percentile("p95")) is Verdict.FAIL
    assert "100 of 1000 requests went wrong" in mixed.remark()


@UNHURRIED
@given(st.lists(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), min_size=1, max_size=5))
def test_a_percentile_is_that_of_all_windows_together(windows: list[list[int]]) -> None:
    cut = Sample("", [Window(ok=array("q", window)) for window in windows], 10)
    merged = sorted(value for window in windows for value in window)
    for name, q in PERCENTILES.items():
        assert cut.percentile(name).value == merged[math.ceil(q * len(merged)) - 1] / 1000
    assert {m.name: m.value for m in cut.measurements()}["max"] == merged[-1] / 1000


def test_bursts_widen_the_bounds_and_chance_does_not() -> None:
    spread = [(5, 100)] * 20
    bursts = [(100, 100), *[(0, 100)] * 19]
    assert bounds.design_effect(spread) == 1
    assert bounds.design_effect(bursts) == pytest.approx(100 * 20 / 19)
    assert bounds.share(100, 2000, 100)[1] > bounds.share(100, 2000)[1]
    assert bounds.keeps(1920, 2000, 0.95)
    assert not bounds.keeps(1920, 2000, 0.95, 100)
    assert bounds.breaks(1800, 2000, 0.95)
    assert not bounds.breaks(1800, 2000, 0.95, 100)


def test_where_slow_requests_come_in_one_burst_no_percentile_passes() -> None:
    calm, burst = array("q", [1000] * 1000), array("q", [1000] * 900 + [9_000_000] * 100)
    windows = [Window(ok=calm) for _ in range(9)] + [Window(ok=burst)]
    worst = Sample("", windows, 100).percentile("p99")
    assert p_limit("p99", 10_000).judge(worst) is Verdict.INCONCLUSIVE


def test_the_number_of_requests_that_would_tell_is_the_least() -> None:
    for share, tolerated in [(0.0, 0.01), (0.005, 0.01), (0.02, 0.01), (0.04, 0.05)]:
        n = requests_needed(share, tolerated)
        assert n is not None
        low, high = exact(round(share * n), n)
        assert high <= tolerated or low > tolerated
    assert requests_needed(0.0, 0.01) == pytest.approx(299, rel=0.01)
    assert requests_needed(0.01, 0.01) is None


@pytest.mark.parametrize("ratio", [0.8, 1.0, 1.25, 2.0])
def test_wrong_answers_are_no_more_frequent_than_promised(ratio: float) -> None:
    """The chance of each answer at 1,000 requests, summed over every possible count, for a service at `ratio` of its limit."""
    n, tolerated = 1000, 0.05
    answers = {Verdict.PASS: 0.0, Verdict.FAIL: 0.0, Verdict.INCONCLUSIVE: 0.0}
    for bad in range(n + 1):
        low, high = bounds.share(bad, n) if bad <= 200 else (1.0, 1.0)
        verdict = Verdict.PASS if high <= tolerated else Verdict.FAIL if low > tolerated else Verdict.INCONCLUSIVE
        answers[verdict] += float(binom.pmf(bad, n, ratio * tolerated))
    assert answers[Verdict.PASS] <= (1.0 if ratio < 1 else 0.05)
    assert answers[Verdict.FAIL] <= (1.0 if ratio > 1 else 0.05)
    if ratio == 2:
        assert answers[Verdict.FAIL] > 0.99


@UNHURRIED
@given(st.lists(st.lists(st.integers(1, 300), max_size=60), min_size=1, max_size=8), st.integers(0, 20), st.integers(1, 300))
def test_any_limit_is_decided_by_its_own_count_and_burstiness(windows: list[list[int]], bad: int, limit: int) -> None:
    """Wherever the interval decides, counting at the limit itself decides the same or, at the seams of bursts, nothing."""
    cut = [Window(ok=array("q", (ms * 1000 for ms in window))) for window in windows]
    cut[0].bad = bad
    measured = Sample("", cut, 10)
    if not measured.n:
        return
    slower = measured.slower(limit)
    good = measured.n - sum(count for count, _ in slower)
    for name, q in PERCENTILES.items():
        verdict = p_limit(name, limit).judge(measured.percentile(name))
        effect = bounds.design_effect(slower)
        if effect == 1 and all(bounds.design_effect(measured.slower(ms)) == 1 for ms in range(301)):
            assert (verdict is Verdict.PASS) == bounds.keeps(good, measured.n, q)
            assert (verdict is Verdict.FAIL) == bounds.breaks(good, measured.n, q)
