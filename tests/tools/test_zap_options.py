"""What the options say of rules, paths, headers, contexts and services, with a real daemon."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates._zap import rules, scan
from sdlc_gates._zap.api import Api
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates.zap import Zap

from sdlc.errors import Cancelled, TargetFailed, ToolFailed, ToolMissing, ToolTimeout
from sdlc.gate import Workspace
from sdlc.model import Answer, Coverage, Severity
from sdlc.target import Target
from tests.unit.gates.members import FORM, MEMBERS, Shop
from tests.unit.gates.sites import Asked, Said, Site, serving

pytestmark = pytest.mark.tool

MakeWorkspace = Callable[..., Workspace]
SECRET = "a-header-of-the-house-9142"


def shop(asked: Asked) -> Said:
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query)
    shown = query.get("q", [""])[0] + asked.headers.get("X-House", "")
    return 200, [("Server", "Planted/1.2")], f'<a href="/shop/search?q=mug">s</a> {shown} <a href="/admin/?q=1">a</a>'


def gate(shared: dict[str, object], **options: object) -> Zap:
    return Zap("zap", msgspec.convert({**shared, **options}, ZapOptions))


def covered(answer: Answer, what: str) -> Coverage:
    return next(coverage for coverage in answer.coverage if coverage.what == what)


def named(answer: Answer) -> set[str]:
    return {finding.rule.id for finding in answer.findings}


def paths(site: Site) -> set[str]:
    return {urllib.parse.urlsplit(asked.path).path for asked in site.asked}


def api(shared: dict[str, object]) -> Api:
    return Api(str(shared["url"]), os.environ["ZAP_API_KEY"])


def test_rules_that_are_off_find_nothing_and_are_named(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    setting = {"sdlc-server-banner": "off", "50000": {"threshold": "low", "strength": "high"}, "40012": "off"}
    with serving(shop) as site:
        answer = gate(shared, rules=setting, code_routes=False).check(
            workspace(tmp_path, target=Target(url=site.url, ready="/"))
        )
    assert "sdlc-server-banner" not in named(answer)
    assert "sdlc-reflected-xss" in named(answer)
    assert [item.item for item in covered(answer, "rules switched on").excluded] == ["sdlc-server-banner"]
    (scripts,) = api(shared).ask(list[dict[str, object]], lambda zap: zap.ascan.scanners())
    assert (scripts["alertThreshold"], scripts["attackStrength"]) == ("DEFAULT", "DEFAULT")


def test_a_rule_of_zaps_own_that_is_off_does_not_attack_and_is_put_back(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        answer = gate(shared, rules={"50000": "off"}).check(work)
    assert "sdlc-reflected-xss" not in named(answer)
    assert covered(answer, "active rules").expected == 0
    assert covered(answer, "rules switched on").excluded[0].item.startswith("50000 ")
    (scripts,) = api(shared).ask(list[dict[str, object]], lambda zap: zap.ascan.scanners())
    assert scripts["enabled"] == "true"


def test_a_rule_that_is_set_and_not_installed_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolMissing, match="40012"):
            gate(shared, rules={"40012": {"threshold": "low"}}).check(work)


def test_only_what_is_included_is_scanned(shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path) -> None:
    with serving(shop) as site:
        target = Target(url=site.url, ready="/", routes=("/shop/search", "/admin/"))
        answer = gate(shared, include=["/shop/*"]).check(workspace(tmp_path, target=target))
    assert "/admin/" not in paths(site)
    assert "sdlc-reflected-xss" in named(answer)
    routes = covered(answer, "routes")
    assert (routes.measured, routes.expected) == (1, 1)
    assert [item.item for item in routes.excluded] == ["/admin/"]


def exported(shared: dict[str, object], file: Path, include: str, exclude: str = "") -> None:
    """Have ZAP itself write a context to the file."""
    daemon = api(shared)
    daemon.ask(str, lambda zap: zap.context.new_context("exported"))
    daemon.do(lambda zap: zap.context.include_in_context("exported", include))
    if exclude:
        daemon.do(lambda zap: zap.context.exclude_from_context("exported", exclude))
    daemon.do(lambda zap: zap.context.export_context("exported", str(file)))
    daemon.do(lambda zap: zap.context.remove_context("exported"))


def test_a_context_that_zap_exported_is_scanned_and_no_more(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(shop) as site:
        exported(shared, tmp_path / "shop.context", f"{site.url}.*", f"{site.url}/admin/.*")
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/shop/search",)))
        answer = gate(shared, context_file="shop.context").check(work)
    assert "/admin/" not in paths(site)
    assert "/shop/search" in paths(site)
    assert "sdlc-reflected-xss" in named(answer)
    assert "exported" not in api(shared).ask(list[str], lambda zap: zap.context.context_list)


def test_a_context_that_leaves_the_target_out_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    exported(shared, tmp_path / "shop.context", "http://other.test/.*")
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolFailed, match="url_not_in_context"):
            gate(shared, context_file="shop.context").check(work)


def test_a_context_that_zap_can_not_read_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    (tmp_path / "shop.context").write_text("no context")
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolFailed, match="import the context"):
            gate(shared, context_file="shop.context").check(work)


def test_every_request_carries_the_headers_and_no_evidence_holds_them(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_HEADER", SECRET)
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        answer = gate(shared, request_headers_env={"X-House": "HOUSE_HEADER"}).check(work)
    assert site.asked
    assert {asked.headers.get("X-House") for asked in site.asked} == {SECRET}
    kept = "".join(file.read_text("utf-8", "replace") for file in work.directory.path.rglob("evidence/**/*") if file.is_file())
    assert SECRET not in kept + str(answer)
    assert covered(answer, "rules of the house").expected == 14


def test_what_a_filter_leaves_out_is_shown_as_suppressed(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    filters = [
        {"rule": "sdlc-server-banner", "reason": "ours to show"},
        {"rule": "sdlc-reflected-xss", "path": "/admin/*", "risk": "low", "reason": "staff only"},
    ]
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        answer = gate(shared, filters=filters).check(work)
    banners = [finding for finding in answer.findings if finding.rule.id == "sdlc-server-banner"]
    assert banners
    assert all("ours to show" in finding.suppression for finding in banners)
    scripting = {finding.severity for finding in answer.findings if finding.rule.id == "sdlc-reflected-xss"}
    assert scripting == {Severity.HIGH, Severity.LOW}
    assert [note for note in answer.notes if "staff only" in note]


def test_alerts_stored_through_the_api_are_read_back_those_marked_as_false_too(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    daemon = api(shared)
    stored: list[str] = []

    def add(zap: Any, number: object, name: str, confidence: int) -> object:
        return zap.alert.add_alert(number, name, 3, confidence, "stored by the test", cweid=89)

    def visit(zap: Any, url: str) -> object:
        return zap.core.access_url(url, followredirects="false")

    def answer(asked: Asked) -> Said:
        if asked.path.startswith("/admin/") and not stored:
            stored.append("begun")
            (message,) = daemon.ask(list[dict[str, object]], partial(visit, url=f"{site.url}/shop/deep/page"))
            for name, confidence in (("by hand", 3), ("by mistake", 0)):
                stored.append(daemon.ask(str, partial(add, number=message["id"], name=name, confidence=confidence)))
        return shop(asked)

    with serving(answer) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        found_all = gate(shared, mode="baseline").check(work).findings
    assert len(stored) == 3
    found = {finding.message: finding for finding in found_all if finding.message.startswith("by ")}
    assert set(found) == {"by hand", "by mistake"}
    assert (found["by hand"].severity, found["by hand"].suppression) == (Severity.HIGH, "")
    assert found["by mistake"].suppression


@pytest.mark.parametrize(
    ("service", "addon"), [({"graphql": {"endpoint": "/graphql"}}, "graphql"), ({"soap": {"wsdl": "/pay?wsdl"}}, "soap")]
)
def test_services_that_this_zap_has_no_addon_for_are_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, service: dict[str, object], addon: str
) -> None:
    with serving(shop) as site, pytest.raises(ToolMissing, match=addon):
        gate(shared, mode="api", **service).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))


def test_a_crawl_ends_at_our_deadline_and_never_early_at_one_that_the_daemon_had(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    daemon = api(shared)
    daemon.do(lambda zap: zap.spider.set_option_max_children(1))
    try:
        with serving(shop) as site:
            work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
            gate(shared, mode="baseline").check(work)
        assert {"/shop/search", "/admin/"} <= paths(site)
        assert daemon.ask(int, lambda zap: zap.spider.option_max_children) == 1
    finally:
        daemon.do(lambda zap: zap.spider.set_option_max_children(0))


def endless(asked: Asked) -> Said:
    return 200, [], "".join(f'<a href="{asked.path.rstrip("/")}/{number}">x</a>' for number in range(20))


def test_a_daemon_that_runs_on_stops_when_the_scan_is_called_off(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(endless) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        called_off = replace(work, say=lambda text: work.cancel.set() if text.startswith("spider") else None)
        with pytest.raises(Cancelled):
            gate(shared, max_depth=50).check(called_off)
    states = [one["state"] for one in api(shared).ask(list[dict[str, str]], lambda zap: zap.spider.scans)]
    assert states
    assert "RUNNING" not in states


def test_the_deadline_of_the_whole_gate_leaves_time_to_tell_what_was_found(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "RESERVE_SECONDS", 57.0)
    with serving(endless) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"), seconds=60)
        with pytest.raises(ToolTimeout, match="spider") as caught:
            gate(shared, max_depth=50, spider_seconds=300).check(work)
    assert caught.value.answer.findings


def test_known_routes_of_a_target_that_hangs_are_not_asked_without_end(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    released = threading.Event()

    def answer(asked: Asked) -> Said:
        if asked.path != "/":
            released.wait(1)
        return 200, [], ""

    with serving(answer) as site:
        target = Target(url=site.url, ready="/", routes=tuple(f"/slow/{number}" for number in range(30)))
        with pytest.raises(ToolTimeout, match="known routes"):
            gate(shared, seed_seconds=2).check(workspace(tmp_path, target=target))
        released.set()


def test_an_attack_on_a_target_that_hangs_ends_and_what_was_found_is_kept(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    released, attacked = threading.Event(), "%3C"

    def answer(asked: Asked) -> Said:
        if "'" in asked.path or attacked in asked.path or "%22" in asked.path:
            released.wait(20)
        return shop(asked)

    with serving(answer) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolTimeout, match="active scan") as caught:
            gate(shared, stalled_seconds=3, active_seconds=6).check(work)
        released.set()
    assert caught.value.answer.findings


def test_a_target_that_refuses_everything_but_its_first_page_is_not_covered(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Said:
        return shop(asked) if asked.path == "/" else (403, [], "no")

    with serving(answer) as site:
        found = gate(shared, mode="baseline").check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    routes = covered(found, "routes")
    assert {item.item for item in routes.missing} >= {"GET /shop/search", "GET /admin/"}
    assert {item.reason for item in routes.missing} == {"403: not allowed in"}


def test_a_folder_of_jars_without_a_launcher_is_started_too(
    zap_home: Path, workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.environ.get("SDLC_ZAP"):
        pytest.skip("scripts of a complete ZAP need no boot script")
    home = tmp_path / "jars"
    shutil.copytree(zap_home, home, ignore=shutil.ignore_patterns("zap.sh"), symlinks=True, copy_function=os.link)
    monkeypatch.setattr(rules, "SCRIPT_SECONDS", 0.5)
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        # The project's own daemon gets its scripts only from the launcher that is missing here.
        with pytest.raises(ToolMissing, match="scripts"):
            gate({"home": str(home), "house_rules": "only"}).check(work)
    (evidence,) = work.evidence
    assert evidence.version == "2.17.0"


def test_requests_a_second_are_bounded_for_whatever_zap_does(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    times: list[float] = []

    def answer(asked: Asked) -> Said:
        times.append(time.monotonic())
        return 200, [], '<a href="/a?q=1">a</a>' if asked.path == "/" else ""

    with serving(answer) as site:
        target = Target(url=site.url, ready="/", routes=("/known/1", "/known/2"))
        gate(shared, requests_per_second=4).check(workspace(tmp_path, target=target))
    # However they are spread over the phases, no ten of them come faster than that; a second is for a busy machine.
    spans = [times[last] - times[last - 9] for last in range(9, len(times))]
    assert spans
    assert min(spans) >= 9 / 4 - 1


def test_a_target_elsewhere_is_not_even_looked_at_without_a_yes(workspace: MakeWorkspace, tmp_path: Path) -> None:
    for mode in ("baseline", "full", "api"):
        with pytest.raises(TargetFailed, match="not on this machine"):
            gate({}, mode=mode, home="/nowhere").check(
                workspace(tmp_path, target=Target(url="https://shop.example", ready="/"))
            )


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
        answer = gate(shared, flows="locustfile.py", flows_pass_env=["MEMBER_TOKEN"]).check(work)
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
        answer = gate(shared, login=FORM, logged_in=MEMBERS, exclude=["/logout"]).check(work)
    assert site.url.startswith("https:")
    assert covered(answer, "routes").missing == ()
    assert covered(answer, "looks at the session").measured >= 2
