"""Reading SARIF: four tools' real reports, every part of the standard that decides something, and damage of every kind."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdlc_gates._sarif import command
from sdlc_gates._sarif.answer import answered
from sdlc_gates._sarif.reading import read
from sdlc_gates.sarif import Sarif, SarifOptions

from sdlc import inventory
from sdlc.errors import ConfigError, GateError, OutputInvalid, ToolFailed, ToolMissing
from sdlc.inventory import Inventory
from sdlc.model import Answer, Coverage, Finding, Severity, SourceLocation

DATA = Path(__file__).parents[2] / "data" / "sarif"
PROJECT = Inventory(root=Path("/project"), files=("app.py", "broken.py", ".github/workflows/ci.yml"))
TOOLS = ("bandit-1.9.4", "ruff-0.17.6", "semgrep-1.182.0", "zizmor-1.32.0")


def recorded(tool: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((DATA / tool / "report.sarif").read_bytes())
    return loaded


def answer(log: object, files: Inventory = PROJECT, business: Inventory | None = None, cwd: Path = Path("/scratch")) -> Answer:
    return answered(read(json.dumps(log).encode()).runs, files, business, cwd)


def log(*results: dict[str, Any], rules: object = (), **run: object) -> dict[str, Any]:
    """A small report in the standard's words."""
    driver = {"name": "tool", "rules": rules}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results, **run}]}


def result(**more: object) -> dict[str, Any]:
    return {"message": {"text": "m"}, **more}


def at(uri: str, line: int = 1, **more: object) -> list[dict[str, Any]]:
    return [{"physicalLocation": {"artifactLocation": {"uri": uri, **more}, "region": {"startLine": line}}}]


def only(found: Answer) -> Finding:
    (finding,) = found.findings
    return finding


def source(finding: Finding) -> SourceLocation:
    assert isinstance(finding.location, SourceLocation)
    return finding.location


@pytest.mark.parametrize(
    ("tool", "rule", "severity", "weaknesses", "place"),
    [
        ("bandit-1.9.4", "B602", Severity.HIGH, (78,), ("app.py", 8)),
        ("ruff-0.17.6", "S602", Severity.HIGH, (), ("app.py", 8)),
        ("semgrep-1.182.0", "shell", Severity.HIGH, (78,), ("app.py", 8)),
        ("zizmor-1.32.0", "zizmor/template-injection", Severity.HIGH, (), (".github/workflows/ci.yml", 7)),
    ],
)
def test_a_real_report_gives_its_findings(
    tool: str, rule: str, severity: Severity, weaknesses: tuple[int, ...], place: tuple[str, int]
) -> None:
    cwd = Path("/project")
    found = {finding.rule.id: finding for finding in answer(recorded(tool), cwd=cwd).findings}[rule]
    assert (found.severity, found.rule.cwe) == (severity, weaknesses)
    assert (source(found).path, source(found).line) == place
    assert found.message


def test_files_that_a_tool_names_as_unread_are_missing() -> None:
    coverage = answer(recorded("bandit-1.9.4")).coverage
    assert [(part.what, [item.item for item in part.missing]) for part in coverage] == [("runs", []), ("files", ["broken.py"])]


def test_a_warning_about_the_running_leaves_a_doubt_about_the_run() -> None:
    (coverage,) = answer(recorded("semgrep-1.182.0")).coverage
    assert (coverage.what, coverage.measured, coverage.expected) == ("runs", 0, 1)
    assert "Syntax error" in coverage.missing[0].reason


def test_a_tool_that_does_not_say_what_it_read_is_reported_as_such() -> None:
    found = answer(log())
    assert found.coverage == (Coverage(what="runs", measured=1, expected=1),)
    assert any("does not say what was read" in note for note in found.notes)


