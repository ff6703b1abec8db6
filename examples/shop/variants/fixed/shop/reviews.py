"""What customers said of a product."""

from __future__ import annotations

from shop import database

MOST_SHOWN = 100


def latest(product: int) -> list[str]:
    """The latest reviews of a product, ready to be shown."""
    rows = database.current().execute(
        "SELECT body FROM reviews WHERE product = ? ORDER BY id DESC LIMIT ?",
        (product, MOST_SHOWN),
    )
    # FIXED CWE-79: plain text, which the template escapes.
    return [str(row["body"]) for row in rows]
