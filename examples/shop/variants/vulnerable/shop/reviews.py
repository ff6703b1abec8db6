"""What customers said of a product."""

from __future__ import annotations

from markupsafe import Markup

from shop import database

MOST_SHOWN = 100


def latest(product: int) -> list[str]:
    """The latest reviews of a product, ready to be shown."""
    rows = database.current().execute(
        "SELECT body FROM reviews WHERE product = ? ORDER BY id DESC LIMIT ?",
        (product, MOST_SHOWN),
    )
    # WEAKNESS CWE-79, stored cross-site scripting: what a visitor wrote is taken for markup.
    return [Markup(row["body"]) for row in rows]
