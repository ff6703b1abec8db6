"""Plans of ZAP's Automation Framework, run as they are by a real daemon, and judged by what they did."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates._zap import plan
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates.zap import Zap

from sdlc.errors import TargetFailed, ToolMissing, ToolTimeout
from sdlc.gate import Workspace
from sdlc.model import Answer, Coverage, EndpointLocation
from sdlc.target import Target
from tests.unit.gates.sites import Asked, Said, serving

pytestmark = pytest.mark.tool

MakeWorkspace = Callable[..., Workspace]
Web = Callable[[Callable[[str], tuple[int, dict[str, str], str]]], Any]
SECRET = "word-of-the-day-7351"
ENV = "env:\n  contexts:\n  - {name: shop, urls: ['${site}/']}\n"
SPIDER = "- {type: spider, parameters: {maxDuration: 1}}\n"


def shop(asked: Asked) -> Said:
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query)
    shown = query.get("q", [""])[0]
    return 200, [], f'<a href="/search?q=mug">search</a> {shown} <a href="/cart">cart</a>'


def run(
    work: Workspace, shared: dict[str, object], jobs: str, env: str = ENV, **options: object
) -> tuple[Answer, Callable[[str], Coverage]]:
    (work.root / "zap.yaml").write_text(f"{env}jobs:\n{jobs}")
    given = {"plan": "zap.yaml", "plan_vars": {"site": "{target}"}, **shared, **options}
    answer = Zap("zap", msgspec.convert(given, ZapOptions)).check(work)
    return answer, lambda what: next(coverage for coverage in answer.coverage if coverage.what == what)


def test_a_plan_is_run_as_it_is_and_judged_by_what_it_found(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_WORD", SECRET)
    jobs = f"""{SPIDER}- type: requestor
  requests:
  - {{url: '${{site}}/hello?word=${{word}}', method: GET, responseCode: 200}}
- type: activeScan
- {{type: delay, enabled: false}}
"""
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/cart", "/hello", "/never")))
        answer, covered = run(work, shared, jobs, plan_env={"word": "SHOP_WORD"})
    assert {79, 693} <= {cwe for finding in answer.findings for cwe in finding.rule.cwe}
    jobs_done = covered("jobs of the plan")
    assert (jobs_done.measured, jobs_done.expected) == (3, 3)
    assert [item.item for item in jobs_done.excluded] == ["job delay"]
    assert [item.item for item in covered("routes").missing] == ["/never"]
    assert covered("active rules").measured == covered("attacks of the plan").measured == 1
    assert f"/hello?word={SECRET}" in [asked.path for asked in site.asked]
    kept = "".join(file.read_text("utf-8", "replace") for file in work.directory.path.rglob("evidence/**/*") if file.is_file())
    assert SECRET not in kept + str(answer)


@pytest.mark.parametrize(
    ("job", "named"),
    [
        ("- {type: passiveScan-wait}\n", "pscan"),
        ("- {type: openapi, parameters: {apiFile: api.json}}\n", "add-on openapi"),
        ("- {type: graphql, parameters: {endpoint: '${site}/graphql'}}\n", "add-on graphql"),
        ("- {type: activeScan, policyDefinition: {rules: [{id: 40012, threshold: low}]}}\n", "40012"),
    ],
)
def test_what_this_zap_would_leave_out_of_a_plan_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, job: str, named: str
) -> None:
    with serving(shop) as site, pytest.raises(ToolMissing, match=named):
        run(workspace(tmp_path, target=Target(url=site.url, ready="/")), shared, SPIDER + job)


def test_a_type_of_job_that_nobody_knows_is_named_as_not_done(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(shop) as site:
        _, covered = run(workspace(tmp_path, target=Target(url=site.url, ready="/")), shared, SPIDER + "- {type: sweep}\n")
    found = covered("jobs of the plan")
    assert (found.measured, found.expected) == (1, 2)
    assert [item.item for item in found.missing] == ["job sweep"]


def test_what_a_plan_warns_of_is_not_done_and_what_it_only_tests_is_a_note(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    jobs = """- type: requestor
  requests: [{url: '${site}/cart', method: GET, responseCode: 404}]
- type: spider
  tests: [{type: stats, statistic: automation.spider.urls.added, operator: '>=', value: 99, onFail: warn, name: enough}]
"""
    with serving(shop) as site:
        answer, covered = run(workspace(tmp_path, target=Target(url=site.url, ready="/")), shared, jobs)
    (missing,) = covered("jobs of the plan").missing
    assert "Expected : 404" in missing.reason
    assert [note for note in answer.notes if "enough [" in note]


def test_a_plan_for_another_address_is_refused_and_nothing_is_asked(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    other = web(lambda path: (200, {}, ""))
    request = f"- {{type: requestor, requests: [{{url: '{other.url}/x', method: GET}}]}}\n"
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(TargetFailed, match=r"beyond the target .*/x"):
            run(work, shared, request)
    assert other.asked == []
    assert site.asked == []


def test_an_address_that_nobody_saw_in_a_plan_is_out_of_reach_all_the_same(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "confine", lambda blueprint, url: None)
    other = web(lambda path: (200, {}, ""))
    request = f"- {{type: requestor, requests: [{{url: '{other.url}/x', method: GET}}]}}\n"
    with serving(shop) as site:
        answer, _ = run(workspace(tmp_path, target=Target(url=site.url, ready="/")), shared, SPIDER + request)
    assert other.asked == []
    assert [note for note in answer.notes if "refused 1 times" in note]


def test_a_plan_that_stands_still_is_stopped_and_what_it_found_is_kept(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolTimeout, match="plan stood still") as caught:
            run(work, shared, SPIDER + "- {type: delay, parameters: {time: '300'}}\n", stalled_seconds=3)
    assert any(isinstance(finding.location, EndpointLocation) for finding in caught.value.answer.findings)


def test_a_daemon_of_our_own_tells_what_it_did_not_understand_in_a_plan(
    zap_home: Path, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        _, covered = run(
            work, {"home": str(zap_home), "house_rules": "only"}, "- {type: spider, parameters: {maxDuraton: 1}}\n"
        )
    (missing,) = covered("jobs of the plan").missing
    assert "maxDuraton" in missing.reason
