"""Where Semgrep gave up on a regular expression: it drops the expression's matches in that file, and only its log says so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sdlc_gates._semgrep.rules import LoadedRule, RuleSet

# The core's own log, which needs --debug; warnings are all that a first look asks for.
WATCHED = {"SEMGREP_LOG_SRCS": "semgrep.engine,aliengrep", "SEMGREP_LOG_LEVEL": "warning"}
# With which rule is about to read which file, in the order in which one process does it.
TRACED = {"SEMGREP_LOG_SRCS": "semgrep.engine,aliengrep,debug_trace", "SEMGREP_LOG_LEVEL": "debug"}
_SIGN = re.compile(r"\((?:semgrep\.engine|aliengrep)\): PCRE2 error while ")
_BEGINS = re.compile(r"\(debug_trace\): starting (\S+) with input:$")
_ENDS = "(debug_trace): finished "
_FILE, _RULE = "target: ", "ruleid: "
NOWHERE = ("", "")
_REGULAR = frozenset({"pattern-regex", "pattern-not-regex", "metavariable-regex", "regex", "not-regex"})
_IN_STRING = re.compile(r'=~/((?:[^"\\]|\\.)*)/', re.DOTALL)
_ESCAPE_OR_CLASS = re.compile(r"\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]", re.DOTALL)
_UNBOUNDED = re.compile(r"[*+]\+?|\{\d*,\}")


def gave_up(log: Path) -> bool:
    """Whether the log of a scan says that a regular expression passed its limit."""
    return any(_SIGN.search(line) for line in _lines(log))


def where(log: Path) -> tuple[tuple[str, str], ...]:
    """The files, as Semgrep was given them, and the rules that gave up in them, from the log of a traced scan in one process.

    `NOWHERE` stands for a place that the log does not tell.
    """
    found: dict[tuple[str, str], None] = {}
    step, place, heading = "", NOWHERE, None
    for line in _lines(log):
        if _SIGN.search(line):
            found[place] = None
        elif begins := _BEGINS.search(line):
            step, place, heading = begins[1], NOWHERE, list[str]()
        elif line.endswith(_ENDS + step):
            place = NOWHERE
        elif heading is not None and line.startswith(_RULE):
            place, heading = ("\n".join(heading).removeprefix(_FILE), line.removeprefix(_RULE)), None
        elif heading is not None:
            # Names of files may hold newlines.
            heading.append(line)
    return tuple(found)


def with_expressions(rules: RuleSet) -> RuleSet:
    """Those of the rules that Semgrep's regular expression engine has a part in."""
    return RuleSet(
        rules=tuple(rule for rule in rules.rules if "aliengrep" in _text(rule) or _REGULAR & set(_keys(rule.content)))
    )


def unwatched(rules: RuleSet) -> tuple[str, ...]:
    """Ids of the rules with an expression inside a string (`"=~/…/"`) that may pass its limit: of that Semgrep says nothing.

    One with a single unbounded repetition would need a string of a million characters. Rules that `compiled` refused may be
    of any size; these must not be asked about.
    """
    return tuple(rule.id for rule in rules.rules if any(_repeats(text) > 1 for text in _in_strings(rule.content)))


def _repeats(expression: str) -> int:
    return len(_UNBOUNDED.findall(_ESCAPE_OR_CLASS.sub("x", expression)))


def _in_strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield from _IN_STRING.findall(node)
    elif isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _in_strings(part)


def _keys(node: Any) -> Iterator[str]:
    if isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _keys(part)
    if isinstance(node, dict):
        yield from map(str, node)


def _text(rule: LoadedRule) -> str:
    return json.dumps(rule.content.get("options"), default=str)


def _lines(log: Path) -> Iterator[str]:
    with log.open(encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        yield from (line.removesuffix("\n") for line in file)
