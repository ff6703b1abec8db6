"""Secrets and cookie flags."""

from __future__ import annotations

import os
import secrets

from flask import Flask


def configure(app: Flask) -> None:
    """Gives the app its secret key and the flags of its session cookie."""
    # FIXED CWE-798: from the environment; without it a new one, and old sessions end.
    app.config["SECRET_KEY"] = os.environ.get("SHOP_SECRET_KEY") or secrets.token_hex(32)
    # FIXED CWE-1004: not for scripts, not from other sites, and over TLS alone where there is TLS.
    app.config["SESSION_COOKIE_HTTPONLY"] = True
    app.config["SESSION_COOKIE_SAMESITE"] = "Lax"
    app.config["SESSION_COOKIE_SECURE"] = os.environ.get("SHOP_TLS") == "1"


def admin_password() -> str:
    """The password of the shop's keeper; unless it's given, one that nobody knows."""
    return os.environ.get("SHOP_ADMIN_PASSWORD") or secrets.token_urlsafe(32)
