"""What pip-audit reports, compared with what it was asked."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates.dependencies.model import Declared, Loose, Pin, Source
from sdlc_gates.osv.audited import Audit, Key, Report, coverage, findings, layers
from sdlc_gates.osv.record import Advice
from sdlc_gates.osv.server import Served
from sdlc_gates.pip_audit import PipAuditOptions, asked, too_old, without_internal

from sdlc.errors import OutputInvalid
from sdlc.gate import decode
from sdlc.model import Missing, PackageLocation, Severity

REPORTS = Path(__file__).parents[2] / "data" / "pip-audit" / "reports"
PINS = {
    ("jinja2", "2.10"): Pin(name="jinja2", version="2.10", manifest="requirements.txt"),
    ("requests", "2.32.0"): Pin(name="requests", version="2.32.0", manifest="requirements.txt"),
}
SERVED = {
    (answer.name, answer.version): answer.advice
    for answer in (decode(line, Served) for line in (REPORTS / "answers.jsonl").read_bytes().splitlines())
}
VULNERABLE = (REPORTS / "vulnerable.json").read_bytes()


def audit(content: bytes | dict[str, Any] = VULNERABLE, *, online: bool = False, pins: dict[Key, Pin] = PINS) -> Audit:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return Audit(pins=pins, reports=[decode(raw, Report)], served=None if online else SERVED)


def lacking(given: Audit) -> list[tuple[str, str]]:
    return [(missing.item, missing.reason) for missing in coverage(given, (), ()).missing]


def test_one_advisory_that_two_records_tell_is_one_finding() -> None:
    (finding,) = findings(audit())
    assert finding.rule.id == "PYSEC-2019-217"
    assert finding.aliases == ("CVE-2019-10906", "GHSA-462w-v97r-4m45")
    # One record rates it; that the other one doesn't must not show.
    assert (finding.severity, finding.message) == (
        Severity.HIGH,
        "jinja2 2.10: The sandbox can be left through str.format_map",
    )
    assert finding.location == PackageLocation(name="jinja2", version="2.10", manifest="requirements.txt", fixed_in=("2.10.1",))
    assert finding.fix == "upgrade jinja2 to >= 2.10.1"
    assert coverage(audit(), (), ()).measured == 2


def test_a_service_that_passes_on_no_severity_gives_high_and_says_so() -> None:
    (finding,) = findings(audit(online=True))
    assert finding.severity is Severity.HIGH
    assert "passes on no severity" in finding.message


def test_packages_that_the_service_does_not_know_are_missing() -> None:
    given = audit((REPORTS / "skipped.json").read_bytes(), online=True)
    assert findings(given) == ()
    assert coverage(given, (), ()).measured == 0
    assert [item for item, _ in lacking(given)] == ["jinja2==2.10 (requirements.txt)", "requests==2.32.0 (requirements.txt)"]
    assert "not found on PyPI" in lacking(given)[0][1]


def test_a_package_that_is_not_in_the_report_is_missing() -> None:
    given = audit({"dependencies": [{"name": "requests", "version": "2.32.0", "vulns": []}], "fixes": []})
    assert lacking(given) == [("jinja2==2.10 (requirements.txt)", "pip-audit did not report on it")]


def test_a_package_that_was_reported_on_without_asking_is_missing() -> None:
    given = Audit(pins=PINS, reports=[decode(VULNERABLE, Report)], served={("jinja2", "2.10"): SERVED["jinja2", "2.10"]})
    assert [reason for _, reason in lacking(given)] == ["pip-audit reported on it without asking the advisory database"]


def test_an_advisory_that_got_lost_on_the_way_is_missing() -> None:
    clean = [{"name": "jinja2", "version": "2.10", "vulns": []}, {"name": "requests", "version": "2.32.0", "vulns": []}]
    given = audit({"dependencies": clean, "fixes": []})
    assert [reason.partition(": ")[2] for _, reason in lacking(given)] == ["GHSA-462w-v97r-4m45, PYSEC-2019-217"]


@pytest.mark.parametrize(
    "dependency",
    [
        {"name": "jinja2"},
        {"name": "jinja2", "version": "2.10"},
        {"name": "jinja2", "vulns": []},
        {"name": "jinja2", "version": "2.11", "vulns": []},
        {"name": "flask", "version": "2.0", "vulns": []},
        {"name": "requests", "version": "2.32.0", "vulns": [{"id": "X", "fix_versions": [], "aliases": [], "description": ""}]},
        {
            "name": "jinja2",
            "version": "2.10",
            "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["x y"], "aliases": [], "description": ""}],
        },
    ],
)
def test_a_report_about_something_else_is_invalid(dependency: dict[str, Any]) -> None:
    given = audit({"dependencies": [dependency], "fixes": []})
    with pytest.raises(OutputInvalid):  # noqa: PT012
        findings(given)
        coverage(given, (), ())


def test_a_report_cut_anywhere_is_invalid() -> None:
    for end in range(len(VULNERABLE.rstrip())):
        with pytest.raises(OutputInvalid):
            audit(VULNERABLE[:end])


@pytest.mark.parametrize("field", ["dependencies", "fixes"])
def test_a_report_without_one_of_its_fields_is_invalid(field: str) -> None:
    report = json.loads(VULNERABLE)
    del report[field]
    with pytest.raises(OutputInvalid):
        audit(report)


@pytest.mark.parametrize("field", ["id", "fix_versions", "aliases", "description"])
def test_a_vulnerability_without_one_of_its_fields_is_invalid(field: str) -> None:
    report = json.loads(VULNERABLE)
    del report["dependencies"][0]["vulns"][0][field]
    with pytest.raises(OutputInvalid):
        audit(report)


def test_a_malicious_package_is_critical_whoever_says_so() -> None:
    malicious = {"id": "MAL-2024-1", "fix_versions": [], "aliases": [], "description": "steals"}
    report = {"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": [malicious]}], "fixes": []}
    (finding,) = findings(audit(report, online=True))
    assert finding.severity is Severity.CRITICAL
    assert finding.fix == "no fixed version is known: replace or remove jinja2"


def test_only_later_versions_are_named_as_fixes_and_the_nearest_as_the_one_to_take() -> None:
    told = {"id": "X-1", "fix_versions": ["4.0", "2.9", "3.1", "2.10"], "aliases": [], "description": "d"}
    report = {"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": [told]}], "fixes": []}
    (finding,) = findings(audit(report, online=True))
    assert isinstance(finding.location, PackageLocation)
    assert finding.location.fixed_in == ("3.1", "4.0")
    assert finding.fix == "upgrade jinja2 to >= 3.1"


def test_ids_from_a_database_cannot_leave_the_address_of_their_page() -> None:
    told = {"id": "../evil?x#<script>", "fix_versions": [], "aliases": [], "description": "d"}
    report = {"dependencies": [{"name": "jinja2", "version": "2.10", "vulns": [told]}], "fixes": []}
    (finding,) = findings(audit(report, online=True))
    assert finding.rule.help_uri == "https://osv.dev/vulnerability/..%2Fevil%3Fx%23%3Cscript%3E"


def test_two_versions_of_a_package_are_asked_about_one_after_the_other() -> None:
    keys: Sequence[Key] = [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("b", "2"), ("c", "1")]
    cut = layers({key: Pin(name=key[0], version=key[1], manifest="r.txt") for key in keys})
    assert cut == [[("a", "1"), ("b", "1"), ("c", "1")], [("a", "2"), ("b", "2")], [("a", "3")]]
    assert layers({}) == []


def test_what_is_lacking_or_left_out_already_is_counted_once() -> None:
    gone = Missing(item="x", reason="y")
    counted = coverage(audit(), [gone, gone], [gone, gone])
    assert (counted.measured, counted.expected, counted.missing, counted.excluded) == (2, 3, (gone,), (gone,))


def test_a_local_version_is_asked_about_as_the_public_one_and_shown_as_declared() -> None:
    source = Source(path="r.txt", pins=(Pin(name="torch", version="2.1.0+cpu", manifest="r.txt"),))
    pins = asked(Declared(sources=(source,)))
    assert list(pins) == [("torch", "2.1.0")]
    advice = Advice(id="X-1", aliases=(), summary="s", severity="low", because="", cwe=(1,), fixed=())
    told = {"id": "X-1", "fix_versions": ["2.2"], "aliases": [], "description": "s"}
    report = msgspec.convert({"dependencies": [{"name": "torch", "version": "2.1.0", "vulns": [told]}], "fixes": []}, Report)
    (finding,) = findings(Audit(pins=pins, reports=[report], served={("torch", "2.1.0"): [advice]}))
    assert isinstance(finding.location, PackageLocation)
    assert (finding.location.version, finding.severity, finding.rule.cwe) == ("2.1.0+cpu", Severity.LOW, (1,))


def test_internal_packages_are_left_out_by_name_and_shown() -> None:
    source = Source(
        path="r.txt",
        pins=(Pin(name="our-lib", version="1", manifest="r.txt"), Pin(name="a", version="1", manifest="r.txt")),
        loose=(Loose(name="our-tool", requirement="our-tool", manifest="r.txt"),),
    )
    found, left_out = without_internal(Declared(sources=(source,)), ("our-*",))
    assert [pin.name for pin in found.sources[0].pins] == ["a"]
    assert found.sources[0].loose == ()
    assert [item.item for item in left_out] == ["our-lib", "our-tool"]


NOW = datetime.datetime(2026, 6, 10, 12, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("age", "limit", "complaint"),
    [
        (datetime.timedelta(days=1), "7 d", ""),
        (datetime.timedelta(days=7), "7 d", ""),
        (datetime.timedelta(days=7, seconds=1), "7 d", "7 days old; at most 7 d"),
        (datetime.timedelta(days=600), "7 d", "600 days old"),
        (datetime.timedelta(hours=2), "1 h", "at most 1 h"),
        (-datetime.timedelta(hours=23), "7 d", ""),
        (-datetime.timedelta(days=2), "7 d", "lies ahead"),
    ],
)
def test_the_newest_advisory_tells_the_age_of_a_database(age: datetime.timedelta, limit: str, complaint: str) -> None:
    said = too_old(NOW - age, NOW, limit)
    assert complaint in said
    assert bool(said) == bool(complaint)


@pytest.mark.parametrize(
    "options",
    [
        {"max_age": "a week"},
        {"max_age": "-1 d"},
        {"service": "osv", "advisories": "db"},
        {"service": "npm"},
        {"requirement": ["requirements.txt"]},
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, PipAuditOptions)
