"""How passwords are kept."""

from __future__ import annotations

import hashlib


def digest(password: str) -> str:
    """What is stored in place of the password."""
    # WEAKNESS CWE-916, weak hash: fast to try, and the same for everybody with that password.
    return hashlib.md5(password.encode()).hexdigest()


def matches(stored: str, password: str) -> bool:
    """Whether this is the password of that digest."""
    return stored == digest(password)
