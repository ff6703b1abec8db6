"""What a visitor sees when a request breaks."""

from __future__ import annotations

from flask import render_template
from werkzeug.exceptions import InternalServerError


def page(_error: InternalServerError) -> tuple[str, int]:
    """The page of a broken request."""
    # FIXED CWE-209: the detail is in the log.
    return render_template("failure.html", detail=""), 500
