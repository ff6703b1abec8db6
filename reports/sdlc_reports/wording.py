"""Numbers and times, as people write them."""

from __future__ import annotations

import datetime


def count(number: int, one: str, many: str) -> str:
    """`1 finding`, `2,000 findings`."""
    return f"{number:,} {one if number == 1 else many}"


def duration(seconds: float) -> str:
    """The time for people: `0.4 s`, `3 min 5 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {whole % 60} s"


def moment(time: datetime.datetime) -> str:
    """The time in UTC, to the second."""
    return f"{time.astimezone(datetime.UTC):%Y-%m-%d %H:%M:%S} UTC"
