"""Amounts with units, as people write them: `5 min`, `2 GiB`, `300 ms`, `0.1 %`."""

from __future__ import annotations

import math
import re

UNITS: dict[str, dict[str, float]] = {
    "seconds": {"ms": 0.001, "s": 1, "min": 60, "h": 3600, "d": 86400},
    "bytes": {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30},
    "ms": {"us": 0.001, "ms": 1, "s": 1000, "min": 60_000},
    "ratio": {"%": 0.01, "": 1},
    "per_second": {"": 1, "/s": 1, "rps": 1},
    "count": {"": 1},
}
"""For each unit that a value is kept in, the words it may be written with and what one of them is worth."""
LARGEST = 1e300
"""Anything above stands for infinity, which JSON can't hold."""
_AMOUNT = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z%/]*)\s*")


def parse(text: str, unit: str) -> float:
    """The amount in `unit`, one of `UNITS`; raises `ValueError` saying which words are known."""
    match = _AMOUNT.fullmatch(text)
    words = UNITS[unit]
    if not match or match["unit"] not in words:
        known = ", ".join(f"10 {word}".strip() for word in words)
        raise ValueError(f"{text!r} is not an amount; write one like {known}")
    value = float(match["number"]) * words[match["unit"]]
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is too large")
    return value


def show(value: float, unit: str) -> str:
    """The amount for people, with at most four significant digits."""
    if abs(value) > LARGEST:
        return "unbounded"
    if unit == "ratio":
        return f"{value * 100:.4g} %"
    suffix = {"ms": " ms", "per_second": "/s", "seconds": " s", "bytes": " B"}.get(unit, "")
    digits = f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return digits + suffix
