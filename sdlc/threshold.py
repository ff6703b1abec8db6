"""Thresholds: sentences such as `p95(POST /checkout) <= 300 ms`, and limits on findings by severity."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable

from sdlc import quantity
from sdlc.model import Frozen, Measurement, Severity, Verdict

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
}
MAX_CHARACTERS = 500
_SENTENCE = re.compile(
    r"(?P<metric>[A-Za-z_][\w.]*)[ \t]*(?:\((?P<subject>.*)\)[ \t]*)?(?P<operator><=|>=|<|>)(?P<amount>[^<>=]+)"
)


class FindingLimit(Frozen, frozen=True, tag="findings"):
    """At most `most` findings of one severity, from one gate or from all that have no limit of their own."""

    severity: Severity
    most: int | None
    """None: any number is tolerated."""
    origin: str
    gate: str = ""
    """Empty: every gate without a limit of its own for this severity."""


class MeasurementLimit(Frozen, frozen=True, tag="measurement"):
    """A bound on a measurement of one gate."""

    gate: str
    metric: str
    operator: str
    bound: float
    """In the metric's unit."""
    unit: str
    origin: str
    """Where it was set: `default`, `sdlc.toml:12`, `command line`."""
    subject: str = ""

    @property
    def text(self) -> str:
        """The threshold as a sentence."""
        subject = f"({self.subject})" if self.subject else ""
        return f"{self.metric}{subject} {self.operator} {quantity.written(self.bound, self.unit)}"

    def holds(self, value: float) -> bool:
        """Whether one value keeps it; no value that isn't a number does."""
        return not math.isnan(value) and OPERATORS[self.operator](value, self.bound)

    def judge(self, measured: Measurement) -> Verdict:
        """PASS when the value and its whole confidence interval keep it, FAIL when none of it does, else INCONCLUSIVE.

        A measurement without an interval is judged by its value alone.
        """
        low = measured.value if measured.low is None else measured.low
        high = measured.value if measured.high is None else measured.high
        if measured.n <= 0 or any(map(math.isnan, (low, high, measured.value))) or low > high:
            return Verdict.INCONCLUSIVE
        kept = {self.holds(low), self.holds(measured.value), self.holds(high)}
        if len(kept) == 2:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS if kept == {True} else Verdict.FAIL


Threshold = FindingLimit | MeasurementLimit


class Sentence(Frozen, frozen=True):
    """The parts of a threshold as it was written."""

    metric: str
    subject: str
    operator: str
    amount: str


def read(text: str) -> Sentence:
    """Take a threshold apart; raises `ValueError` with an example when it is not one."""
    match = _SENTENCE.fullmatch(text.strip()) if len(text) <= MAX_CHARACTERS else None
    if not match:
        raise ValueError(
            f"{text[:MAX_CHARACTERS]!r} is not a threshold; "
            "write one like 'p95(POST /checkout) <= 300 ms' or 'error_rate <= 0.1 %'"
        )
    parts = {name: (part or "").strip() for name, part in match.groupdict().items()}
    return Sentence(**parts)