@pytest.mark.parametrize(
    "change",
    [
        lambda report: report.update(runs=[]),
        lambda report: report.update(runs=None),
        lambda report: report.pop("runs"),
        lambda report: report.update(version="2.0.0"),
        lambda report: report.pop("version"),
        lambda report: report["runs"][0].update(results=None),
        lambda report: report["runs"][0].pop("results"),
        lambda report: report["runs"][0].pop("tool"),
        lambda report: report["runs"][0].update(externalPropertyFileReferences={"results": [{"location": {"uri": "a"}}]}),
        lambda report: report.update(inlineExternalProperties=[{"results": []}]),
        lambda report: report["runs"][0]["results"][0].update(kind="bad"),
        lambda report: report["runs"][0]["results"][0].update(level="fatal"),
        lambda report: report["runs"][0]["results"][0].update(baselineState="gone"),
        lambda report: report["runs"][0]["results"][0].update(suppressions=[{"kind": "magic"}]),
        lambda report: report["runs"][0]["results"][0].update(message={}),
        lambda report: report["runs"][0]["results"][0].update(message={"id": "unknown"}),
        lambda report: report["runs"][0]["results"][0].update(ruleIndex=99),
        lambda report: report["runs"][0]["results"][0].update(rule={"index": 0, "toolComponent": {"index": 5}}),
        lambda report: report["runs"][0]["results"][0].update(properties={"security-severity": "terrible"}),
        lambda report: report["runs"][0]["results"][0].update(properties={"security-severity": "11"}),
        lambda report: report["runs"][0]["results"][0].update(properties={"security-severity": "-1"}),
        lambda report: report["runs"][0]["results"][0].update(locations=at("a.py", -1)),
        lambda report: report["runs"][0]["results"][0].update(
            locations=[{"physicalLocation": {"artifactLocation": {"index": 3}}}]
        ),
        lambda report: report["runs"][0].update(invocations=[{}]),
    ],
)
def test_what_it_does_not_understand_is_an_error(change: Callable[[dict[str, Any]], object]) -> None:
    report = recorded("bandit-1.9.4")
    change(report)
    with pytest.raises(OutputInvalid):
        answer(report)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"version": "2.1.0", "runs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"version": "2.1.0", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b', "runs": []}',
        json.dumps(log()).encode("utf-16"),
        json.dumps(log()).encode("utf-32"),
        json.dumps(log())[:-1].encode(),
        json.dumps(log()).encode() + b"{}",
        json.dumps(log()).encode().replace(b'"tool"', b'"t\xe9l"'),
        json.dumps(log(result(properties={"a": 1}))).encode().replace(b'"a": 1', b'"a": NaN'),
        json.dumps(log()).encode().replace(b'"results": []', b'"results": [], "results": []'),
        json.dumps(log(result())).encode().replace(b'"text": "m"', b'"text": "m", "text": "m"'),
        json.dumps(log()).encode().replace(b'"name": "tool"', b'"name": "\\ud800"'),
        json.dumps(log()).encode().replace(b'"2.1.0"', b"9" * 10_000),
    ],
)
def test_bytes_that_two_readers_could_understand_differently_are_refused(content: bytes) -> None:
    with pytest.raises(OutputInvalid):
        read(content)


def test_a_byte_order_mark_before_utf_8_is_harmless() -> None:
    assert read(b"\xef\xbb\xbf" + json.dumps(log()).encode()).runs[0].tool.driver.name == "tool"


@pytest.mark.parametrize(
    ("kind", "counts"),
    [("fail", True), ("open", True), ("review", True), ("pass", False), ("notApplicable", False), ("informational", False)],
)
def test_only_results_that_say_something_may_be_wrong_are_findings(kind: str, counts: bool) -> None:
    assert bool(answer(log(result(kind=kind, level="none"))).findings) is counts


def test_a_result_that_is_only_in_the_baseline_is_gone() -> None:
    assert not answer(log(result(baselineState="absent"))).findings
    assert answer(log(result(baselineState="unchanged"))).findings


