from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from sdlc_reports.sarif import Sarif

from sdlc.model import EndpointLocation, Errored, Measurement, PackageLocation, Rule, Severity, Skipped, SourceLocation
from sdlc.policy import Policy
from sdlc.run import Run
from tests.unit.reports import runs

SCHEMA = Path(__file__).parents[2] / "data" / "reports" / "sarif-schema-2.1.0.json"


def log(run: Run) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Sarif().render(run))
    return loaded


def of(run: Run, tool: str) -> dict[str, Any]:
    """The one run of a tool."""
    (found,) = [part for part in log(run)["runs"] if part["tool"]["driver"]["name"] == tool]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("make", [runs.rich_run, runs.clean_run, runs.empty_run, runs.all_errored_run])
def test_it_keeps_the_schema_of_the_standard(make: Any) -> None:
    schema = json.loads(SCHEMA.read_bytes())
    jsonschema.Draft4Validator.check_schema(schema)
    jsonschema.Draft4Validator(schema).validate(log(make()))


def test_each_tool_has_one_run_and_the_verdict_has_its_own(rich: Run) -> None:
    names = [part["tool"]["driver"]["name"] for part in log(rich)["runs"]]
    assert len(names) == len(set(names))
    assert {"sdlc", "bandit", "semgrep", "wapiti", "pip-audit"} <= set(names)


def test_two_gates_with_one_tool_share_its_run() -> None:
    place = SourceLocation(path="a.py", line=1)
    run = runs.run(runs.completed("fast", runs.finding(place)), runs.completed("deep", runs.finding(place)))
    found = of(run, "bandit")
    assert [result["properties"]["gates"] for result in found["results"]] == [["deep", "fast"]]
    assert {call["properties"]["gate"] for call in found["invocations"]} == {"fast", "deep"}


def test_every_finding_is_a_result_with_its_fingerprint(rich: Run) -> None:
    expected = {f.fingerprint for ruling in rich.decision.rulings for f in ruling.problem.findings}
    results = [result for part in log(rich)["runs"][1:] for result in part["results"]]
    assert {result["partialFingerprints"]["sdlc/v1"] for result in results} == expected


def test_a_result_points_at_its_rule(rich: Run) -> None:
    for part in log(rich)["runs"]:
        for result in part["results"]:
            assert part["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_a_rule_carries_its_weakness_its_help_and_the_score_that_github_reads() -> None:
    run = runs.run(runs.completed("bandit", runs.finding(SourceLocation(path="a.py", line=3, end_line=5))))
    (rule,) = of(run, "bandit")["tool"]["driver"]["rules"]
    assert rule["helpUri"] == "https://example.org/b602"
    assert rule["properties"]["tags"] == ["security", "external/cwe/cwe-078"]
    assert float(rule["properties"]["security-severity"]) == pytest.approx(8.0)


def test_only_a_web_address_becomes_a_help_link(rich: Run) -> None:
    rules = of(rich, "bandit")["tool"]["driver"]["rules"]
    assert {rule["helpUri"] for rule in rules if "helpUri" in rule} == {"https://example.org/b602"}


@pytest.mark.parametrize(
    ("severity", "level"),
    [("critical", "error"), ("high", "error"), ("medium", "warning"), ("low", "note"), ("info", "note")],
)
def test_a_severity_has_a_level(severity: str, level: str) -> None:
    found = runs.finding(SourceLocation(path="a.py", line=1), severity=Severity(severity))
    (result,) = of(runs.run(runs.completed("bandit", found)), "bandit")["results"]
    assert result["level"] == level


def test_a_path_is_a_relative_uri_whatever_its_name_is(rich: Run) -> None:
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in of(rich, "bandit")["results"]}
    assert "a%20b/%22%3C%C3%BC%25%3E%1B%FF.py" in uris
    base = of(rich, "bandit")["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uriBaseId"]
    assert base == "%SRCROOT%"


def test_lines_and_their_text_are_kept() -> None:
    place = SourceLocation(path="a.py", line=3, end_line=5, snippet="call(\n  x,\n)")
    (result,) = of(runs.run(runs.completed("bandit", runs.finding(place))), "bandit")["results"]
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "endLine": 5, "snippet": {"text": "call(\n  x,\n)"}}


