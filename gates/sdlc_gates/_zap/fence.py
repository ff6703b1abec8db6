"""Keeping ZAP on the target: its own address, without what is excluded, and no faster than allowed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from sdlc.errors import SdlcError
from sdlc.target import Target
from sdlc_gates._zap.api import Api
from sdlc_gates._zap.options import ZapOptions

CONTEXT = "sdlc"
PARTS = ("spider", "ascan")
OUTSIDE = "^(?!"


@contextlib.contextmanager
def fenced(api: Api, target: Target, options: ZapOptions) -> Iterator[str]:
    """An empty session with a context to scan, whose id it gives, and a ban on every other address.

    The bans that a daemon had before are put back after the block.
    """
    before = {part: api.ask(list[str], partial(_bans, part=part)) for part in PARTS}
    api.do(lambda zap: zap.core.new_session("", "true"))
    try:
        for part in PARTS:
            _ban_only(api, part, bans(target.url, options.exclude))
        _limit(api, target.host, options.requests_per_second)
        yield _context(api, target.url)
    finally:
        for part, patterns in before.items():
            # Reached also when the daemon has died, which is told by whoever noticed first.
            with contextlib.suppress(SdlcError):
                _ban_only(api, part, [pattern for pattern in patterns if not pattern.startswith(OUTSIDE)])


def bans(url: str, exclude: tuple[str, ...]) -> list[str]:
    """Java regular expressions for the URLs that are left alone: all but the target's, and its excluded paths."""
    inside = inside_pattern(url)
    return [f"{OUTSIDE}{inside.removeprefix('^')}).*$", *(path_pattern(inside, path) for path in exclude)]


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


def _ban_only(api: Api, part: str, patterns: list[str]) -> None:
    api.do(partial(_clear, part=part))
    for pattern in patterns:
        api.do(partial(_ban, part=part, pattern=pattern))


def _bans(zap: Any, part: str) -> object:
    return getattr(zap, part).excluded_from_scan


def _clear(zap: Any, part: str) -> object:
    return getattr(zap, part).clear_excluded_from_scan()


def _ban(zap: Any, part: str, pattern: str) -> object:
    return getattr(zap, part).exclude_from_scan(pattern)


def _context(api: Api, url: str) -> str:
    # A new session keeps the contexts of the old one.
    if CONTEXT in api.ask(list[str], lambda zap: zap.context.context_list):
        api.do(lambda zap: zap.context.remove_context(CONTEXT))
    number = api.ask(str, lambda zap: zap.context.new_context(CONTEXT))
    api.do(lambda zap: zap.context.include_in_context(CONTEXT, f"{inside_pattern(url)}.*"))
    return number


def _limit(api: Api, host: str, per_second: int) -> None:
    rules = api.ask(list[dict[str, Any]], lambda zap: zap.network.get_rate_limit_rules)
    if any(rule.get("description") == CONTEXT for rule in rules):
        api.do(lambda zap: zap.network.remove_rate_limit_rule(CONTEXT))
    if per_second:
        api.do(lambda zap: zap.network.add_rate_limit_rule(CONTEXT, "true", "false", host, per_second, "rule"))
