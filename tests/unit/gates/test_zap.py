from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates._dast.samples import Sample
from sdlc_gates._zap import alerts, daemon, fence, patterns, rules, seeds
from sdlc_gates._zap.api import Api, Refused, _Reply
from sdlc_gates._zap.daemon import Launcher
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates._zap.rules import Installed, Scanner
from sdlc_gates._zap.scan import attacked
from sdlc_gates.zap import Zap

from sdlc.errors import NothingToScan, OutputInvalid, TargetFailed, ToolMissing
from sdlc.gate import Workspace
from sdlc.model import EndpointLocation, Severity
from sdlc.process import MIB, Limits
from sdlc.target import Target

DATA = Path(__file__).parents[2] / "data" / "zap"
RECORDED = (DATA / "alerts.json").read_bytes()
ALERTS: list[dict[str, Any]] = json.loads(RECORDED)
PROGRESS: list[Any] = json.loads((DATA / "active-rules.json").read_bytes())
ORIGIN = re.match(r"http://[^/]+", ALERTS[0]["url"])[0]  # type: ignore[index]


def altered(**values: object) -> bytes:
    return json.dumps([ALERTS[0] | values]).encode()


def test_recorded_alerts_become_findings_with_rule_weakness_place_and_severity() -> None:
    findings, notes = alerts.parse(RECORDED, ORIGIN)
    assert len(findings) == len(ALERTS)
    assert notes == ()
    (found,) = [finding for finding in findings if finding.rule.id == "sdlc-sql-error"]
    assert (found.severity, found.rule.cwe, found.tool) == (Severity.HIGH, (89,), "zap")
    assert found.location == EndpointLocation(method="GET", url=f"{ORIGIN}/bad/sql", parameter="id")
    assert "curl --include" in found.proof
    assert "evidence: " in found.proof


def test_an_alert_of_zaps_own_rule_keeps_its_number_and_its_page() -> None:
    ((found,), _) = alerts.parse(altered(pluginId="40012", alertRef="40012", tags={}, cweid="79"), ORIGIN)
    assert (found.rule.id, found.rule.help_uri) == ("40012", "https://www.zaproxy.org/docs/alerts/40012/")


def test_the_query_of_an_attack_is_no_part_of_the_place() -> None:
    ((found,), _) = alerts.parse(altered(url=f"{ORIGIN}/a?q=%3Csvg%3E#x"), ORIGIN)
    assert isinstance(found.location, EndpointLocation)
    assert found.location.url == f"{ORIGIN}/a"


def test_the_first_page_is_one_place_with_and_without_its_slash() -> None:
    places = [alerts.parse(altered(url=url), ORIGIN)[0][0].location for url in (ORIGIN, f"{ORIGIN}/")]
    assert places[0] == places[1]


def test_alerts_about_another_place_are_counted_and_not_judged() -> None:
    findings, (note,) = alerts.parse(altered(url="http://127.0.0.2:1/a"), ORIGIN)
    assert findings == ()
    assert "1 alerts" in note


def test_an_alert_marked_as_false_is_shown_as_suppressed() -> None:
    ((found,), _) = alerts.parse(altered(confidence="False Positive"), ORIGIN)
    assert found.suppression


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'"no_implementor"',
        b"[1]",
        RECORDED[:-20],
        altered(risk="Terrible"),
        altered(cweid=79),
        altered(url="http://h:x/"),
    ],
)
def test_anything_else_than_alerts_is_refused(content: bytes) -> None:
    with pytest.raises(OutputInvalid):
        alerts.parse(content, ORIGIN)


def test_a_missing_cwe_is_none() -> None:
    for number in ("0", "-1", ""):
        ((found,), _) = alerts.parse(altered(cweid=number), ORIGIN)
        assert found.rule.cwe == ()


def test_active_rules_that_did_not_finish_are_named() -> None:
    assert attacked(PROGRESS, scripted=True).missing == ()
    assert attacked(PROGRESS, scripted=True).measured == 1
    skipped = json.loads(json.dumps(PROGRESS).replace("Complete", "Skipped, taking too long"))
    (missing,) = attacked(skipped, scripted=True).missing
    assert missing.reason == "Skipped, taking too long"


def test_a_scan_without_any_active_rule_covers_nothing() -> None:
    assert attacked(PROGRESS, scripted=False).expected == 0
    assert attacked([], scripted=True).expected == 0
    assert attacked(["http://h", {"HostProcess": []}], scripted=True).expected == 0


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        ("http://h.test:80/", True),
        ("http://h.test:80/a?b", True),
        ("http://h.test:80", True),
        ("http://h.test:8080/", False),
        ("http://hxtest:80/", False),
        ("https://h.test:80/", False),
        ("http://h.test:80.evil.test/", False),
        ("http://h.test:80@evil.test/", False),
    ],
)
def test_only_the_targets_own_address_is_inside(url: str, inside: bool) -> None:
    (outside,) = fence.bans("http://h.test:80", ())
    assert bool(re.match(outside, url)) is not inside
    assert bool(re.match(patterns.inside_pattern("http://h.test:80"), url)) is inside


def test_excluded_paths_are_banned_with_any_query() -> None:
    _, logout, admin = fence.bans("http://h:1", ("/logout", "/admin/*"))
    assert re.match(logout, "http://h:1/logout?now=1")
    assert not re.match(logout, "http://h:1/logout/no")
    assert re.match(admin, "http://h:1/admin/users/1")
    assert not re.match(admin, "http://h:1/administrators")


def test_error_codes_of_zap_are_raised_and_never_taken_for_values() -> None:
    with pytest.raises(Refused) as refused:
        _Reply(b'{"code":"no_implementor","message":"No Implementor"}').json()
    assert refused.value.code == "no_implementor"
    for content in (b"", b"<html>", b"[]", b"{}", b'"OK"'):
        with pytest.raises(OutputInvalid):
            _Reply(content).json()


