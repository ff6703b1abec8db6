"""How passwords are kept."""

from __future__ import annotations

from werkzeug.security import check_password_hash, generate_password_hash


def digest(password: str) -> str:
    """What is stored in place of the password."""
    # FIXED CWE-916: scrypt, which is slow and salted.
    return generate_password_hash(password)


def matches(stored: str, password: str) -> bool:
    """Whether this is the password of that digest."""
    return check_password_hash(stored, password)