def test_a_dependency_is_shown_at_the_file_that_declares_it() -> None:
    place = PackageLocation(name="jinja2", version="2.0", manifest="requirements.txt")
    (result,) = of(runs.run(runs.completed("pip-audit", runs.finding(place, tool="pip-audit"))), "pip-audit")["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "requirements.txt"
    assert location["logicalLocations"] == [{"fullyQualifiedName": "jinja2==2.0", "kind": "package"}]


def test_a_request_is_shown_at_the_configuration_with_its_own_place_beside_it() -> None:
    place = EndpointLocation(method="GET", url="http://127.0.0.1/q?a=1", parameter="a")
    (result,) = of(runs.run(runs.completed("zap", runs.finding(place, tool="zap"))), "zap")["results"]
    (location,) = result["locations"]
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "sdlc.toml"
    assert location["logicalLocations"][0]["fullyQualifiedName"] == "GET http://127.0.0.1/q?a=1 [a]"
    assert result["webRequest"] == {"method": "GET", "target": "http://127.0.0.1/q?a=1"}


def test_only_what_was_excused_is_suppressed_and_says_why(rich: Run) -> None:
    kinds = {
        result["properties"]["disposition"]: [suppression["kind"] for suppression in result["suppressions"]]
        for result in of(rich, "bandit")["results"]
    }
    assert kinds == {"blocking": [], "tolerated": [], "waived": ["external"], "suppressed": ["inSource"]}
    waived = next(r for r in of(rich, "bandit")["results"] if r["properties"]["disposition"] == "waived")
    assert waived["suppressions"][0]["justification"].startswith("waiver W1 by ")


def test_a_gate_that_could_not_answer_never_looks_clean() -> None:
    run = runs.run(Errored(gate="bandit", fault="timeout", reason="the deadline passed"), runs.completed("semgrep"))
    (call,) = of(run, "bandit")["invocations"]
    assert call["executionSuccessful"] is False
    assert "the deadline passed" in call["toolExecutionNotifications"][0]["message"]["text"]
    own = of(run, "sdlc")
    assert [result["ruleId"] for result in own["results"]] == ["sdlc/no-answer"]
    assert own["invocations"][0]["executionSuccessful"] is False
    assert of(run, "semgrep")["invocations"][0]["executionSuccessful"] is True


def test_a_gate_that_covered_too_little_never_looks_clean(rich: Run) -> None:
    (call,) = of(rich, "semgrep")["invocations"]
    assert call["executionSuccessful"] is False
    assert "88 of 100 files" in call["toolExecutionNotifications"][0]["message"]["text"]


def test_a_gate_that_was_rightly_left_alone_has_no_run_that_would_close_its_findings() -> None:
    run = runs.run(runs.completed("bandit"), Skipped(gate="trivy", reason="nothing changed", unaffected=True))
    assert [part["tool"]["driver"]["name"] for part in log(run)["runs"]] == ["sdlc", "bandit"]


def test_a_broken_threshold_is_a_result_of_the_verdicts_own_run(rich: Run) -> None:
    texts = [r["message"]["text"] for r in of(rich, "sdlc")["results"] if r["ruleId"] == "sdlc/threshold"]
    assert len(texts) == 4
    assert any("420.5 ms" in text for text in texts)


def test_a_broken_threshold_keeps_its_fingerprint_when_the_measured_value_moves() -> None:
    def prints(value: float) -> list[str]:
        run = runs.run(
            runs.completed("locust", measurements=(Measurement(name="p95", value=value, unit="ms", n=100),)),
            policy=Policy(
                required=("locust",), thresholds=(runs.bound("p95", "<=", 100, "ms"), runs.bound("p99", "<=", 1, "ms"))
            ),
        )
        return [result["partialFingerprints"]["sdlc/v1"] for result in of(run, "sdlc")["results"]]

    assert prints(150) == prints(151)
    assert len(set(prints(150))) == 2


def test_a_message_holds_no_link_and_no_placeholder(rich: Run) -> None:
    for part in log(rich)["runs"]:
        for result in part["results"]:
            text = result["message"]["text"]
            assert "](" not in text
            assert "{0}" not in text.replace("{{", "").replace("}}", "")


def test_the_same_problem_seen_by_another_tool_is_a_related_location(rich: Run) -> None:
    (result,) = of(rich, "semgrep")["results"]
    assert result["properties"]["alsoReportedBy"] == ["bandit"]
    assert result["relatedLocations"][0]["message"]["text"].startswith("bandit reports it too, as B602")


def test_evidence_is_named_with_its_hash(rich: Run) -> None:
    (artifact,) = of(rich, "bandit")["artifacts"]
    assert artifact["location"] == {"uri": "evidence/bandit/scan-report.json", "uriBaseId": "%RUNDIR%"}
    assert artifact["hashes"] == {"sha-256": runs.SHA}


def test_a_run_without_a_gate_is_no_clean_run() -> None:
    own = of(runs.empty_run(), "sdlc")
    assert own["properties"]["verdict"] == "INCONCLUSIVE"
    assert own["results"][0]["ruleId"] == "sdlc/no-answer"


def test_the_category_of_a_tool_is_the_same_in_every_run(rich: Run) -> None:
    assert of(rich, "bandit")["automationDetails"]["id"] == f"sdlc/bandit/{rich.id}"


def test_no_machine_path_becomes_a_place() -> None:
    place = EndpointLocation(method="GET", url="http://127.0.0.1/")
    run = runs.run(runs.completed("zap", runs.finding(place, tool="zap", rule=Rule(id="x"))), policy=Policy(required=("zap",)))
    moved = msgspec.structs.replace(run, config="/home/someone/shop/sdlc.toml")
    (result,) = of(moved, "zap")["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "sdlc.toml"
