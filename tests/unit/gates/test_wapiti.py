from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from sdlc_gates._wapiti.description import localized
from sdlc_gates._wapiti.lanes import rounds
from sdlc_gates._wapiti.options import Module, WapitiOptions
from sdlc_gates._wapiti.report import Report, parse, ran, switched_off
from sdlc_gates._wapiti.weaknesses import LOOKED_FOR
from sdlc_gates.wapiti import Wapiti

from sdlc.errors import NoTarget, OutputInvalid, TargetFailed, ToolMissing
from sdlc.gate import Workspace, decode
from sdlc.model import Answer, Coverage, EndpointLocation, Finding, Rule, Severity
from sdlc.target import Target

DATA = Path(__file__).parents[2] / "data" / "wapiti"
REPORT: dict[str, Any] = json.loads((DATA / "report.json").read_bytes())
LOG = (DATA / "wapiti.log").read_text("utf-8")
MODULES = WapitiOptions().modules
TARGET = Target(url=REPORT["infos"]["target"].rstrip("/"), ready="/")


def parsed(report: dict[str, Any], log: str = LOG) -> Answer:
    read = decode(json.dumps(report).encode(), Report)
    return parse([read], [log], TARGET, MODULES, ())


def altered(**infos: object) -> dict[str, Any]:
    return REPORT | {"infos": REPORT["infos"] | infos}


def modules(log: str) -> Coverage:
    return ran([log], MODULES)


def test_a_recorded_report_becomes_findings_with_weakness_place_and_severity() -> None:
    answer = parsed(REPORT)
    (found,) = [finding for finding in answer.findings if 79 in finding.rule.cwe]
    assert (found.rule.id, found.severity, found.tool) == ("reflected-cross-site-scripting", Severity.MEDIUM, "wapiti")
    assert found.location == EndpointLocation(method="GET", url=f"{TARGET.url}/search", parameter="q")
    assert found.proof.startswith("curl ")
    assert found.rule.description
    assert found.fix


def test_a_recorded_scan_covers_its_routes_and_all_its_modules() -> None:
    routes, ran_modules = parsed(REPORT).coverage
    assert (routes.measured, routes.expected) == (2, 2)
    assert (ran_modules.measured, ran_modules.expected, ran_modules.missing) == (len(MODULES), len(MODULES), ())


def test_what_wapiti_can_not_find_is_said() -> None:
    rules, off = parsed(REPORT).notes
    assert "no rule" in rules
    assert "timesql" in off
    assert "exec" not in off


def test_each_module_that_is_off_is_said_to_be() -> None:
    known = get_args(Module)
    assert set(LOOKED_FOR) == set(known)
    assert switched_off(known) == ()
    assert switched_off([name for name in known if name not in ("exec", "csp")]) == (
        "Not looked for, as the modules are off: command execution (exec), content security policy (csp).",
    )


def test_the_report_of_another_version_is_refused() -> None:
    with pytest.raises(OutputInvalid, match="3\\.3\\.2"):
        parsed(altered(version="Wapiti 3.3.2"))


def test_a_report_that_lists_more_pages_than_it_counts_is_refused() -> None:
    with pytest.raises(OutputInvalid):
        parsed(altered(crawled_pages_nbr=0))


def test_pages_that_were_found_and_not_read_are_missing() -> None:
    pages = len(REPORT["infos"]["crawled_pages"])
    _, ran_modules = parsed(altered(crawled_pages_nbr=pages + 4)).coverage
    assert [(item.item, item.reason[:7]) for item in ran_modules.missing] == [("the crawl", "4 pages")]


@pytest.mark.parametrize("key", ["vulnerabilities", "anomalies", "additionals", "infos", "classifications"])
def test_a_report_without_one_of_its_parts_is_refused(key: str) -> None:
    with pytest.raises(OutputInvalid):
        parsed({name: part for name, part in REPORT.items() if name != key})


def test_a_report_with_less_detail_is_refused() -> None:
    with pytest.raises(OutputInvalid):
        parsed(altered(crawled_pages=[{"request": {"url": "http://h/", "method": "GET"}}], crawled_pages_nbr=1))


