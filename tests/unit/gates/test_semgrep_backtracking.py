"""Reading from a real log where Semgrep gave up on a regular expression; see tests/data/semgrep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates._semgrep import rules
from sdlc_gates._semgrep.backtracking import NOWHERE, gave_up, unwatched, where, with_expressions
from sdlc_gates._semgrep.rules import RuleSet

LOG = Path(__file__).parents[2] / "data" / "semgrep" / "1.182.0" / "limits.log"
SIGN = "(semgrep.engine): PCRE2 error while matching pattern-regex: match limit exceeded\n"


def logged(tmp_path: Path, text: str) -> Path:
    (tmp_path / "log").write_text(text)
    return tmp_path / "log"


def rule(tmp_path: Path, **content: Any) -> RuleSet:
    whole = {"id": "r", "languages": ["python"], "severity": "INFO", "message": "m", **content}
    (tmp_path / "rules.json").write_text(json.dumps({"rules": [whole]}))
    return rules.load(house=False, sources=["rules.json"], exclude=[], root=tmp_path)


def test_each_file_and_rule_that_gave_up_is_named_whatever_the_file_is_called() -> None:
    assert gave_up(LOG)
    assert where(LOG) == (
        ("/project/name.py", "text"),
        ("/project/new\nline.txt", "text"),
        ("/project/name.py", "name"),
    )


def test_a_log_without_the_sign_says_that_nothing_was_given_up(tmp_path: Path) -> None:
    quiet = "".join(line for line in LOG.read_text().splitlines(keepends=True) if "PCRE2 error" not in line)
    assert not gave_up(logged(tmp_path, quiet))
    assert where(logged(tmp_path, quiet)) == ()


def test_a_sign_before_any_rule_or_after_its_end_has_no_place(tmp_path: Path) -> None:
    text = LOG.read_text()
    assert where(logged(tmp_path, SIGN + text))[0] == NOWHERE
    assert where(logged(tmp_path, text + SIGN))[-1] == NOWHERE


def test_a_sign_is_seen_in_a_log_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"\xff\x00\r" + SIGN.encode() + b"\xff")
    assert gave_up(tmp_path / "log")


@pytest.mark.parametrize(
    ("content", "has"),
    [
        ({"pattern": "f()"}, False),
        ({"pattern-regex": "a+"}, True),
        ({"patterns": [{"pattern": "$X()"}, {"metavariable-regex": {"metavariable": "$X", "regex": "a"}}]}, True),
        ({"patterns": [{"pattern": "f()"}, {"pattern-not-regex": "a+"}]}, True),
        ({"mode": "taint", "pattern-sources": [{"pattern-regex": "a"}], "pattern-sinks": [{"pattern": "f()"}]}, True),
        ({"pattern": "a", "options": {"generic_engine": "aliengrep"}}, True),
    ],
)
def test_rules_that_the_second_look_needs_are_chosen(content: dict[str, Any], has: bool, tmp_path: Path) -> None:
    assert bool(with_expressions(rule(tmp_path, **content)).rules) is has


@pytest.mark.parametrize(
    ("expression", "silent"),
    [
        ("^(?i:none)$", False),
        (r"^(.*\/)?(sh|bash)$", False),
        (r"[*+]x\+\*+", False),
        ("(a+)+b", True),
        ("a*b*c", True),
        ("a{3,}.*b", True),
    ],
)
def test_expressions_in_strings_that_may_be_given_up_in_silence_are_named(
    expression: str, silent: bool, tmp_path: Path
) -> None:
    loaded = rule(tmp_path, patterns=[{"pattern": f'f("=~/{expression}/", "x")'}])
    assert unwatched(loaded) == (("r",) if silent else ())


def test_no_rule_of_the_house_may_be_given_up_in_silence() -> None:
    assert unwatched(rules.load(house=True, sources=(), exclude=(), root=rules.HOUSE)) == ()
