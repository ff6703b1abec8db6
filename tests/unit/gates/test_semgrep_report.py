"""Reading a report that a real Semgrep wrote, whole and damaged; see tests/data/semgrep."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdlc_gates._semgrep import languages, rules
from sdlc_gates._semgrep.report import Outcome, parse, shown
from sdlc_gates._semgrep.shape import Report
from sdlc_gates._semgrep.targets import Target

from sdlc.errors import GateError, OutputInvalid, ToolFailed
from sdlc.gate import decode
from sdlc.model import Severity, SourceLocation

DATA = Path(__file__).parents[2] / "data" / "semgrep" / "1.182.0"
RECORDED: dict[str, Any] = json.loads((DATA / "report.json").read_bytes())
RULES = rules.load(house=False, sources=["rules.json"], exclude=[], root=DATA)
PATHS = ("app.py", "broken.py", "tangle.py")
TARGETS = tuple(
    Target(path=path, given=Path("/project") / path, languages=languages.known().of(path), marked=False, copied=False)
    for path in PATHS
)


def read(content: bytes) -> Outcome:
    return parse(decode(content, Report), TARGETS, RULES)


def damaged(change: Callable[[dict[str, Any]], object]) -> bytes:
    report = copy.deepcopy(RECORDED)
    change(report)
    return json.dumps(report).encode()


def test_everything_that_went_wrong_is_laid_at_the_door_of_a_file_or_a_rule() -> None:
    outcome = read((DATA / "report.json").read_bytes())
    assert outcome.read == frozenset(PATHS)
    assert outcome.faults.keys() == {"broken.py"}
    assert outcome.overrun.keys() == {"tangle.py"}
    assert outcome.lost_rules.keys() == {"unbalanced", "future"}
    (found,) = outcome.findings
    assert found.location == SourceLocation(path="app.py", line=3, end_line=3)
    assert (found.rule.id, found.severity, found.rule.cwe, found.message) == ("shell", Severity.HIGH, (78,), "a shell command")
    assert found.fix == "use a list"


def test_a_rule_without_a_file_in_its_language_is_not_lost() -> None:
    assert "go-only" not in read((DATA / "report.json").read_bytes()).lost_rules
    go = Target(path="a.go", given=Path("/project/a.go"), languages=frozenset({"go"}), marked=False, copied=False)
    outcome = parse(decode((DATA / "report.json").read_bytes(), Report), (*TARGETS, go), RULES)
    assert "go-only" in outcome.lost_rules
    assert "a.go" not in outcome.read


def test_a_file_that_was_only_planned_does_not_count_as_read() -> None:
    outcome = read(damaged(lambda report: report["time"]["targets"].pop()))
    assert len(outcome.read) == len(PATHS) - 1
    assert len(RECORDED["paths"]["scanned"]) == len(PATHS)


def test_a_rule_that_semgrep_is_silent_about_is_lost() -> None:
    outcome = read(damaged(lambda report: report["time"]["rules"].remove("flow")))
    assert outcome.lost_rules["flow"] == ("Semgrep did not say that it ran it",)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda report: report["results"][0]["extra"].update(severity="SEVERE"), OutputInvalid),
        (lambda report: report["results"][0].update(check_id="tmp.shell"), OutputInvalid),
        (lambda report: report["results"][0].update(path="/etc/passwd"), OutputInvalid),
        (lambda report: report["errors"][0].update(level="fatal"), OutputInvalid),
        (lambda report: report["errors"][0].update(type="Earthquake"), ToolFailed),
        (lambda report: report["errors"][0].update(rule_id="another", path=""), ToolFailed),
        (lambda report: report["errors"][0].update(type=[]), ToolFailed),
        (lambda report: report["time"]["fixpoint_timeouts"][0]["location"].update(path="elsewhere.py"), OutputInvalid),
        (lambda report: report.update(skipped_rules=[{"rule_id": "shell"}]), ToolFailed),
        (lambda report: report.pop("time"), OutputInvalid),
        (lambda report: report.pop("results"), OutputInvalid),
        (lambda report: report.pop("errors"), OutputInvalid),
        (lambda report: report["time"].pop("fixpoint_timeouts"), OutputInvalid),
    ],
)
def test_what_it_does_not_understand_is_an_error(change: Callable[[dict[str, Any]], object], fault: type[GateError]) -> None:
    with pytest.raises(fault):
        read(damaged(change))


@pytest.mark.parametrize("word", ["Timeout", "Out of memory", "Stack overflow", "Fatal error", "Syntax error"])
def test_whatever_stops_a_rule_on_a_file_makes_the_file_missing(word: str) -> None:
    def change(report: dict[str, Any]) -> None:
        report["errors"].append(
            {"code": 2, "level": "warn", "type": word, "rule_id": "shell", "message": "m", "path": "/project/app.py"}
        )

    assert read(damaged(change)).faults["app.py"] == (f"{word}: m",)


def test_a_remark_on_a_comment_is_no_fault_but_only_that_remark() -> None:
    # Written by Semgrep 1.182.0 where a comment names one of two rules that found something.
    said = (
        "SemgrepWarning at line /project/app.py:3:\n"
        " found 'nosem' comment with id 'flow', but no corresponding rule trying 'shell'"
    )

    def change(report: dict[str, Any], message: str = said) -> None:
        report["errors"].append(
            {"code": 2, "level": "warn", "type": "SemgrepWarning", "message": message, "path": "/project/app.py"}
        )

    assert read(damaged(change)).faults.keys() == {"broken.py"}
    with pytest.raises(ToolFailed):
        read(damaged(lambda report: change(report, "something else")))


def test_what_two_looks_say_of_one_file_is_kept_together() -> None:
    one, other = Outcome(faults={"a.py": ("slow", "odd")}), Outcome(faults={"a.py": ("odd", "late"), "b.py": ("odd",)})
    assert one.joined(other).faults == {"a.py": ("slow", "odd", "late"), "b.py": ("odd",)}


def test_a_second_look_replaces_what_overran_and_loses_no_finding() -> None:
    first = read((DATA / "report.json").read_bytes())
    settled = first.corrected(Outcome(findings=first.findings, read=frozenset({"tangle.py"})))
    assert not settled.overrun
    assert settled.again == {"tangle.py"}
    assert settled.findings == first.findings
    assert first.corrected(Outcome()).findings == first.findings


def test_many_reasons_are_counted() -> None:
    assert shown(["a", "b"]) == "a; b"
    assert shown(["a", "b", "c", "d", "e"]) == "a; b; c; and 2 more"


def test_a_report_that_was_cut_short_is_an_error_wherever_it_was_cut() -> None:
    whole = json.dumps(RECORDED).encode()
    for end in range(0, len(whole), 7):
        with pytest.raises(OutputInvalid):
            read(whole[:end])


@given(st.binary(max_size=200))
def test_no_bytes_are_an_empty_success(content: bytes) -> None:
    with pytest.raises(OutputInvalid):
        read(content)


@given(st.data())
def test_a_report_with_a_field_dropped_or_changed_keeps_its_finding_or_is_an_error(data: st.DataObject) -> None:
    report = copy.deepcopy(RECORDED)
    place: Any = report
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    if data.draw(st.booleans()):
        place[key] = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({}))
    else:
        del place[key]
    try:
        outcome = read(json.dumps(report).encode())
    except GateError:
        return
    incomplete = outcome.faults or outcome.overrun or outcome.lost_rules or outcome.read != frozenset(PATHS)
    assert outcome.findings or incomplete
