"""The gate `zap` with a real daemon. What needs ZAP's own rules runs only where SDLC_ZAP names a complete ZAP."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from sdlc_gates._zap import rules
from sdlc_gates._zap.api import Api
from sdlc_gates._zap.rules import HouseRule

from sdlc.errors import GateError, TargetFailed, ToolFailed, ToolMissing, ToolTimeout
from sdlc.gate import Gate, Workspace
from sdlc.model import EndpointLocation, Finding
from sdlc.target import Target
from tests.tools.zap_support import SECRET, covered, gate, named
from tests.unit.gates.members import FORM, MEMBERS, WORDS, Shop
from tests.unit.gates.sites import Asked, Said, serving

pytestmark = pytest.mark.tool
complete = pytest.mark.skipif(not os.environ.get("SDLC_ZAP"), reason="needs a complete ZAP: set SDLC_ZAP to its folder")

MakeWorkspace = Callable[..., Workspace]
Web = Callable[[Callable[[str], tuple[int, dict[str, str], str]]], Any]


def place(finding: Finding) -> str:
    assert isinstance(finding.location, EndpointLocation)
    return finding.location.url


def links(*targets: str) -> tuple[int, dict[str, str], str]:
    return 200, {}, "".join(f'<a href="{target}">x</a>' for target in targets)


@pytest.mark.parametrize("tls", [False, True])
def test_each_rule_of_the_house_finds_its_bad_page_and_no_good_one(
    shared: dict[str, object], pages: Callable[[bool], Any], tls: bool, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    site = pages(tls)
    answer = gate(**shared).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    found = {(urllib.parse.urlsplit(place(finding)).path, finding.rule.id.removeprefix("sdlc-")) for finding in answer.findings}
    assert found == set(site.expected.items())
    assert all(finding.rule.cwe for finding in answer.findings)
    routes, *others = answer.coverage
    # They are there to fail.
    assert [item.item for item in routes.missing] == ["GET /bad/trace", "GET /good/trace"]
    assert [coverage.missing for coverage in others] == [(), ()]
    assert covered(answer, "rules of the house").measured == 13


def test_every_rule_of_the_house_has_a_bad_page(pages: Callable[[bool], Any]) -> None:
    named = set(pages(True).expected.values())
    assert named == {rule.name.removeprefix("sdlc-") for rule in rules.house_rules()}


def test_a_daemon_of_our_own_is_gone_afterwards_and_its_answers_are_evidence(
    zap_home: Path, workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    site = web(lambda path: links("/a"))
    work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
    gate(home=str(zap_home), house_rules="only", mode="baseline").check(work)
    (evidence,) = work.evidence
    assert {Path(file.path).name for file in evidence.files} >= {"zap.json", "history.json", "alerts.json", "zap.log"}
    assert evidence.version == "2.17.0" or os.environ.get("SDLC_ZAP")
    port = evidence.argv[evidence.argv.index("-port") + 1]
    assert not [p for p in psutil.process_iter(["cmdline"]) if port in (p.info["cmdline"] or ())]
    secret = next(work.scratch.rglob("zap.properties")).read_text().strip().removeprefix("api.key=")
    assert not [file for file in work.directory.path.rglob("evidence/**/*") if file.is_file() and secret in file.read_text()]
    assert secret not in " ".join(evidence.argv)


def test_without_scan_rules_of_its_own_zap_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    if os.environ.get("SDLC_ZAP"):
        pytest.skip("the ZAP that SDLC_ZAP names has rules")
    work = workspace(tmp_path, target=Target(url=web(lambda path: links("/a")).url, ready="/"))
    with pytest.raises(ToolMissing, match="pscan, pscanrules, ascanrules"):
        gate(url=shared["url"]).check(work)


def test_a_required_rule_that_is_not_installed_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    work = workspace(tmp_path, target=Target(url=web(lambda path: links("/a")).url, ready="/"))
    with pytest.raises(ToolMissing, match="40012"):
        gate(**shared, required_rules=[40012]).check(work)


def test_a_rule_that_throws_is_named_as_not_covered(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = HouseRule(
        "sdlc-broken", "httpsender", "function sendingRequest(m, i, h) {}\nfunction responseReceived(m, i, h) { throw 'out'; }"
    )
    whole = rules.house_rules()
    monkeypatch.setattr(rules, "house_rules", lambda: (*whole, broken))
    answer = gate(**shared, mode="baseline").check(
        workspace(tmp_path, target=Target(url=web(lambda path: links("/a")).url, ready="/"))
    )
    (missing,) = covered(answer, "rules of the house").missing
    assert missing.item == "sdlc-broken"


def test_nothing_beyond_the_targets_own_port_is_asked(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    other = web(lambda path: links("/"))

    def lure(path: str) -> tuple[int, dict[str, str], str]:
        if path.startswith("/away"):
            return 302, {"Location": f"{other.url}/redirected"}, ""
        form = f'<form action="{other.url}/form"><input name="q"></form><form action="/away"><input name="q"></form>'
        return 200, {}, links(f"{other.url}/linked", "/away?q=1", "/in?q=1")[2] + form

    target = web(lure)
    answer = gate(**shared).check(workspace(tmp_path, target=Target(url=target.url, ready="/")))
    assert other.asked == []
    assert any(asked.startswith("/away") for asked in target.asked)
    assert answer.findings
    assert all(place(finding).startswith(target.url) for finding in answer.findings)


def test_an_excluded_path_is_left_alone(shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    site = web(lambda path: links("/logout?now=1", "/admin/users", "/in?q=1"))
    gate(**shared, exclude=["/logout", "/admin/*"]).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    assert any(asked.startswith("/in") for asked in site.asked)
    assert not [asked for asked in site.asked if asked.startswith(("/logout", "/admin"))]


def test_links_without_end_are_no_answer_but_what_was_found_is_kept(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    site = web(lambda path: links(*(f"{path.rstrip('/')}/{number}" for number in range(20))))
    work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
    with pytest.raises(ToolTimeout, match="spider") as caught:
        gate(**shared, spider_seconds=2).check(work)
    assert caught.value.answer.findings


def test_a_target_that_lets_nobody_in_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    site = web(lambda path: (403, {}, "no"))
    with pytest.raises(TargetFailed, match="403"):
        gate(**shared).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))


def test_a_target_that_hangs_ends_the_phase(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    released = threading.Event()

    def answer(path: str) -> tuple[int, dict[str, str], str]:
        if path != "/":
            released.wait(30)
        return links("/slow")

    site = web(answer)
    with pytest.raises(ToolTimeout, match="stood still"):
        gate(**shared, stalled_seconds=2).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    released.set()


def test_routes_of_the_description_that_were_never_let_in_are_named(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    replies = {"/open/1": 200, "/locked": 401, "/": 200}
    site = web(lambda path: (replies.get(path, 404), {}, "x"))
    described = {"paths": {"/open/{id}": {"get": {"parameters": [ID]}}, "/locked": {"get": {}}, "/gone": {"delete": {}}}}
    target = Target(url=site.url, ready="/", openapi=described)
    answer = gate(**shared, mode="api").check(workspace(tmp_path, target=target))
    found = covered(answer, "routes")
    assert (found.measured, found.expected) == (1, 3)
    assert [(item.item, item.reason[:3]) for item in found.missing] == [("GET /locked", "401"), ("DELETE /gone", "404")]


ID = {"name": "id", "in": "path", "schema": {"type": "integer"}}


def test_requests_per_second_are_bounded(shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    site = web(lambda path: links(*(f"/{number}" for number in range(20))))
    began = time.monotonic()
    gate(**shared, mode="baseline", requests_per_second=5).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    assert len(site.asked) / (time.monotonic() - began) <= 5


def test_a_daemon_that_is_killed_midway_is_no_answer(
    zap_home: Path, workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    site = web(lambda path: links(*(f"{path.rstrip('/')}/{number}" for number in range(20))))
    work = workspace(tmp_path, target=Target(url=site.url, ready="/"))

    def kill(text: str) -> None:
        if text.startswith("spider"):
            for process in psutil.process_iter(["cmdline"]):
                if any(str(work.scratch) in part for part in process.info["cmdline"] or ()) and process.name() == "java":
                    process.kill()

    with pytest.raises(ToolFailed, match="ZAP"):
        gate(home=str(zap_home), house_rules="only").check(dataclasses.replace(work, say=kill))
    assert work.evidence[0].exit_code != 0


def test_a_wrong_key_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAP_API_KEY", "wrong")
    with pytest.raises(ToolFailed, match="key"):
        gate(**shared).check(workspace(tmp_path, target=Target(url=web(lambda path: links("/a")).url, ready="/")))


def test_the_canary_is_caught(shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path) -> None:
    for mode in ("full", "baseline", "api"):
        subject = gate(**shared, mode=mode)
        with subject.plant(workspace(tmp_path)) as (planted, work):
            assert planted.caught(planted.check(work))


def test_the_canary_is_not_caught_by_rules_that_miss_it(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = tuple(rule for rule in rules.house_rules() if "xss" not in rule.name)
    monkeypatch.setattr(rules, "house_rules", lambda: some)
    with gate(**shared).plant(workspace(tmp_path)) as (planted, work):
        assert not planted.caught(planted.check(work))


@complete
def test_a_complete_zap_finds_the_planted_defect_with_its_own_rules(
    zap_home: Path, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    subject: Gate = gate(home=str(zap_home), house_rules=False, required_rules=[40012, 10038])
    with subject.plant(workspace(tmp_path, seconds=600)) as (planted, work), contextlib.suppress(GateError):
        answer = planted.check(work)
        assert {"40012", "10038-1"} <= {finding.rule.id for finding in answer.findings}


def test_a_scan_that_is_logged_in_reaches_what_only_members_see(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(Shop()) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/members", "/members/orders")))
        answer = gate(**shared, login=FORM, logged_in=MEMBERS, exclude=["/logout"]).check(work)
    assert [coverage.missing for coverage in answer.coverage] == [()] * len(answer.coverage)
    assert covered(answer, "looks at the session").measured >= 2
    kept = "".join(file.read_text("utf-8", "replace") for file in work.directory.path.rglob("evidence/**/*") if file.is_file())
    assert "session-number-" not in kept
    assert WORDS not in kept
    # A daemon that runs for others too asks through its own proxy again.
    assert Api(str(shared["url"]), os.environ["ZAP_API_KEY"]).ask(str, lambda zap: zap.network.is_http_proxy_enabled) == "false"


def test_a_session_that_dies_midway_and_is_not_renewed_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(Shop(lives=3, logins=1)) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(TargetFailed, match="gave no session"):
            gate(**shared, login=FORM, logged_in=MEMBERS | {"seconds": 0.5}).check(work)


def test_a_target_that_sends_everybody_away_is_not_covered(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    other = web(lambda path: links("/"))
    site = web(lambda path: (302, {"Location": f"{other.url.replace('127.0.0.1', 'localhost')}{path}"}, ""))
    answer = gate(**shared).check(workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/", "/mugs"))))
    assert [item.reason for item in covered(answer, "routes").missing] == ["302: sent to another host"] * 2
    assert other.asked == []


def test_links_without_end_end_with_the_phase(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    site = web(lambda path: links(*(f"{path.rstrip('/')}/{number}" for number in range(20))))
    with pytest.raises(ToolTimeout, match="spider"):
        gate(**shared, spider_seconds=3, max_depth=50).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))


FLOWS = """
import os
from locust import HttpUser, task

