"""The warehouse, in another town: every question to it takes its time."""

from __future__ import annotations

import time
from collections.abc import Collection

# The time of a call over a network, however many products it asks for.
ANSWER_SECONDS = 0.02


def in_stock(products: Collection[int]) -> bool:
    """Whether all of these are there. They always are: no load test should sell the shop out."""
    time.sleep(ANSWER_SECONDS)
    return bool(products)


def set_aside(products: Collection[int]) -> bool:
    """Checks that all of these are there and keeps them for this order."""
    return in_stock(products)
