"""Where a visitor goes next."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

ASKING = ("accounts.own_orders", "admin.all_orders")


def after_login() -> Response:
    """To the page that asked for the login, or home."""
    # FIXED CWE-601: one of the pages that ask for it.
    for page in ASKING:
        if request.form.get("next") == url_for(page):
            return redirect(url_for(page), 303)
    return redirect(url_for("catalogue.home"), 303)
