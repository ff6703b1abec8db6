"""What differs between two sides that were measured in pairs of runs. The run is the unit: requests are never pooled.

The one exception is errors, which are too rare in a single run: both sides' counts have bounds of their own, with runs as
the windows in which errors may come together, and the difference lies between the ends of both, which is on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from sdlc.model import Measurement, Verdict
from sdlc.quantity import show
from sdlc.threshold import MeasurementLimit
from sdlc_gates.load import bounds, paired
from sdlc_gates.load.sample import PERCENTILES, Sample

SLOWDOWNS = {"p50_slowdown": "p50", "p90_slowdown": "p90", "p95_slowdown": "p95", "p99_slowdown": "p99"}
LOSS = "throughput_loss"
ERRORS = "error_increase"
NAMES = (*SLOWDOWNS, LOSS, ERRORS)


@dataclass(frozen=True, slots=True)
class Pair:
    """One run of each side, for one name of requests."""

    number: int
    base: Sample
    candidate: Sample


@dataclass(frozen=True, slots=True)
class Contrast:
    """One quantity, pair by pair."""

    name: str
    subject: str
    numbers: tuple[int, ...]
    base: tuple[float, ...]
    """Milliseconds, or requests answered a second."""
    candidate: tuple[float, ...]

    @property
    def differences(self) -> list[float]:
        """By how much worse the candidate is: logarithms of ratios."""
        sides = (self.candidate, self.base) if self.name in SLOWDOWNS else (self.base, self.candidate)
        return [math.log(above / below) for above, below in zip(*sides, strict=True)]

    def share(self, difference: float) -> float:
        """A difference as a share of the base."""
        return math.expm1(difference) if self.name in SLOWDOWNS else -math.expm1(-difference)

    def difference(self, share: float) -> float:
        """The other way round; infinite for what no difference can be."""
        beyond = share if self.name in SLOWDOWNS else -share
        if beyond <= -1:
            return math.inf
        return math.log1p(share) if self.name in SLOWDOWNS else -math.log1p(-share)

    @property
    def detectable(self) -> float:
        """The least share that these pairs tell from none, nine times out of ten; infinite for too few."""
        least = paired.detectable(paired.shift(self.differences))
        return self.share(least) if math.isfinite(least) else math.inf

    @property
    def told(self) -> str:
        """The same in words."""
        return f"a difference of {show(self.detectable, 'ratio')} or more nine times out of ten"

    def measurement(self, limits: Sequence[MeasurementLimit] = ()) -> Measurement:
        """The share by which the candidate is worse, with its bounds, and what would decide the limits on it.

        Pairs that could hardly show a difference as large as a limit have no upper bound: they let nothing pass by luck.
        """
        found = paired.shift(self.differences)
        value, low, high = (self.share(end) for end in (found.value, found.low, found.high))
        n, subject = len(self.numbers), self.subject
        if any(limit.operator in ("<", "<=") and self._blind(limit, found) for limit in limits):
            high = math.inf
        measured = Measurement(name=self.name, value=value, unit="ratio", n=n, subject=subject, low=low, high=high)
        hints = [self._more(limit, found) for limit in limits if limit.judge(measured) is Verdict.INCONCLUSIVE]
        hint = "; ".join([*hints, *([f"the pairs would show {self.told}"] if math.isfinite(self.detectable) else [])])
        return msgspec.structs.replace(measured, hint=hint)

    def _blind(self, limit: MeasurementLimit, found: paired.Shift) -> bool:
        """Whether a difference as large as the limit would most likely have gone unseen, so that none seen tells nothing."""
        bound = self.difference(limit.bound)
        return paired.detectable(found) > max(bound, bound - found.value)

    def _more(self, limit: MeasurementLimit, found: paired.Shift) -> str:
        needed = paired.needed(found, len(self.numbers), abs(self.difference(limit.bound) - found.value))
        if needed is None:
            return "it lies too close to the limit for any number of pairs within reason to tell"
        more = max(1, needed - len(self.numbers))
        return f"about {more} more {'pair' if more == 1 else 'pairs'} would tell"

    @property
    def medians(self) -> tuple[float, float]:
        """Of the base's runs, and of the candidate's."""
        return median(self.base), median(self.candidate)


def contrasts(subject: str, pairs: Sequence[Pair]) -> Iterator[Contrast | str]:
    """Every quantity of one name of requests that can be compared; for one that can't, why."""
    for name, percentile in SLOWDOWNS.items():
        q = PERCENTILES[percentile]
        base, candidate = ([_at(side, q) for side in sides] for sides in _sides(pairs))
        fewest = min(sample.n for pair in pairs for sample in (pair.base, pair.candidate))
        of = f"{name} of {subject or 'all together'}"
        if fewest < bounds.fewest(q):
            yield f"{of} is not measured: it takes {bounds.fewest(q)} requests in each run, and one had {fewest}"
        elif not all(map(math.isfinite, base + candidate)) or min(base + candidate) <= 0:
            yield f"{of} is not measured: in some runs too many requests went wrong for a {percentile}"
        else:
            yield _contrast(name, subject, pairs, base, candidate)
    base, candidate = ([len(side.ok) / side.seconds for side in sides] for sides in _sides(pairs))
    if min(base + candidate) > 0:
        yield _contrast(LOSS, subject, pairs, base, candidate)


def errors(subject: str, pairs: Sequence[Pair]) -> Measurement:
    """By how much larger a share of the candidate's requests went wrong."""
    base, candidate = (_errors(side) for side in _sides(pairs))
    requests = sum(side.n for sides in _sides(pairs) for side in sides)
    low, high = candidate[1] - base[2], candidate[2] - base[1]
    return Measurement(name=ERRORS, value=candidate[0] - base[0], unit="ratio", n=requests, subject=subject, low=low, high=high)


def _errors(side: Sequence[Sample]) -> tuple[float, float, float]:
    """The share that went wrong, with its bounds."""
    bad, n = sum(run.bad for run in side), sum(run.n for run in side)
    low, high = bounds.share(bad, n, bounds.design_effect([(run.bad, run.n) for run in side]))
    return bad / n, low, high


def _sides(pairs: Sequence[Pair]) -> tuple[list[Sample], list[Sample]]:
    return [pair.base for pair in pairs], [pair.candidate for pair in pairs]


def _at(sample: Sample, q: float) -> float:
    return sample.at(math.ceil(q * sample.n))


def _contrast(name: str, subject: str, pairs: Sequence[Pair], base: list[float], candidate: list[float]) -> Contrast:
    return Contrast(
        name=name,
        subject=subject,
        numbers=tuple(pair.number for pair in pairs),
        base=tuple(base),
        candidate=tuple(candidate),
    )
