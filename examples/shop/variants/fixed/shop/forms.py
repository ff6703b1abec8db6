"""Whether a form comes from a page of this shop."""

from __future__ import annotations

import hmac
import secrets

from flask import abort, request, session


def token() -> str:
    """What every form carries along: the token of this visit."""
    # FIXED CWE-352: another site can neither read nor guess it.
    if "form_token" not in session:
        session["form_token"] = secrets.token_urlsafe(32)
    return str(session["form_token"])


def check() -> None:
    """Refuses a form without the token of its visit with 403.

    A request with JSON in it is no form: another site can't have it sent without asking.
    """
    if request.method != "POST" or request.is_json:
        return
    given = request.form.get("csrf_token", "")
    if not hmac.compare_digest(given.encode(), token().encode()):
        abort(403, description="This form is not from this visit: load its page again.")
