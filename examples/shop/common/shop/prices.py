"""Money, kept in whole cents."""

from __future__ import annotations


def euros(cents: int) -> str:
    """The amount as it's shown on a page: 1250 is "€12.50"."""
    return f"€{cents // 100}.{cents % 100:02d}"
