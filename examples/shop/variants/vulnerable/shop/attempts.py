"""How often somebody may try to log in."""

from __future__ import annotations


def allowed(_email: str) -> bool:
    """Whether one more try is allowed for that address."""
    # WEAKNESS CWE-307, unlimited tries: passwords can be guessed as fast as the shop answers.
    return True


def failed(_email: str) -> None:
    """Remembers nothing."""