def test_a_level_nobody_knows_is_refused() -> None:
    entry = next(entries[0] for entries in REPORT["vulnerabilities"].values() if entries)
    with pytest.raises(OutputInvalid, match="level"):
        parsed(REPORT | {"vulnerabilities": {"SQL Injection": [entry | {"level": 9}]}})


def test_a_page_that_sends_to_the_login_is_not_reached() -> None:
    away = {"status_code": 303, "headers": [["Location", "/login?next=/"]], "body": ""}
    pages = [page | {"response": away} for page in REPORT["infos"]["crawled_pages"]]
    routes, _ = parsed(altered(crawled_pages=pages)).coverage
    assert {item.reason for item in routes.missing} == {"303: sent to the login"}


def test_pages_without_a_reply_are_not_reached() -> None:
    pages = [page | {"response": None} for page in REPORT["infos"]["crawled_pages"]]
    routes, _ = parsed(altered(crawled_pages=pages)).coverage
    assert routes.measured == 0


def test_a_module_that_was_never_launched_is_missing() -> None:
    log = "\n".join(line for line in LOG.splitlines() if "Launching module sql" not in line)
    (missing,) = modules(log).missing
    assert (missing.item, missing.reason) == ("sql", "it was not launched")
    assert modules("").measured == 0


LINE = "2026-01-01 00:00:00.000 | {} | wapitiCore.controller.wapiti:{}:1 - {}"


@pytest.mark.parametrize(
    ("level", "function", "text"),
    [
        ("INFO    ", "run_attack_module", "Max attack time was reached for module file, stopping."),
        ("WARNING ", "run_attack_module", "3 requests were skipped due to network issues"),
        ("ERROR   ", "load_and_attack", "InvalidURL"),
    ],
)
def test_a_module_that_did_not_end_well_is_missing(level: str, function: str, text: str) -> None:
    lines = LOG.splitlines()
    at = next(number for number, line in enumerate(lines) if "Launching module file" in line)
    lines.insert(at + 1, LINE.format(level, function, text))
    (missing,) = modules("\n".join(lines)).missing
    assert missing.item == "file"
    assert text.split(maxsplit=1)[0] in missing.reason


def test_a_crawl_that_ran_out_of_time_is_missing() -> None:
    late = LINE.format("INFO    ", "browse", "Max scan time was reached, stopping.")
    (missing,) = modules(f"{late}\n{LOG}").missing
    assert missing.item == "the crawl"


def test_an_error_before_the_first_module_is_missing() -> None:
    late = LINE.format("ERROR   ", "activate_modules", "[!] Unable to find a module named xss")
    (missing,) = modules(f"{late}\n{LOG}").missing
    assert "Unable" in missing.reason


def test_text_of_the_target_is_not_taken_for_the_log() -> None:
    assert (
        modules(f"data: x\n[*] Launching module sql\n{LINE.format('INFO    ', 'f', 'x [*] Launching module sql')}").measured
        == 0
    )


def test_unknown_modules_and_those_that_call_out_are_refused() -> None:
    for name in ("nope", "ssrf", "log4shell", "wapp"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"modules": [name]}, WapitiOptions)


def test_the_description_is_pointed_at_the_target() -> None:
    three = localized(
        {"openapi": "3.0.0", "servers": [{"url": "https://prod.example/api"}], "paths": {"/a": {}}}, "http://127.0.0.1:1"
    )
    assert (three["servers"], three["paths"]) == ([{"url": "http://127.0.0.1:1"}], {"/api/a": {}})
    two = localized(
        {"swagger": "2.0", "host": "prod.example", "schemes": ["https"], "basePath": "/v1", "paths": {"/b": {}}},
        "http://127.0.0.1:1",
    )
    assert (two["host"], two["schemes"], two["basePath"]) == ("127.0.0.1:1", ["http"], "/")
    assert two["paths"] == {"/v1/b": {}}


