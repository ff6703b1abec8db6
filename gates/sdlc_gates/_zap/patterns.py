"""Patterns for the addresses of a target, as Java and Python read them. Pure."""

from __future__ import annotations

import re


def inside_pattern(url: str) -> str:
    """A Java regular expression for the beginnings of the target's URLs; `url` is scheme, host and port."""
    return f"^{_quoted(url)}(?=[/?#]|$)"


def path_pattern(inside: str, pattern: str) -> str:
    """A Java regular expression for the URLs whose path matches a shell pattern."""
    pieces = (".*" if piece == "*" else "." if piece == "?" else _quoted(piece) for piece in re.split(r"([*?])", pattern))
    return f"{inside}{''.join(pieces)}(\\?.*)?$"


def _quoted(text: str) -> str:
    """The text, to be found as it is by Java and by Python."""
    return "".join(character if character.isalnum() or character in "/:_-" else f"\\{character}" for character in text)
