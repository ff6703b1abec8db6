from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdlc_reports.untrusted import block, line, visible, web_link

ANY_TEXT = st.text(st.characters(codec=None, categories=None))


@given(ANY_TEXT)
def test_nothing_unseen_is_left(text: str) -> None:
    shown = visible(text)
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\n\t"]
    assert not [
        c for c in shown if unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    shown.encode()


@given(ANY_TEXT)
def test_a_line_is_one_line_of_bounded_length(text: str) -> None:
    shown = line(text, 20)
    assert "\n" not in shown
    assert len(shown) <= 20 + len(" … [cut: 1,000,000 characters in all]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "␛[31m"),
        ("a\x00b", "a␀b"),
        ("\x7f", "␡"),
        ("\x9b", "[U+009B]"),
        ("\u202egpj.exe", "[U+202E]gpj.exe"),
        ("\udcff", "\ufffd"),
        ("a\r\nb\rc", "a\nb␍c"),
        ("naïve 漢字 👩‍💻", "naïve 漢字 👩‍💻"),
    ],
)
def test_a_character_that_cannot_be_seen_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert block("x" * 1_000_000, 10) == "x" * 10 + " … [cut: 1,000,000 characters in all]"
    assert block("x" * 10, 10) == "x" * 10


def test_a_text_that_grows_when_shown_is_cut_too() -> None:
    assert len(line("\u202e" * 300, 300)) < 350


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "ftp://example.org/x",
        "javascript://example.org/%0aalert(1)",
        "file:///etc/passwd",
        "//evil.example",
        "/relative",
        "https://",
        "https://trusted.example@evil.example/",
        "https://\u0435xample.org/",
        "https://[::1",
        'https://example.org/"onclick=alert(1)',
        "https://example.org/ x",
        "https://example.org/" + "x" * 3000,
        "",
    ],
)
def test_only_plain_web_addresses_become_links(url: str) -> None:
    assert web_link(url) == ""


def test_a_plain_web_address_becomes_a_link() -> None:
    url = "https://bandit.readthedocs.io/en/1.9.4/plugins/b602.html?x=1&y=%20#z"
    assert web_link(url) == url
