"""Untrusted text made fit to show: nothing invisible, nothing endless, and links that lead to the web alone."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable

LINE = 300
"""Characters of a text that is shown in one line."""
BLOCK = 6000
"""Characters of a text that keeps its lines."""
_CONTROL_PICTURES = 0x2400
_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad"  # control characters, among them ESC, NUL and CR
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # change the direction of the text around them
    "\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # seen by machines only
    "\ud800-\udfff\ufffe\uffff"  # no characters at all
    "]"
)
_NOT_IN_LINKS = re.compile(r"[^!-~]|[<>\"\\^`{|}]")
MAX_LINK = 2000


def line(text: str, limit: int = LINE) -> str:
    """The text in one line of at most `limit` characters, with a note of how long it was when it is cut."""
    return _cut(text, limit, lambda part: visible(part).replace("\n", " ").replace("\t", " ").strip())


def block(text: str, limit: int = BLOCK) -> str:
    """The text with its lines, at most `limit` characters of it, with a note of how long it was when it is cut."""
    return _cut(text, limit, visible)


def visible(text: str) -> str:
    """The text with every character that can't be seen, or that moves others, replaced by one that can be seen.

    Newlines and tabs stay, so the answer is also fit for XML 1.0.
    """
    return _UNSEEN.sub(_shown, text.replace("\r\n", "\n"))


def web_link(url: str) -> str:
    """The URL when it is safe to make a link of; empty for anything but plain http and https.

    A name before the host (`https://trusted@elsewhere/`), and a host that isn't ASCII, could deceive a reader.
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return ""
    plain = parts.scheme in ("http", "https") and parts.netloc and "@" not in parts.netloc
    return url if plain and len(url) <= MAX_LINK and not _NOT_IN_LINKS.search(url) else ""


def _cut(text: str, limit: int, show: Callable[[str], str]) -> str:
    # Cut before it is shown, since it may have many megabytes, and after, since showing can make it longer.
    shown = show(text[:limit])
    return shown if max(len(text), len(shown)) <= limit else f"{shown[:limit]} … [cut: {len(text):,} characters in all]"


def _shown(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF):
        return "\ufffd"
    return "\u2421" if code == 0x7F else f"[U+{code:04X}]"
