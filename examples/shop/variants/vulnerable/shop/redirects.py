"""Where a visitor goes next."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.wrappers import Response


def after_login() -> Response:
    """To the page that asked for the login, or home."""
    # WEAKNESS CWE-601, open redirect: the page may be anybody's.
    return redirect(request.form.get("next") or url_for("catalogue.home"), 303)