@pytest.mark.parametrize(
    ("found", "rule", "severity"),
    [
        ({}, {}, Severity.MEDIUM),
        ({"level": "error"}, {}, Severity.HIGH),
        ({"level": "note"}, {}, Severity.LOW),
        ({"level": "none"}, {}, Severity.INFO),
        ({"kind": "review", "level": "none"}, {}, Severity.MEDIUM),
        ({}, {"defaultConfiguration": {"level": "error"}}, Severity.HIGH),
        ({"level": "note"}, {"defaultConfiguration": {"level": "error"}}, Severity.LOW),
        ({"level": "note"}, {"properties": {"security-severity": "9.0"}}, Severity.CRITICAL),
        ({"level": "note"}, {"properties": {"security-severity": 7}}, Severity.HIGH),
        ({"level": "note"}, {"properties": {"security-severity": "4.0"}}, Severity.MEDIUM),
        ({"level": "error"}, {"properties": {"security-severity": "0.1"}}, Severity.LOW),
        ({"level": "error"}, {"properties": {"security-severity": "0.0"}}, Severity.HIGH),
        ({"level": "error"}, {"properties": {"security-severity": ""}}, Severity.HIGH),
        ({"properties": {"security-severity": "9.8"}}, {"properties": {"security-severity": "1"}}, Severity.CRITICAL),
    ],
)
def test_the_severity_comes_from_the_score_then_the_level_then_the_rule(
    found: dict[str, Any], rule: dict[str, Any], severity: Severity
) -> None:
    assert only(answer(log(result(ruleId="r", **found), rules=[{"id": "r", **rule}]))).severity is severity


def test_a_level_that_was_set_for_the_run_replaces_the_rules_own() -> None:
    override = {"descriptor": {"id": "r"}, "configuration": {"level": "error"}}
    invocation = {"executionSuccessful": True, "ruleConfigurationOverrides": [override]}
    report = log(result(ruleId="r"), rules=[{"id": "r", "defaultConfiguration": {"level": "note"}}], invocations=[invocation])
    assert only(answer(report)).severity is Severity.HIGH


RULES = [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}]


@pytest.mark.parametrize(
    ("found", "id", "name"),
    [
        ({"ruleId": "b"}, "b", "B"),
        ({"ruleIndex": 1}, "b", "B"),
        ({"ruleId": "b", "ruleIndex": 1}, "b", "B"),
        ({"ruleId": "b/1", "ruleIndex": 1}, "b/1", "B"),
        ({"ruleId": "b/1"}, "b/1", "B"),
        ({"ruleId": "b", "ruleIndex": 0}, "b", "B"),
        ({"rule": {"id": "b"}}, "b", "B"),
        ({"rule": {"index": 0, "toolComponent": {"index": 0}}}, "x", "X"),
        ({"ruleId": "x"}, "x", "X"),
        ({"ruleId": "unlisted"}, "unlisted", ""),
        ({}, "unnamed", ""),
    ],
)
def test_a_rule_is_found_by_index_and_id_in_the_driver_and_its_extensions(found: dict[str, Any], id: str, name: str) -> None:
    report = log(result(**found), rules=RULES)
    report["runs"][0]["tool"]["extensions"] = [{"name": "pack", "rules": [{"id": "x", "name": "X"}]}]
    rule = only(answer(report)).rule
    assert (rule.id, rule.name) == (id, name)


def test_an_index_that_contradicts_an_unlisted_id_is_an_error() -> None:
    with pytest.raises(OutputInvalid, match="its index leads to 'a'"):
        answer(log(result(ruleId="c", ruleIndex=0), rules=RULES))


def test_a_message_is_put_together_from_the_rules_texts() -> None:
    rule = {"id": "r", "messageStrings": {"said": {"text": "{{{0}}} is {1}, {2}"}}}
    said = {"id": "said", "arguments": ["x", "{0}"]}
    assert only(answer(log(result(ruleId="r", message=said), rules=[rule]))).message == "{x} is {0}, {2}"
    plain = {"text": "a {0} in a {dict}"}
    assert only(answer(log(result(message=plain)))).message == "a {0} in a {dict}"
    report = log(result(message={"id": "everywhere"}))
    report["runs"][0]["tool"]["driver"]["globalMessageStrings"] = {"everywhere": {"text": "global"}}
    assert only(answer(report)).message == "global"


