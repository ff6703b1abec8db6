"""How much longer a test must be before it can decide a threshold."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sdlc.model import Measurement, Verdict
from sdlc.threshold import MeasurementLimit
from sdlc_gates.load import bounds
from sdlc_gates.load.contrast import NAMES, SLOWDOWNS
from sdlc_gates.load.plan import Plan, judged_name
from sdlc_gates.load.sample import MAX_EFFECT, PERCENTILES, Sample

MOST = 100_000_000
POISSON_DEVIATIONS = 4


def hint(measured: Measurement, limit: MeasurementLimit, sample: Sample) -> str:
    """What would decide an undecided threshold; empty when it is decided, or nothing is known about that."""
    if limit.judge(measured) is not Verdict.INCONCLUSIVE:
        return ""
    if measured.name in PERCENTILES:
        windows, tolerated = sample.slower(limit.bound), 1 - PERCENTILES[measured.name]
    elif measured.name in ("error_rate", "availability"):
        windows, tolerated = [(bad, len(ok) + bad) for ok, bad in sample.windows], tolerated_errors(limit)
    else:
        return ""
    effect, bad = bounds.design_effect(windows), sum(bad for bad, _ in windows)
    if effect > MAX_EFFECT:
        return f"what goes wrong comes in bursts, {effect:.0f} times more unevenly than chance: only a longer test can tell"
    needed = requests_needed(bad / sample.n, tolerated, effect)
    if needed is None or needed <= sample.n:
        return "it lies too close to the limit for any test of reasonable length to tell"
    more = needed - sample.n
    seconds = math.ceil(more * sample.seconds / sample.n)
    length = f"{seconds} s" if seconds < 120 else f"{math.ceil(seconds / 60)} min"
    return f"about {more} more requests would tell, {length} more at this rate"


def requests_needed(share: float, tolerated: float, effect: float = 1.0) -> int | None:
    """The least number of requests that decides whether `share`, if it stays as it is, lies within `tolerated`."""
    if not 0 < tolerated < 1:
        return None

    def decided(n: int) -> bool:
        low, high = bounds.share(min(n, round(share * n)), n, effect)
        return high <= tolerated or low > tolerated

    n = 1
    while not decided(n):
        n *= 2
        if n > MOST:
            return None
    low = n // 2
    while n - low > 1 + low // 200:
        middle = (low + n) // 2
        low, n = (low, middle) if decided(middle) else (middle, n)
    return n


def fewest(limit: MeasurementLimit) -> int:
    """How many requests it takes at least before a threshold can be kept, even if none goes wrong."""
    percentile = SLOWDOWNS.get(limit.metric, limit.metric)
    if percentile in PERCENTILES and limit.operator in ("<", "<="):
        return bounds.fewest(PERCENTILES[percentile])
    if 0 < tolerated_errors(limit) < 1:
        return bounds.fewest(1 - tolerated_errors(limit))
    return 1


def tolerated_errors(limit: MeasurementLimit) -> float:
    """The share of errors that a threshold on errors or availability allows; 1 for any other."""
    if limit.metric == "error_rate" and limit.operator in ("<", "<="):
        return limit.bound
    return 1 - limit.bound if limit.metric == "availability" and limit.operator in (">", ">=") else 1.0


def refusal(plan: Plan, thresholds: Sequence[MeasurementLimit], *, comparing: bool) -> str:
    """Why the test need not be made, since it can keep some threshold in no case; empty when it should."""
    for limit in thresholds:
        if (limit.metric in NAMES) != comparing:
            why = "a comparison doesn't measure it; give it a gate without one" if comparing else "it takes a comparison"
            return f"{limit.text} ({limit.origin}): {why}"
    return too_short(plan, thresholds)


def too_short(plan: Plan, thresholds: Sequence[MeasurementLimit]) -> str:
    """Why a test could not keep its thresholds whatever the target does; empty when it could, or when nobody can know.

    Only users made from a list of requests make a known number at most.
    """
    for limit in thresholds:
        if tolerated_errors(limit) <= 0:
            return f"{limit.text} ({limit.origin}): no sample shows that none will ever fail; write 'error_rate <= 0.1 %'"
    if not plan.requests or (plan.model == "closed" and not plan.wait):
        return ""
    stage = next(stage for stage in plan.stages if stage.name == judged_name(plan.stages))
    rate = stage.rate if plan.model == "open" else stage.users / plan.wait
    for limit in thresholds:
        share = len(plan.requests) if limit.subject else 1
        # A Poisson process, or users who pause at random, may make somewhat more than planned.
        most = rate * plan.duration / share
        most += POISSON_DEVIATIONS * math.sqrt(most)
        if (least := fewest(limit)) > most:
            seconds = math.ceil(least * share / rate)
            return (
                f"{limit.text} ({limit.origin}) takes at least {least} requests, even if none is slow; "
                f"this plan makes about {rate * plan.duration / share:.0f} in {plan.duration} s: make it {seconds} s or longer"
            )
    return ""
