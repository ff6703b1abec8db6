"""What the options say of rules, paths, headers, contexts and services, with a real daemon."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates._zap import rules

from sdlc.errors import ToolFailed, ToolMissing
from sdlc.gate import Workspace
from sdlc.model import Severity
from sdlc.target import Target
from tests.tools.zap_support import SECRET, api, covered, gate, named, paths, shop
from tests.unit.gates.sites import Asked, Said, serving

pytestmark = pytest.mark.tool

MakeWorkspace = Callable[..., Workspace]


def test_rules_that_are_off_find_nothing_and_are_named(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    setting = {"sdlc-server-banner": "off", "50000": {"threshold": "low", "strength": "high"}, "40012": "off"}
    with serving(shop) as site:
        answer = gate(**shared, rules=setting, code_routes=False).check(
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
        answer = gate(**shared, rules={"50000": "off"}).check(work)
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
            gate(**shared, rules={"40012": {"threshold": "low"}}).check(work)


def test_only_what_is_included_is_scanned(shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path) -> None:
    with serving(shop) as site:
        target = Target(url=site.url, ready="/", routes=("/shop/search", "/admin/"))
        answer = gate(**shared, include=["/shop/*"]).check(workspace(tmp_path, target=target))
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
        answer = gate(**shared, context_file="shop.context").check(work)
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
            gate(**shared, context_file="shop.context").check(work)


def test_a_context_that_zap_can_not_read_is_no_answer(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    (tmp_path / "shop.context").write_text("no context")
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolFailed, match="import the context"):
            gate(**shared, context_file="shop.context").check(work)


def test_every_request_carries_the_headers_and_no_evidence_holds_them(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOUSE_HEADER", SECRET)
    with serving(shop) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        answer = gate(**shared, request_headers_env={"X-House": "HOUSE_HEADER"}).check(work)
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
        answer = gate(**shared, filters=filters).check(work)
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
        found_all = gate(**shared, mode="baseline").check(work).findings
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
        gate(**shared, mode="api", **service).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))


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
            gate(home=str(home), house_rules="only").check(work)
    (evidence,) = work.evidence
    assert evidence.version == "2.17.0"