@pytest.mark.parametrize(
    "rule",
    [
        {"properties": {"tags": ["security", "external/cwe/cwe-089"]}},
        {"properties": {"tags": ["CWE-89: SQL Injection"]}},
        {"relationships": [{"target": {"id": "89", "toolComponent": {"name": "CWE"}}}]},
        {"relationships": [{"target": {"id": "CWE-89"}}]},
    ],
)
def test_weaknesses_are_found_where_tools_write_them(rule: dict[str, Any]) -> None:
    assert only(answer(log(result(ruleId="r"), rules=[{"id": "r", **rule}]))).rule.cwe == (89,)


def test_long_texts_are_cut_before_they_multiply() -> None:
    message = {"text": "{0}" * 10_000, "arguments": ["x" * 1_000_000]}
    assert len(only(answer(log(result(message=message)))).message) == 4000
    rule = {"id": "r", "properties": {"tags": ["cwe-" + "0" * 1_000_000 + "x"]}}
    assert only(answer(log(result(ruleId="r"), rules=[rule]))).rule.cwe == ()


def test_links_of_rules_lead_to_the_web_only() -> None:
    for uri, kept in (("https://a/b", "https://a/b"), ("javascript:alert(1)", ""), ("file:///etc/passwd", "")):
        assert only(answer(log(result(ruleId="r"), rules=[{"id": "r", "helpUri": uri}]))).rule.help_uri == kept


@pytest.mark.parametrize(
    ("suppressions", "said"),
    [
        (None, ""),
        ([], ""),
        ([{"kind": "inSource"}], "suppressed in the source"),
        ([{"kind": "external", "justification": "old"}], "suppressed outside the source: old"),
        ([{"kind": "inSource", "status": "rejected"}], ""),
        ([{"kind": "inSource"}, {"kind": "external", "status": "underReview"}], ""),
    ],
)
def test_a_suppressed_result_is_a_finding_that_says_so(suppressions: object, said: str) -> None:
    more = {} if suppressions is None else {"suppressions": suppressions}
    assert only(answer(log(result(**more)))).suppression == said


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("app.py", "app.py"),
        ("./app.py", "app.py"),
        ("a/../app.py", "app.py"),
        ("file:///project/app.py", "app.py"),
        ("file://localhost/project/app.py", "app.py"),
        ("/project/app.py", "app.py"),
        (".github/workflows/ci%2Eyml", ".github/workflows/ci.yml"),
        (".github\\workflows\\ci.yml", ".github/workflows/ci.yml"),
        ("../project/app.py", "app.py"),
        ("unlisted.py", "unlisted.py"),
        ("file:///project", "."),
        ("", "."),
        ("../../etc/passwd", "outside-the-project/etc/passwd"),
        ("%2e%2e/%2e%2e/etc/passwd", "outside-the-project/etc/passwd"),
        ("file:///etc/passwd", "outside-the-project/etc/passwd"),
        ("file:///project/../etc/passwd", "outside-the-project/etc/passwd"),
        ("file:///projects/app.py", "outside-the-project/projects/app.py"),
        ("file://server/share/a.py", "outside-the-project/file/server/share/a.py"),
        ("https://a.example/x?y", "outside-the-project/https/a.example/x"),
        ("C:\\src\\a.py", "outside-the-project/C/src/a.py"),
        ("file://[", "outside-the-project/file:/["),
        ("a\0b", "a\0b"),
    ],
)
def test_a_location_is_a_file_of_the_project_or_a_harmless_name(uri: str, path: str) -> None:
    assert source(only(answer(log(result(locations=at(uri)))))).path == path


