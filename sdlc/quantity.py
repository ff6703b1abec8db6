"""Amounts with units, as people write them: `5 min`, `2 GiB`, `300 ms`, `0.1 %`."""

from __future__ import annotations

import re
from decimal import Decimal

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
MAX_CHARACTERS = 100
_AMOUNT = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)[ \t]*(?P<unit>[A-Za-z%/]*)")


def parse(text: str, unit: str) -> float:
    """The amount in `unit`, one of `UNITS`; raises `ValueError` saying which words are known."""
    match = _AMOUNT.fullmatch(text.strip()) if len(text) <= MAX_CHARACTERS else None
    words = UNITS[unit]
    if not match or match["unit"] not in words:
        known = ", ".join(f"10 {word}".strip() for word in words)
        raise ValueError(f"{text[:MAX_CHARACTERS]!r} is not an amount; write one like {known}")
    # In binary, 57 times 0.01 is more than 0.57, and 57 of 100 would be too few for 57 %.
    return float(Decimal(match["number"]) * Decimal(str(words[match["unit"]])))


def show(value: float, unit: str) -> str:
    """The amount for people, with at most four significant digits."""
    if abs(value) > LARGEST:
        return "unbounded"
    return written(round(value) if abs(value) >= 10_000 else float(f"{value:.4g}"), unit)


def written(value: float, unit: str) -> str:
    """The amount as `parse` reads it, to the last digit."""
    suffix = {"ratio": " %", "ms": " ms", "per_second": "/s", "seconds": " s", "bytes": " B"}.get(unit, "")
    number = Decimal(str(value)) * (100 if unit == "ratio" else 1)
    digits = f"{number:f}"
    return (digits.rstrip("0").rstrip(".") if "." in digits else digits) + suffix
