"""Makes of what a gate answered what is judged and stored: the same on any machine, now and when it is read again."""

from __future__ import annotations

import math
import sys

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.identity import fingerprinted
from sdlc.model import Answer, Coverage, Measurement, Missing

UNBOUNDED = sys.float_info.max
"""Written for an infinite bound, which JSON can't hold."""


def accounted(answer: Answer, promised: frozenset[str]) -> Answer:
    """The answer, with nothing measured of each kind of coverage that its gate promised and that it does not speak of."""
    told = {coverage.what for coverage in answer.coverage}
    untold = tuple(
        Coverage(what=what, measured=0, expected=1, missing=(Missing(item=what, reason="the gate does not speak of them"),))
        for what in sorted(promised - told)
    )
    return msgspec.structs.replace(answer, coverage=(*answer.coverage, *untold))


def settled(answer: Answer, gate: str) -> Answer:
    """The answer as it is stored: findings marked, bounds finite.

    Raises `OutputInvalid` for a measurement that isn't a number, and for anything that would not be read as it was written.
    """
    marked = msgspec.structs.replace(
        answer,
        findings=fingerprinted(answer.findings, gate),
        measurements=tuple(_finite(measurement) for measurement in answer.measurements),
    )
    try:
        stored = msgspec.json.decode(msgspec.json.encode(marked), type=Answer)
    except (ValueError, TypeError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        raise OutputInvalid(f"the answer can't be stored: {error}") from error
    if stored != marked:
        raise OutputInvalid("the answer can't be stored: it would be read as another")
    return marked


def _finite(measurement: Measurement) -> Measurement:
    numbers = {"value": measurement.value, "low": measurement.low, "high": measurement.high}
    if any(number is not None and math.isnan(number) for number in numbers.values()):
        raise OutputInvalid(f"{measurement.name} of {measurement.subject or 'all together'} is not a number")
    bounded = {
        name: math.copysign(UNBOUNDED, number) if number is not None and math.isinf(number) else number
        for name, number in numbers.items()
    }
    return msgspec.structs.replace(measurement, **bounded)