def test_a_path_is_taken_from_the_folder_that_the_tool_ran_in() -> None:
    files = Inventory(root=Path("/project"), files=("app.py",))
    report = log(result(locations=at("../../app.py")))
    assert source(only(answer(report, files, cwd=Path("/project/.sdlc/x")))).path == "app.py"


def test_bases_are_followed_and_circles_are_an_error() -> None:
    bases = {"ROOT": {"uri": "file:///project/"}, "SUB": {"uri": ".github/", "uriBaseId": "ROOT"}}
    report = log(result(locations=at("workflows/ci.yml", uriBaseId="SUB")), originalUriBaseIds=bases)
    assert source(only(answer(report))).path == ".github/workflows/ci.yml"
    report = log(result(locations=at("app.py", uriBaseId="%SRCROOT%")), originalUriBaseIds={"%SRCROOT%": {}})
    assert source(only(answer(report))).path == "app.py"
    circle = {"A": {"uri": "a", "uriBaseId": "B"}, "B": {"uri": "b", "uriBaseId": "A"}}
    with pytest.raises(OutputInvalid, match="no end"):
        answer(log(result(locations=at("app.py", uriBaseId="A")), originalUriBaseIds=circle))


def test_an_artifact_may_be_named_by_its_index() -> None:
    artifacts = [{"location": {"uri": "broken.py"}}, {"location": {"uri": "app.py"}}]
    location = [{"physicalLocation": {"artifactLocation": {"index": 1}, "region": {"startLine": 3, "endLine": 2}}}]
    found = source(only(answer(log(result(locations=location), artifacts=artifacts))))
    assert (found.path, found.line, found.end_line) == ("app.py", 3, 3)


def test_a_finding_without_a_place_is_still_a_finding() -> None:
    nowhere: list[list[dict[str, Any]]] = [[], [{}], [{"logicalLocations": [{"name": "f"}]}]]
    for locations in nowhere:
        assert source(only(answer(log(result(locations=locations))))) == SourceLocation(path=".", line=1)


def test_other_places_of_a_finding_are_kept() -> None:
    found = only(answer(log(result(locations=[*at("app.py", 1), *at("app.py", 5), *at("../x", 7)]))))
    assert found.proof == "also at app.py:5, outside-the-project/x:7"


def test_nothing_outside_the_project_is_opened(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("token")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "app.py").write_text("one\ntwo\n")
    (tmp_path / "project" / "link").symlink_to(tmp_path / "secret")
    files = inventory.take(tmp_path / "project")
    places = [at("app.py", 2), at("link"), at("../secret"), at((tmp_path / "secret").as_uri()), at("app.py", 10**9)]
    found = answer(log(*(result(locations=place) for place in places)), files)
    assert [source(finding).snippet for finding in found.findings] == ["two", "", "", "", ""]
    assert any("2 findings are in files outside the project" in note for note in found.notes)


@pytest.mark.parametrize(
    ("notification", "raised", "missing"),
    [
        ({"level": "error"}, True, []),
        ({"level": "error", "locations": at("app.py")}, False, ["files"]),
        ({"level": "warning"}, False, ["runs"]),
        ({"locations": at("app.py")}, False, ["files"]),
        ({"level": "note"}, False, []),
        ({"level": "none", "locations": at("app.py")}, False, []),
    ],
)
def test_what_a_tool_says_about_its_running_counts(notification: dict[str, Any], raised: bool, missing: list[str]) -> None:
    notification = {"message": {"text": "trouble"}, **notification}
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": [notification]}
    report = log(result(), invocations=[invocation])
    if raised:
        with pytest.raises(ToolFailed, match="trouble") as caught:
            answer(report)
        assert caught.value.answer.findings
        return
    found = answer(report)
    assert [part.what for part in found.coverage if part.missing] == missing
    assert all(part.measured < part.expected for part in found.coverage if part.missing)


def test_a_warning_about_the_configuration_is_a_remark() -> None:
    invocation = {"executionSuccessful": True, "toolConfigurationNotifications": [{"message": {"text": "old key"}}]}
    found = answer(log(invocations=[invocation]))
    assert "tool: old key" in found.notes
    assert not any(part.missing for part in found.coverage)


