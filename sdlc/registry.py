"""Finds gates, reports and further commands through entry points: a built-in and a stranger's take one road."""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
from collections.abc import Iterable, Mapping
from typing import TypeVar

from sdlc.errors import ConfigError
from sdlc.gate import Gate
from sdlc.report import Report

GATES = "sdlc.gates"
REPORTS = "sdlc.reports"
COMMANDS = "sdlc.commands"
MOST_KNOWN = 20
Kind = TypeVar("Kind", Gate, Report)


@functools.cache
def gates() -> Mapping[str, type[Gate]]:
    """Every gate's class by its kind; raises `ConfigError` when one can't be loaded or two share a name."""
    abstract: type[Gate] = Gate  # type: ignore[type-abstract]  # only compared with, never made
    return {name: _checked(name, thing, abstract) for name, thing in _load(GATES).items()}


@functools.cache
def reports() -> Mapping[str, type[Report]]:
    """Every report's class by its kind; raises `ConfigError` when one can't be loaded or two share a name."""
    abstract: type[Report] = Report  # type: ignore[type-abstract]  # only compared with, never made
    return {name: _checked(name, thing, abstract) for name, thing in _load(REPORTS).items()}


@functools.cache
def commands() -> Mapping[str, object]:
    """What installed packages add to the command line, by its name; raises `ConfigError` as the others do."""
    return _load(COMMANDS)


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint such as ` (did you mean 'bandit'?)`, or the known words, for an error message."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
    if close:
        return f" (did you mean {close[0]!r}?)"
    more = f" and {len(words) - MOST_KNOWN} more" if len(words) > MOST_KNOWN else ""
    return f" (known: {', '.join(words[:MOST_KNOWN])}{more})" if words else ""


def _load(group: str) -> dict[str, object]:
    found: dict[str, object] = {}
    for point in sorted(importlib.metadata.entry_points(group=group)):
        if point.name in found:
            raise ConfigError(f"two installed packages both bring {point.name!r} in {group}; uninstall one")
        try:
            found[point.name] = point.load()
        except (Exception, SystemExit) as error:  # a stranger's module may raise anything, or want to end this process
            told = f"{type(error).__name__}: {error}"
            raise ConfigError(f"{point.name!r} in {group} can't be loaded from {point.value}: {told}") from error
    return found


def _checked(name: str, thing: object, kind: type[Kind]) -> type[Kind]:
    if not (isinstance(thing, type) and issubclass(thing, kind)):
        raise ConfigError(f"the entry point {name!r} is no {kind.__name__}: {thing!r}")
    own = getattr(thing, "kind", "")
    if own != name:
        raise ConfigError(f"the entry point {name!r} leads to the {kind.__name__.lower()} {own!r}; they must agree")
    return thing
