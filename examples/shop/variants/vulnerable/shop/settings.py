"""Secrets and cookie flags."""

from __future__ import annotations

from flask import Flask

# WEAKNESS CWE-798, hard-coded secret: it's in every copy of the source.
ADMIN_PASSWORD = "keeper-of-the-shop"


def configure(app: Flask) -> None:
    """Gives the app its secret key and the flags of its session cookie."""
    # WEAKNESS CWE-798, hard-coded secret: whoever knows it can sign a session of their own.
    app.config["SECRET_KEY"] = "b2cf0a8e4d7143f6a1c95e3d8870fb62"
    # WEAKNESS CWE-1004, insecure cookie: scripts may read it, other sites may send it along.
    app.config["SESSION_COOKIE_HTTPONLY"] = False
    app.config["SESSION_COOKIE_SAMESITE"] = None
    app.config["SESSION_COOKIE_SECURE"] = False


def admin_password() -> str:
    """The password of the shop's keeper."""
    return ADMIN_PASSWORD
