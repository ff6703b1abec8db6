"""What a visitor sees when a request breaks."""

from __future__ import annotations

import traceback

from flask import render_template
from werkzeug.exceptions import InternalServerError


def page(error: InternalServerError) -> tuple[str, int]:
    """The page of a broken request."""
    broken = error.original_exception or error
    # WEAKNESS CWE-209, error message with internals: shows where and on what the code broke.
    detail = "".join(traceback.format_exception(broken))
    return render_template("failure.html", detail=detail), 500