def test_without_its_environment_it_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(ToolMissing) as missing:
        Wapiti("wapiti", WapitiOptions()).probe()
    assert "--install wapiti" in missing.value.fix


@pytest.mark.parametrize(
    ("target", "why"), [(None, "no running application"), (Target(url="http://192.0.2.1", ready="/"), "not on this machine")]
)
def test_what_may_not_be_attacked_is_refused(
    target: Target | None, why: str, workspace: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Wapiti("wapiti", WapitiOptions())
    monkeypatch.setattr(gate, "probe", lambda: None)
    with pytest.raises((NoTarget, TargetFailed), match=why):
        gate.check(workspace(tmp_path, target=target))


def test_stored_markup_is_looked_for_before_other_payloads_bury_it() -> None:
    assert rounds(("sql", "xss", "permanentxss", "file")) == ((("xss", "permanentxss"),), (("sql", "file"),))
    assert rounds(("xss", "sql")) == ((("xss", "sql"),),)
    assert rounds(("xss", "permanentxss")) == ((("xss", "permanentxss"),),)


def test_modules_that_ask_much_run_beside_each_other_where_there_are_cores() -> None:
    early, late = rounds(MODULES, 2)
    assert early == (("xss", "permanentxss"),)
    assert late[0] == ("file",)
    assert set(late[1]) >= {"sql", "exec", "redirect", "http_headers"}
    assert sorted(module for lane in (*early, *late) for module in lane) == sorted(MODULES)
    assert rounds(("csp", "file", "exec"), 4) == ((("csp",),), (("file",), ("exec",)))
    assert rounds(("file", "exec"), 2) == ((("file", "exec"),),)
    assert rounds(("csp", "redirect"), 8) == ((("csp", "redirect"),),)


def test_each_run_has_to_write_its_report() -> None:
    cut = LOG[: LOG.rindex("A report has been generated")]
    assert [item.item for item in ran([cut, LOG], MODULES).missing] == ["Wapiti"]


def test_examples_of_the_description_become_what_wapiti_asks_with() -> None:
    item = {
        "parameters": [
            {"name": "user", "in": "path", "schema": {"type": "string", "example": "name1"}},
            {"name": "page", "in": "query", "example": 3, "schema": {"type": "integer"}},
            {"name": "kind", "in": "query", "type": "string", "example": "new"},
        ],
        "post": {
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {"type": "object", "properties": {"a": {"type": "string", "examples": ["b"]}}}
                    },
                    "text/json": {"schema": {"$ref": "#/x"}, "examples": {"one": {"value": {"c": [1]}}}},
                }
            }
        },
    }
    told = localized({"paths": {"/u/{user}": item}}, "http://h:1")["paths"]["/u/{user}"]
    user, page, kind = told["parameters"]
    assert (user["schema"]["default"], page["schema"]["default"], kind["default"]) == ("name1", 3, "new")
    content = told["post"]["requestBody"]["content"]
    assert content["application/json"]["schema"]["properties"]["a"]["default"] == "b"
    assert content["text/json"]["schema"]["properties"]["c"]["items"] == {"type": "integer", "default": 1}


def test_the_canary_is_caught_by_every_module_that_can_catch_it() -> None:
    def answer(*weaknesses: int) -> Answer:
        where = EndpointLocation(method="GET", url="http://h/")
        return Answer(
            findings=tuple(
                Finding(rule=Rule(id="x", cwe=(one,)), severity=Severity.LOW, message="x", location=where) for one in weaknesses
            )
        )

    def gate(*modules: str) -> Wapiti:
        return Wapiti("wapiti", msgspec.convert({"modules": modules}, WapitiOptions))

    assert Wapiti("wapiti", WapitiOptions()).caught(answer(79, 693, 1021))
    assert not Wapiti("wapiti", WapitiOptions()).caught(answer(79, 693))
    assert gate("csp", "sql").caught(answer(693))
    assert not gate("csp", "sql").caught(answer(79))
    assert not gate("sql").caught(answer(79, 693, 1021))
