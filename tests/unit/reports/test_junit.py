from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from sdlc_reports.junit import JUnit

from sdlc.model import Canary, Completed, Coverage, Measurement, Skipped, SourceLocation, Verdict
from sdlc.policy import Policy
from sdlc.run import Run
from tests.unit.reports import runs

SCHEMA = Path(__file__).parents[2] / "data" / "reports" / "junit-10.xsd"
XSD = "{http://www.w3.org/2001/XMLSchema}"
MAKERS = [runs.rich_run, runs.clean_run, runs.empty_run, runs.all_errored_run]


def suites(run: Run) -> dict[str, ET.Element]:
    """The test suites by name."""
    return {suite.get("name", ""): suite for suite in ET.fromstring(JUnit().render(run))}


def ending(suite: ET.Element, case: str) -> str:
    """How one case of a suite ended."""
    (found,) = [element for element in suite if element.get("name") == case]
    return next((child.tag for child in found if child.tag != "system-out"), "passed")


def complaints(element: ET.Element, declared: dict[str, ET.Element], times: re.Pattern[str]) -> list[str]:
    """Where a document breaks the schema: unknown or missing attributes, children out of place, times of another form."""
    known = declared.get(element.tag)
    if known is None:
        return [f"<{element.tag}> is not declared"]
    attributes = {a.get("name", ""): a for a in known.iter(f"{XSD}attribute")}
    allowed = {child.get("ref", "") for child in known.iter(f"{XSD}element") if child is not known}
    said = [f"{element.tag}/@{name} is not declared" for name in element.attrib.keys() - attributes.keys()]
    said += [
        f"{element.tag}/@{name} is missing"
        for name, a in attributes.items()
        if a.get("use") == "required" and name not in element.attrib
    ]
    for name, attribute in attributes.items():
        if attribute.get("type") == "SUREFIRE_TIME" and not times.fullmatch(element.get(name, "")):
            said.append(f"{element.tag}/@{name} is no time")
    said += [f"<{child.tag}> has no place in <{element.tag}>" for child in element if child.tag not in allowed]
    return said + [complaint for child in element for complaint in complaints(child, declared, times)]


@pytest.mark.parametrize("make", MAKERS)
def test_it_keeps_the_schema_that_jenkins_reads(make: Callable[[], Run]) -> None:
    schema = ET.parse(SCHEMA).getroot()
    declared = {element.get("name", ""): element for element in schema.findall(f"{XSD}element")}
    pattern = schema.find(f"{XSD}simpleType[@name='SUREFIRE_TIME']//{XSD}pattern")
    assert pattern is not None
    times = re.compile(pattern.get("value", ""))
    assert complaints(ET.fromstring(JUnit().render(make())), declared, times) == []


@pytest.mark.tool
@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed")
@pytest.mark.parametrize("make", MAKERS)
def test_xmllint_finds_nothing(make: Callable[[], Run], tmp_path: Path) -> None:
    document = tmp_path / "report.xml"
    document.write_text(JUnit().render(make()), encoding="utf-8")
    done = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, document], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.strip()) == (0, f"{document} validates")


@pytest.mark.parametrize("make", MAKERS)
def test_it_is_green_exactly_when_the_verdict_is_pass(make: Callable[[], Run]) -> None:
    run = make()
    root = ET.fromstring(JUnit().render(run))
    red = [*root.iter("failure"), *root.iter("error")]
    assert bool(red) is (run.decision.verdict is not Verdict.PASS)
    assert root.get("failures") == str(len([*root.iter("failure")]))
    assert root.get("errors") == str(len([*root.iter("error")]))
    assert root.get("tests") == str(len([*root.iter("testcase")]))


def test_each_gate_has_a_suite_beside_the_verdicts_own(rich: Run) -> None:
    assert set(suites(rich)) == {"release", *rich.policy.required}
    assert ending(suites(rich)["release"], "verdict") == "failure"


def test_what_passed_is_there_too() -> None:
    suite = suites(runs.clean_run())["bandit"]
    assert {case.get("name"): len(case) for case in suite} == {"answers": 0, "covers files": 1}
    assert ending(suite, "covers files") == "passed"


def test_a_blocking_finding_is_a_failure_an_excused_one_is_skipped_a_tolerated_one_passes(rich: Run) -> None:
    suite = suites(rich)["bandit"]
    assert ending(suite, "B602 at shop/app.py:12") == "failure"
    assert ending(suite, "B602 at shop/waived.py:1") == "skipped"
    assert ending(suite, "B602 at shop/marked.py:1") == "skipped"
    assert ending(suite, "L1 at shop/links.py:1") == "passed"


def test_a_problem_that_two_gates_see_is_in_both_suites(rich: Run) -> None:
    assert ending(suites(rich)["semgrep"], "B602 at shop/app.py:12") == "failure"


def test_a_threshold_ends_as_it_was_judged(rich: Run) -> None:
    suite = suites(rich)["locust"]
    assert ending(suite, "threshold p95(GET /) <= 100 ms") == "passed"
    assert ending(suite, f"threshold p95({runs.HOSTILE[0]}) <= 300 ms") == "failure"
    assert ending(suite, "threshold p95(GET /item) <= 200 ms") == "error"
    assert ending(suite, "threshold p95(POST /nowhere) <= 100 ms") == "error"


def test_a_gate_that_did_not_answer_is_an_error_with_the_reason_and_the_fix(rich: Run) -> None:
    run = runs.all_errored_run()
    (case,) = suites(run)["semgrep"]
    (error,) = case
    assert (error.tag, error.get("message")) == ("error", "timeout: semgrep went wrong")
    assert error.text == "timeout: semgrep went wrong\nFix: look at it"
    assert ending(suites(rich)["zap"], "answers") == "error"
    assert ending(suites(rich)["codeql"], "answers") == "error"


def test_too_little_coverage_is_an_error() -> None:
    half = runs.completed("bandit", coverage=(Coverage(what="files", measured=1, expected=2),))
    assert ending(suites(runs.run(half))["bandit"], "covers files") == "error"


def test_a_missed_canary_is_an_error() -> None:
    blind = Completed(
        gate="bandit", answer=runs.completed("bandit").answer, canary=Canary(caught=False, detail="it found nothing")
    )
    assert ending(suites(runs.run(blind))["bandit"], "catches its canary") == "error"


def test_a_gate_that_no_change_concerns_is_skipped() -> None:
    run = runs.run(runs.completed("bandit"), Skipped(gate="trivy", reason="nothing changed", unaffected=True))
    assert ending(suites(run)["trivy"], "answers") == "skipped"


def test_an_unmeasured_threshold_alone_makes_it_red() -> None:
    run = runs.run(
        runs.completed("locust", measurements=(Measurement(name="p95", value=1, unit="ms", n=9),)),
        policy=Policy(required=("locust",), thresholds=(runs.bound("p99", "<=", 1, "ms"),)),
    )
    assert ending(suites(run)["release"], "verdict") == "error"
    assert ending(suites(run)["locust"], "answers") == "passed"


def test_hostile_texts_arrive_as_text() -> None:
    found = [
        runs.finding(SourceLocation(path="a.py", line=number), message=text) for number, text in enumerate(runs.HOSTILE, 1)
    ]
    suite = suites(runs.run(runs.completed("bandit", *found)))["bandit"]
    messages = [failure.get("message", "") for failure in suite.iter("failure")]
    assert runs.HOSTILE[0] in messages
    assert runs.HOSTILE[5] in messages
    assert len(messages) == len(runs.HOSTILE)
