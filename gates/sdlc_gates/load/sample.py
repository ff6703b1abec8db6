"""Requests of one name, by time windows: exact percentiles with bounds."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from sdlc.model import Measurement
from sdlc_gates.load import bounds

PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
MAX_EFFECT = 20.0
MILLISECOND = 1000


@dataclass
class Window:
    """Requests that began in one stretch of time."""

    ok: array[int] = field(default_factory=lambda: array("q"))
    """Latencies in microseconds."""
    bad: int = 0
    """Failed, cut off without an answer, or not even begun in time."""

    def add(self, latencies: Mapping[int, int]) -> None:
        """Add requests that were answered."""
        for latency, count in latencies.items():
            self.ok.extend([latency] * count)

    @property
    def n(self) -> int:
        """How many there were."""
        return len(self.ok) + self.bad


class Sample:
    """All requests of one name."""

    def __init__(self, subject: str, windows: Iterable[Window], seconds: float) -> None:
        """Take the windows of a steady phase that lasted `seconds`."""
        self.subject, self.seconds = subject, seconds
        self.windows = [(array("q", sorted(window.ok)), window.bad) for window in windows if window.n]
        self.ok = array("q", sorted(value for window, _ in self.windows for value in window))
        self.bad = sum(bad for _, bad in self.windows)
        self.n = len(self.ok) + self.bad

    def at(self, rank: int) -> float:
        """The value of that rank in milliseconds, from 1, with every request that went wrong as the slowest."""
        if rank <= 0:
            return 0.0
        return self.ok[rank - 1] / MILLISECOND if rank <= len(self.ok) else math.inf

    def slower(self, limit: float) -> list[tuple[int, int]]:
        """How many requests, out of how many, took longer than `limit` milliseconds or went wrong, in each window."""
        return [(len(ok) - bisect_right(ok, limit * MILLISECOND) + bad, len(ok) + bad) for ok, bad in self.windows]

    def effect(self, limit: float) -> float:
        """The design effect of being slower than `limit`, or just as slow: many requests may share one latency."""
        slower, as_slow = self.slower(limit), self.slower(math.nextafter(limit, 0.0))
        return max(bounds.design_effect(slower), bounds.design_effect(as_slow))

    def percentile(self, name: str) -> Measurement:
        """A percentile in milliseconds, with bounds that allow for slow requests coming in bursts."""
        q = PERCENTILES[name]
        value = self.at(math.ceil(q * self.n))
        low = self.at(bounds.first(1, self.n + 1, lambda rank: not self._breaks(rank, q)) - 1)
        high = self.at(bounds.first(1, len(self.ok) + 1, lambda rank: self._keeps(rank, q)))
        if self.effect(value) > MAX_EFFECT:
            high = math.inf
        return Measurement(name=name, value=value, unit="ms", n=self.n, subject=self.subject, low=low, high=max(value, high))

    def _keeps(self, rank: int, q: float) -> bool:
        """Whether a limit at the value of that rank would be kept, by the count of what is slower and its own burstiness."""
        slower = self.slower(self.at(rank))
        return bounds.keeps(self.n - sum(bad for bad, _ in slower), self.n, q, bounds.design_effect(slower))

    def _breaks(self, rank: int, q: float) -> bool:
        """Whether a limit just below the value of that rank would be broken."""
        slower = self.slower(math.nextafter(self.at(rank), 0.0))
        return bounds.breaks(self.n - sum(bad for bad, _ in slower), self.n, q, bounds.design_effect(slower))

    def error_rate(self) -> Measurement:
        """The share of requests that went wrong."""
        effect = bounds.design_effect([(bad, len(ok) + bad) for ok, bad in self.windows])
        low, high = bounds.share(self.bad, self.n, effect)
        return Measurement(
            name="error_rate", value=self.bad / self.n, unit="ratio", n=self.n, subject=self.subject, low=low, high=high
        )

    def measurements(self) -> Iterable[Measurement]:
        """Every measurement there is of it."""
        yield from map(self.percentile, PERCENTILES)
        yield (errors := self.error_rate())
        yield msgspec.structs.replace(
            errors, name="availability", value=1 - errors.value, low=1 - (errors.high or 0.0), high=1 - (errors.low or 0.0)
        )
        if self.ok:
            yield self._plain("max", self.ok[-1] / MILLISECOND, "ms", len(self.ok))
            yield self._plain("mean", sum(self.ok) / len(self.ok) / MILLISECOND, "ms", len(self.ok))
        yield self._plain("requests", float(self.n), "count", self.n)
        yield self._plain("requests_per_second", len(self.ok) / self.seconds, "per_second", self.n)

    def remark(self) -> str:
        """What a reader of its percentiles should know besides; empty when nothing."""
        if not self.bad or not self.ok:
            return ""
        answered = self.ok[math.ceil(0.95 * len(self.ok)) - 1] / MILLISECOND
        return (
            f"{self.subject or 'all together'}: {self.bad} of {self.n} requests went wrong and count as infinitely slow; "
            f"the p95 of the others is {answered:.4g} ms"
        )

    def _plain(self, name: str, value: float, unit: str, n: int) -> Measurement:
        return Measurement(name=name, value=value, unit=unit, n=n, subject=self.subject)
