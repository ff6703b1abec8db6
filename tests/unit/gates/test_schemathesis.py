"""Schemathesis's report, read from a recorded run and from damaged copies of it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates._dast import curl
from sdlc_gates._schemathesis import events, kinds, outcome, settings
from sdlc_gates._schemathesis.description import Operation, confined, excluding, operations
from sdlc_gates._schemathesis.faulty import DESCRIPTION
from sdlc_gates._schemathesis.settings import SchemathesisOptions

from sdlc.errors import OutputInvalid, TargetFailed
from sdlc.model import Answer, EndpointLocation, Missing, Severity

RECORDED = Path(__file__).parents[2] / "data" / "schemathesis"
BASH = shutil.which("bash")


def lines() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (RECORDED / "events.ndjson").read_text().splitlines()]


@pytest.fixture
def written(tmp_path: Path) -> Callable[[list[dict[str, Any]]], Path]:
    def write(changed: list[dict[str, Any]]) -> Path:
        path = tmp_path / "events.ndjson"
        path.write_text("".join(json.dumps(line) + "\n" for line in changed))
        return path

    return write


Written = Callable[[list[dict[str, Any]]], Path]


def parsed(path: Path = RECORDED / "events.ndjson", *, excluded: tuple[Missing, ...] = ()) -> Answer:
    return outcome.parse(events.read(path), operations(DESCRIPTION), excluded, "http://here")


def test_each_operation_has_one_finding_for_each_kind_of_failure() -> None:
    found = [(f.location, f.rule.id, f.severity) for f in parsed().findings]
    assert found == [
        (EndpointLocation(method="GET", url="http://here/greeting"), "ST108", Severity.MEDIUM),
        (EndpointLocation(method="GET", url="http://here/halves/{number}"), "ST101", Severity.MEDIUM),
        (EndpointLocation(method="GET", url="http://here/halves/{number}"), "ST103", Severity.LOW),
        (EndpointLocation(method="GET", url="http://here/private"), "ST401", Severity.HIGH),
    ]


def test_a_finding_holds_the_request_and_what_came_back() -> None:
    error = next(f for f in parsed().findings if f.rule.id == "ST101")
    command, status, body = error.proof.splitlines()
    assert command.startswith("curl --globoff --path-as-is -X GET http://127.0.0.1:")
    assert command.endswith("/halves/1000")
    assert (status, body) == ("HTTP 500", "{}")


def test_an_operation_that_was_left_out_is_neither_measured_nor_missing() -> None:
    (coverage,) = parsed(excluded=(Missing(item="GET /private", reason="so"),)).coverage
    assert (coverage.measured, coverage.expected, len(coverage.excluded)) == (2, 2, 1)


def test_an_operation_without_any_request_is_missing(written: Written) -> None:
    kept = [line for line in lines() if line.get("ScenarioFinished", {}).get("recorder", {}).get("label") != "GET /private"]
    (coverage,) = parsed(written(kept)).coverage
    assert [(m.item, m.reason) for m in coverage.missing] == [("GET /private", "no request was sent to it")]


def test_an_operation_that_could_not_be_tested_throughout_is_missing(written: Written) -> None:
    fault = {"label": "GET /greeting", "value": {"type": "Unsatisfiable", "message": "no data"}, "related_to_operation": True}
    (coverage,) = parsed(written([*lines()[:-1], {"NonFatalError": fault}, lines()[-1]])).coverage
    assert [(m.item, m.reason) for m in coverage.missing] == [("GET /greeting", "Unsatisfiable: no data")]


def test_a_check_that_broke_leaves_its_operation_missing(written: Written) -> None:
    changed = lines()
    for line in changed:
        for nodes in line.get("ScenarioFinished", {}).get("recorder", {}).get("checks", {}).values():
            nodes[0] |= {"status": "error"}
    (coverage,) = parsed(written(changed)).coverage
    assert coverage.measured == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"ScenarioFinished"', '"SomethingNew"'),
        lambda text: text.replace('"status_code":500', '"status_code":"500"'),
        lambda text: text.replace('"status":"failure"', '"status":"odd"'),
        lambda text: text.replace('"stop_reason":"completed"', '"stop_reason":"tired"'),
        lambda text: "\n".join(text.splitlines()[1:]),
        lambda text: "",
        lambda text: "[]",
    ],
    ids=["cut", "event", "status code", "status", "stop reason", "no beginning", "empty", "list"],
)
def test_a_report_of_another_shape_is_no_answer(damage: Callable[[str], str], tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text(damage((RECORDED / "events.ndjson").read_text()))
    with pytest.raises(OutputInvalid):
        events.read(path)


def test_half_a_surrogate_pair_from_the_target_is_no_reason_to_give_up(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text((RECORDED / "events.ndjson").read_text().replace("is not of type", "is \\ud800 not \\ud83d\\ude00 of type"))
    message = next(finding.message for finding in parsed(path).findings if finding.rule.id == "ST108")
    assert "is ? not \U0001f600 of type" in message
    path.write_text('{"EngineStarted": "\\ud800')
    with pytest.raises(OutputInvalid):
        events.read(path)


def test_what_was_written_before_a_kill_can_be_read(tmp_path: Path) -> None:
    text = (RECORDED / "events.ndjson").read_text()
    path = tmp_path / "events.ndjson"
    path.write_text(text[: text.rindex('{"SuiteFinished"') - 40])
    with pytest.raises(OutputInvalid):
        events.read(path)
    assert events.read(path, cut=True).ended is None


def test_an_unknown_kind_of_failure_is_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text((RECORDED / "events.ndjson").read_text().replace("ST101", "ST199"))
    with pytest.raises(OutputInvalid, match="ST199"):
        parsed(path)


def test_a_failure_without_its_request_is_no_answer(written: Written) -> None:
    changed = lines()
    for line in changed:
        line.get("ScenarioFinished", {}).get("recorder", {}).pop("interactions", None)
    with pytest.raises(OutputInvalid, match="request"):
        parsed(written(changed))


def test_a_check_of_a_case_that_is_not_told_of_is_no_answer(written: Written) -> None:
    changed = lines()
    for line in changed:
        line.get("ScenarioFinished", {}).get("recorder", {}).pop("cases", None)
    with pytest.raises(OutputInvalid, match="and not the case"):
        parsed(written(changed))


def test_events_and_summary_must_tell_the_same() -> None:
    report = events.read(RECORDED / "events.ndjson")
    summary = msgspec.json.decode((RECORDED / "summary.json").read_bytes(), type=outcome.Summary)
    outcome.agreed(report, summary)
    with pytest.raises(OutputInvalid):
        outcome.agreed(report, msgspec.structs.replace(summary, failures=summary.failures[1:]))
    with pytest.raises(OutputInvalid):
        outcome.agreed(report, msgspec.structs.replace(summary, complete=False))


@pytest.mark.parametrize(
    ("documented", "statuses", "exercised"),
    [
        (("200",), {200, 500}, True),
        (("200",), {303, 400}, False),
        (("303",), {303}, True),
        (("200", "303"), {303}, False),
        (("200",), {400, 404, 422}, False),
        (("200",), {0}, False),
        (("200",), {500}, False),
    ],
)
def test_an_operation_is_exercised_once_it_let_a_request_in(
    documented: tuple[str, ...], statuses: set[int], exercised: bool
) -> None:
    assert (outcome.why_not_exercised(Operation("GET", "/", documented), statuses) == "") is exercised


def test_every_kind_is_reported_by_a_check_that_can_be_asked_for() -> None:
    settled = msgspec.convert({"checks": [kind.check for kind in kinds.KINDS.values()]}, SchemathesisOptions)
    assert {kind.check for kind in kinds.KINDS.values()} == set(settled.checks)


@pytest.mark.parametrize("options", [{"checks": ["all"]}, {"checks": []}, {"max_examples": 0}, {"seed": -1}, {"chekcs": []}])
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, SchemathesisOptions)


def test_the_configuration_names_headers_and_not_their_values() -> None:
    text = settings.config(SchemathesisOptions(), ('X-"Key',))
    assert '"X-\\"Key" = "${SDLC_HEADER_0}"' in text
    assert settings.environment({'X-"Key': "value"}) == {"SDLC_HEADER_0": "value"}


@pytest.mark.parametrize(("pattern", "matches"), [("/a/*", True), ("DELETE *", True), ("GET *", False), ("/a", False)])
def test_operations_are_left_out_by_path_or_by_method_and_path(pattern: str, matches: bool) -> None:
    assert bool(excluding(Operation("DELETE", "/a/{id}", ()), (pattern,))) is matches


def document(**paths: object) -> dict[str, Any]:
    return {"openapi": "3.0.3", "info": {}, "paths": {"/a": {"get": {"responses": {}, **paths}}}}


@pytest.mark.parametrize("key", ["$ref", "$schema", "externalValue", "operationRef"])
@pytest.mark.parametrize("goal", ["http://elsewhere/x", "file:///etc/passwd", "other.json#/x", "//elsewhere/x"])
def test_a_description_that_leads_outside_is_refused(key: str, goal: str) -> None:
    with pytest.raises(TargetFailed, match="outside"):
        confined(document(deep=[{"a": {key: goal}}]), "http://here")


def test_a_description_keeps_what_leads_inside_and_properties_of_such_names() -> None:
    inside = {"$ref": "#/components/x", "$schema": "https://json-schema.org/draft/2020-12/schema"}
    kept = document(schema=inside, properties={"$ref": {"type": "string"}, "servers": {"type": "array"}})
    assert confined(kept, "http://here") == {**kept, "servers": [{"url": "http://here"}]}


def test_only_the_target_serves_a_description() -> None:
    other = [{"url": "http://elsewhere"}]
    given = {**document(servers=other), "servers": other, "host": "elsewhere"}
    assert "elsewhere" not in json.dumps(confined(given, "http://here"))


def test_a_description_that_unfolds_without_end_is_refused() -> None:
    node: object = "x"
    for _ in range(40):
        node = [node, node]
    with pytest.raises(TargetFailed, match="unfolds"):
        confined(document(deep=node), "http://here")


@pytest.mark.skipif(BASH is None, reason="bash is not installed")
@pytest.mark.parametrize("body", [b"plain 'x' $(id) `id`", b"@/etc/hostname", b"\0\xff%d\n\\n", b"two\nlines", "é".encode()])
def test_the_curl_line_sends_the_very_bytes(body: bytes, tmp_path: Path) -> None:
    line = curl.line("POST", "http://h/{a}?b=$(id)", [("X-A", "it's"), ("X-B", ""), ("@/etc/hostname", "x")], body)
    last = 'while [ $# -gt 1 ]; do shift; done; case "$1" in @/dev/fd/*) cat "${1#@}";; *) printf %s "$1";; esac'
    assert BASH
    script = f"curl() {{ {last}; }}\n{line}"
    told = subprocess.run([BASH, "-c", script], capture_output=True, check=True, cwd=tmp_path).stdout
    assert told == body
    assert "/etc/hostname:" not in line