def test_a_run_that_did_not_succeed_is_no_answer_but_its_findings_are_kept() -> None:
    invocations = [{"executionSuccessful": True}, {"executionSuccessful": False, "exitCode": 3}]
    with pytest.raises(ToolFailed, match="exit code 3") as caught:
        answer(log(result(), invocations=invocations))
    assert len(caught.value.answer.findings) == 1


def test_files_that_it_must_cover_are_compared_with_those_that_it_lists() -> None:
    artifacts = [{"location": {"uri": "file:///project/app.py"}}, {"location": {"uri": "file:///etc/passwd"}}]
    found = answer(log(artifacts=artifacts), business=PROJECT.named("*.py"))
    (files,) = (part for part in found.coverage if part.what == "files")
    assert (files.measured, files.expected) == (1, 2)
    assert [item.item for item in files.missing] == ["broken.py"]


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        ([], "needs a program"),
        ([" "], "needs a program"),
        (["x", "{outptu}"], r"did you mean '\{output\}'"),
        (["x", "--in={files}"], "must be one of its own"),
    ],
)
def test_a_command_that_can_not_be_run_is_a_configuration_error(argv: list[str], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Sarif("x", SarifOptions(command=tuple(argv)))


def test_what_templates_of_other_languages_look_like_is_left_alone() -> None:
    Sarif("x", SarifOptions(command=("x", "{{.Name}}", "${home}", '{"a": 1}', "{0}")))


def test_placeholders_are_filled_once_and_names_of_files_not_at_all() -> None:
    values = {"{root}": "/p/{scratch}", "{project}": "/p", "{scratch}": "/s"}
    argv = ("x", "-r={root}", "{files}", "-o", "{output}")
    ((output, filled),) = command.arguments(argv, values, [Path("/p/{output}"), Path("/p/b")])
    assert output == Path("/s/report-0.sarif")
    assert filled == ("-r=/p/{scratch}", "/p/{output}", "/p/b", "-o", "/s/report-0.sarif")
    assert list(command.arguments(argv, values, [])) == []
    assert len(list(command.arguments(("x",), values, []))) == 1


def test_a_program_is_not_looked_for_in_the_folder_that_this_runs_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = tmp_path / "zz-planted"
    planted.write_text("#!/bin/sh\n")
    planted.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", os.pathsep.join([".", "", "relative"]))
    with pytest.raises(ToolMissing):
        command.program("zz-planted")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.program("zz-planted") == planted
    with pytest.raises(ToolMissing, match="not a program"):
        command.placed(Path("zz-other"), tmp_path)
    assert command.placed(Path("zz-planted"), tmp_path) == planted


@given(st.binary(max_size=200))
def test_no_bytes_are_an_empty_success(content: bytes) -> None:
    with pytest.raises(OutputInvalid):
        read(content)


def test_a_report_that_was_cut_short_is_an_error_wherever_it_was_cut() -> None:
    whole = (DATA / "bandit-1.9.4" / "report.sarif").read_bytes().strip()
    for end in range(0, len(whole), 11):
        with pytest.raises(OutputInvalid):
            read(whole[:end])


@given(st.data())
def test_a_report_with_one_thing_changed_keeps_its_findings_or_is_an_error(data: st.DataObject) -> None:
    tool = data.draw(st.sampled_from(TOOLS))
    report = copy.deepcopy(recorded(tool))
    before = len(answer(report).findings)
    place: Any = report
    while True:
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(st.integers(0, 3)) == 0:
            break
        place = place[key]
    # Whole results dropped, or marked as no finding, are another report, not a damaged one.
    if isinstance(place, list) or key in ("results", "runs", "kind", "baselineState"):
        return
    if data.draw(st.booleans()):
        place[key] = data.draw(st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([]) | st.just({}))
    else:
        del place[key]
    try:
        found = answer(report)
    except GateError:
        return
    assert len(found.findings) == before
