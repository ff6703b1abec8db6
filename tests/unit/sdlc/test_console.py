"""Text that comes from elsewhere is made harmless before a terminal sees it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdlc.cli.console import plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words", "plain words"),
        ("two\nlines\r\n\tand  more ", "two lines and more"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "31mred"),
        ("\x1bcreset", "reset"),
        ("a\x00b\x08c\x7fd", "abcd"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("half \udcff", "half "),
        ("[red]not markup[/red] :smile:", "[red]not markup[/red] :smile:"),
        ("ünïcödé ✓ 漢字", "ünïcödé ✓ 漢字"),
        ("\u2028line\u2029paragraph", "line paragraph"),
        ("", ""),
    ],
)
def test_a_text_becomes_one_harmless_line(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_text_is_cut() -> None:
    assert plain("x" * 1000) == "x" * 399 + "…"
    assert plain("\x1b[31m" * 2_000_000 + "x") == ""
    assert len(plain("\x1b]" * 2_000_000, 4000)) <= 4000


@given(st.text(), st.integers(1, 50))
def test_whatever_comes_nothing_dangerous_goes(text: str, limit: int) -> None:
    shown = plain(text, limit)
    assert len(shown) <= limit
    assert all(char == " " or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") for char in shown)