def test_an_answer_of_another_shape_is_refused() -> None:
    api = Api("http://127.0.0.1:1", "key")
    assert api.ask(int, lambda zap: "100") == 100
    with pytest.raises(OutputInvalid):
        api.ask(int, lambda zap: "no_implementor")
    with pytest.raises(OutputInvalid):
        api.ask(list[str], lambda zap: "no_implementor")
    with pytest.raises(OutputInvalid):
        api.do(lambda zap: "already_exists")


NONE = Installed((), (), ())
OWN = Installed((Scanner("40012", "xss", True),), (Scanner("10038", "csp", True),), ())
OFF = Installed((Scanner("40012", "xss", False),), (Scanner("10038", "csp", True),), ())
BARE = Installed((Scanner("50000", "scripts", True),), (), rules.house_rules())


@pytest.mark.parametrize(
    ("installed", "options", "lacking"),
    [
        (NONE, {}, "pscan, pscanrules, ascanrules"),
        (NONE, {"mode": "baseline"}, "pscan, pscanrules"),
        (NONE, {"house_rules": "only"}, "no scan rules at all"),
        (OFF, {}, "ascanrules"),
        (BARE, {}, "pscan, pscanrules, ascanrules"),
        (OFF, {"required_rules": [40012], "house_rules": "only"}, "40012"),
    ],
)
def test_a_zap_without_the_rules_that_were_asked_for_is_no_answer(
    installed: Installed, options: dict[str, object], lacking: str
) -> None:
    with pytest.raises(ToolMissing, match=lacking):
        rules.demand(installed, msgspec.convert(options, ZapOptions), attacks=options.get("mode") != "baseline")


@pytest.mark.parametrize(
    ("installed", "options"),
    [(OWN, {}), (OWN, {"required_rules": [40012, 10038]}), (BARE, {"house_rules": "only"}), (OFF, {"mode": "baseline"})],
)
def test_a_zap_with_the_rules_that_were_asked_for_may_scan(installed: Installed, options: dict[str, object]) -> None:
    rules.demand(installed, msgspec.convert(options, ZapOptions), attacks=options.get("mode") != "baseline")


def test_every_rule_of_the_house_is_whole() -> None:
    house = rules.house_rules()
    assert len({rule.name for rule in house}) == len(house) == 13
    for rule in house:
        assert f'id: "{rule.name.removeprefix("sdlc-")}"' in rule.text
        assert re.search(r"^    cwe: \d+,$", rule.text, re.MULTILINE)
    numbers = [number for rule in house for number in re.findall(r"number: (\d+)", rule.text)]
    assert len(set(numbers)) == len(numbers)


def test_a_home_without_a_launcher_is_no_zap(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match=r"zap\.sh"):
        daemon.find(ZapOptions(home=str(tmp_path)))


def test_a_machine_without_zap_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(daemon, "PLACES", ())
    with pytest.raises(ToolMissing) as missing:
        daemon.find(ZapOptions())
    assert "PATH" in missing.value.fix
    with pytest.raises(ToolMissing, match="docker or podman"):
        daemon.find(ZapOptions(image="zap:stable"))


def test_the_key_is_never_on_the_command_line_and_the_port_is_on_loopback(tmp_path: Path) -> None:
    limits = Limits(deadline=0, memory=1000 * MIB)
    argv = daemon.command_line(Launcher(("zap.sh",)), "name", tmp_path / "home", tmp_path / "in", 8123, limits)
    assert argv[:2] == ["zap.sh", "-Xmx500m"]
    assert argv[argv.index("-host") + 1] == "127.0.0.1"
    assert not [part for part in argv if "api.key" in part]


def test_a_container_has_a_name_to_be_removed_by_and_sees_only_its_inputs(tmp_path: Path) -> None:
    launcher = Launcher(("/bin/docker", "run", "--rm", "--network", "host", "zap:stable", "zap.sh"), engine="/bin/docker")
    argv = daemon.command_line(launcher, "sdlc-zap-1", tmp_path / "home", tmp_path / "in", 8123, Limits(deadline=0))
    assert argv[:6] == ["/bin/docker", "run", "--name", "sdlc-zap-1", "--volume", f"{tmp_path}/in:{tmp_path}/in:ro"]
    assert str(tmp_path / "home") not in argv


def test_a_sample_is_sent_as_a_whole_message() -> None:
    sample = Sample("POST", "/a", "/a?b=1", (("Content-Type", "application/json"),), '{"c": "é"}')
    text = seeds.raw(sample, "http://127.0.0.1:80")
    head, _, body = text.partition("\r\n\r\n")
    assert head.splitlines() == [
        "POST http://127.0.0.1:80/a?b=1 HTTP/1.1",
        "Host: 127.0.0.1:80",
        "Content-Type: application/json",
        "Content-Length: 11",
    ]
    assert body == '{"c": "é"}'


@pytest.mark.parametrize(
    ("target", "options", "why"),
    [
        (None, {}, "no running application"),
        (Target(url="http://192.0.2.1", ready="/"), {}, "not on this machine"),
        (Target(url="http://127.0.0.1:1", ready="/"), {"mode": "api"}, "OpenAPI"),
    ],
)
def test_what_can_not_be_scanned_is_refused_before_zap_starts(
    target: Target | None, options: dict[str, object], why: str, workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    gate = Zap("zap", msgspec.convert({"home": "/nowhere", **options}, ZapOptions))
    with pytest.raises((NothingToScan, TargetFailed), match=why):
        gate.check(workspace(tmp_path, target=target))