class Member(HttpUser):
    def on_start(self):
        self.client.headers["Authorization"] = "Bearer " + os.environ["MEMBER_TOKEN"]
    @task
    def notes(self):
        self.client.post("/notes", data={"q": "mug"})
"""


def members(asked: Asked) -> Said:
    """Nothing links to anything here, and what the flows do needs who they are."""
    if asked.path != "/notes":
        return (200, [], "hello") if asked.path == "/" else (404, [], "")
    known = asked.headers.get("Authorization") == f"Bearer {SECRET}"
    fields = dict(urllib.parse.parse_qsl(asked.body))
    return (200, [], f"noted {fields.get('q', '')}") if known else (401, [], "who?")


def test_a_scan_begins_with_what_the_flows_asked_for_and_as_whom_they_were(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEMBER_TOKEN", SECRET)
    (tmp_path / "locustfile.py").write_text(FLOWS)
    with serving(members) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("POST /notes",)))
        answer = gate(**shared, flows="locustfile.py", flows_pass_env=["MEMBER_TOKEN"]).check(work)
    assert "sdlc-reflected-xss" in named(answer)
    assert [covered(answer, what).missing for what in ("routes", "tasks of the flows", "active rules")] == [(), (), ()]
    kept = "".join(file.read_text("utf-8", "replace") for file in work.directory.path.rglob("evidence/**/*") if file.is_file())
    assert SECRET not in kept + str(answer)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows that this machine trusts."""
    folder = tmp_path / "authority"
    folder.mkdir()
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=here")
    argv = ["openssl", "req", "-x509", *kind, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key)]
    subprocess.run([*argv, "-out", str(certificate)], check=True, capture_output=True, timeout=30)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_a_scan_over_https_is_logged_in(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, trusted: ssl.SSLContext
) -> None:
    with serving(Shop(), trusted) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/members", "/members/orders")))
        answer = gate(**shared, login=FORM, logged_in=MEMBERS, exclude=["/logout"]).check(work)
    assert site.url.startswith("https:")
    assert covered(answer, "routes").missing == ()
    assert covered(answer, "looks at the session").measured >= 2
