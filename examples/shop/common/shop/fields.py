"""Reads what came in: each function gives a value the shop can keep or refuses with 400."""

from __future__ import annotations

import re
from typing import NoReturn

from flask import abort

EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,120}")
# The highest number a row is asked for by: SQLite's own limit is far above.
HIGHEST_ROW = 1_000_000_000
HIGHEST_QUANTITY = 99
LONGEST_PASSWORD = 200
LONGEST_TEXT = 2_000


def email(value: object) -> str:
    """An address, in lower case."""
    if not isinstance(value, str) or not EMAIL.fullmatch(value):
        refuse("an e-mail address is needed")
    return value.lower()


def password(value: object) -> str:
    """A password of 8 to 200 printable characters."""
    if not isinstance(value, str) or not 8 <= len(value) <= LONGEST_PASSWORD:
        refuse("a password of 8 to 200 characters is needed")
    if not value.isprintable():
        refuse("a password of printable characters is needed")
    return value


def text(value: object) -> str:
    """A text of 1 to 2000 characters, without the space around it."""
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_TEXT:
        refuse("a text of 1 to 2000 characters is needed")
    return value.strip()


def row(value: object) -> int:
    """The number of a row."""
    return whole(value, 1, HIGHEST_ROW)


def quantity(value: object) -> int:
    """How many of one product, 1 to 99."""
    return whole(value, 1, HIGHEST_QUANTITY)


def whole(value: object, lowest: int, highest: int) -> int:
    """A whole number within the two bounds; a form's text counts, a JSON true doesn't."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 11:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
        refuse(f"a whole number from {lowest} to {highest} is needed")
    return value


def refuse(reason: str) -> NoReturn:
    """Answers 400 with the reason."""
    abort(400, description=reason)
