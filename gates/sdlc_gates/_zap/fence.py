"""Keeping ZAP on the target: its own address, without what is excluded, and no faster than allowed."""

from __future__ import annotations

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from sdlc.errors import SdlcError, ToolFailed
from sdlc_gates._zap.api import Api, Refused
from sdlc_gates._zap.files import named
from sdlc_gates._zap.patterns import inside_pattern, path_pattern
from sdlc_gates._zap.scan import CONTEXT, Scan

DEPTH = ("spider", "max_depth")
PARTS = ("spider", "ascan")
OUTSIDE = "^(?!"


# Limits by which ZAP would end early and call it done.
UNLIMITED = (
    ("spider", "max_duration"),
    ("spider", "max_children"),
    ("ascan", "max_scan_duration_in_mins"),
    ("ascan", "max_rule_duration_in_mins"),
)


@contextlib.contextmanager
def fenced(scan: Scan) -> Iterator[Scan]:
    """The scan in an empty session, with a context, and a ban on every other address.

    The bans and limits that a daemon had before are put back after the block, and contexts that came with it removed.
    """
    api, options = scan.api, scan.options
    before = {part: api.ask(list[str], partial(_bans, part=part)) for part in PARTS}
    limits = {limit: api.ask(int, partial(_limit, limit=limit)) for limit in (*UNLIMITED, DEPTH)}
    api.do(lambda zap: zap.core.new_session("", "true"))
    contexts = _contexts(api)
    try:
        for part in PARTS:
            _ban_only(api, part, bans(scan.target.url, options.exclude, options.include, first_page=part == "spider"))
        for limit in UNLIMITED:
            api.do(partial(_set_limit, limit=limit, value=0))
        api.do(partial(_set_limit, limit=DEPTH, value=options.max_depth))
        _slow(api, scan.target.host, options.requests_per_second)
        yield dataclasses.replace(scan, context=_context(scan))
    finally:
        restore: list[Callable[[], object]] = [
            *(partial(_ban_only, api, part, _own(patterns)) for part, patterns in before.items()),
            *(partial(api.do, partial(_set_limit, limit=limit, value=value)) for limit, value in limits.items()),
            partial(_slow, api, scan.target.host, 0),
            partial(_drop_but, api, contexts),
        ]
        for step in restore:
            # Reached also when the daemon has died, which is told by whoever noticed first.
            with contextlib.suppress(SdlcError):
                step()


def _own(patterns: list[str]) -> list[str]:
    """Those that a scan which was killed did not leave behind."""
    return [pattern for pattern in patterns if not pattern.startswith(OUTSIDE)]


def bans(url: str, exclude: tuple[str, ...], include: tuple[str, ...] = (), *, first_page: bool = False) -> list[str]:
    """Java regular expressions for the URLs that are left alone: all but the target's, its excluded paths, what isn't included.

    The first page is not left alone if `first_page`, whatever is included: a crawl has to begin somewhere.
    """
    inside = inside_pattern(url)
    allowed = [path_pattern(inside, path) for path in (*include, *(["/"] if first_page else []))] if include else []
    rest = [f"^(?!{'|'.join(f'(?:{pattern})' for pattern in allowed)}).*$"] if allowed else []
    return [
        f"{OUTSIDE}{inside.removeprefix('^')}).*$",
        *(path_pattern(inside, path) for path in exclude),
        *rest,
    ]


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


def _context(scan: Scan) -> str:
    """The name of the context to scan: one that the configuration brings, or our own.

    Raises `ToolFailed` when ZAP can't read it, or there is one of that name.
    """
    api = scan.api
    if scan.options.context_file:
        return _imported(scan)
    # A new session keeps the contexts of the old one.
    if CONTEXT in _contexts(api):
        api.do(partial(_drop, name=CONTEXT))
    api.ask(str, lambda zap: zap.context.new_context(CONTEXT))
    api.do(lambda zap: zap.context.include_in_context(CONTEXT, f"{inside_pattern(scan.target.url)}.*"))
    return CONTEXT


def _imported(scan: Scan) -> str:
    file = scan.daemon.inputs / "imported.context"
    shutil.copyfile(named(scan.work.judging, scan.options.context_file), file)
    before = _contexts(scan.api)
    try:
        scan.api.ask(str, lambda zap: zap.context.import_context(str(file)))
    except Refused as refusal:
        raise ToolFailed(
            f"ZAP can't import the context {scan.options.context_file}: {refusal}",
            fix="export it from ZAP again, under a name that this ZAP has no context of",
        ) from refusal
    (name,) = _contexts(scan.api) - before or {""}
    if not name:
        raise ToolFailed(f"ZAP imported {scan.options.context_file} and has no context more")
    return name


def _contexts(api: Api) -> set[str]:
    return set(api.ask(list[str], lambda zap: zap.context.context_list))


def _drop(zap: Any, name: str) -> object:
    return zap.context.remove_context(name)


def _drop_but(api: Api, contexts: set[str]) -> None:
    for name in sorted(_contexts(api) - contexts - {CONTEXT}):
        api.do(partial(_drop, name=name))


def _limit(zap: Any, limit: tuple[str, str]) -> object:
    return getattr(getattr(zap, limit[0]), f"option_{limit[1]}")


def _set_limit(zap: Any, limit: tuple[str, str], value: int) -> object:
    return getattr(getattr(zap, limit[0]), f"set_option_{limit[1]}")(value)


def _slow(api: Api, host: str, per_second: int) -> None:
    """Bound what ZAP asks a second, by whichever of its parts; 0 for no bound."""
    rules = api.ask(list[dict[str, Any]], lambda zap: zap.network.get_rate_limit_rules)
    if any(rule.get("description") == CONTEXT for rule in rules):
        api.do(lambda zap: zap.network.remove_rate_limit_rule(CONTEXT))
    if per_second:
        api.do(lambda zap: zap.network.add_rate_limit_rule(CONTEXT, "true", "false", host, per_second, "rule"))
