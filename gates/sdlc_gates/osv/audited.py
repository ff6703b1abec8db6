"""What pip-audit 2.10 reports, compared with what it was asked and with what the database on disk answered it."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from packaging.version import InvalidVersion, Version

from sdlc.errors import OutputInvalid
from sdlc.model import Coverage, Finding, Missing, PackageLocation, Rule, Severity
from sdlc_gates.dependencies.model import Pin
from sdlc_gates.osv import severity
from sdlc_gates.osv.record import SUMMARY_CHARACTERS, Advice

UNRATED = "pip-audit passes on no severity from this service: counted as high"
Key = tuple[str, str]
"""Canonical name and public version."""


class Vulnerability(msgspec.Struct):
    """An advisory in pip-audit's report."""

    id: str
    fix_versions: list[str]
    aliases: list[str]
    description: str


class Dependency(msgspec.Struct):
    """A package in pip-audit's report: audited, or skipped for a reason."""

    name: str
    version: str = ""
    skip_reason: str = ""
    vulns: list[Vulnerability] | None = None


class Report(msgspec.Struct):
    """What `pip-audit --format json --desc on --aliases on` writes."""

    dependencies: list[Dependency]
    fixes: list[Any]


@dataclass(frozen=True)
class Audit:
    """Everything that there is to judge by."""

    pins: Mapping[Key, Pin]
    """What pip-audit was asked about."""
    reports: Sequence[Report]
    served: Mapping[Key, Sequence[Advice]] | None = None
    """What the database on disk answered; None where a service on the network was asked."""


def findings(audit: Audit) -> tuple[Finding, ...]:
    """One for each advisory and package; raises `OutputInvalid` on one that nobody could have told pip-audit.

    Two records of one advisory that name each other as aliases are reported by pip-audit as the same id twice.
    """
    told: dict[tuple[Key, str], list[Vulnerability]] = {}
    for dependency in (dependency for report in audit.reports for dependency in report.dependencies):
        for vulnerability in dependency.vulns or ():
            told.setdefault(((dependency.name, dependency.version), vulnerability.id), []).append(vulnerability)
    return tuple(_finding(audit, key, _joined(same)) for (key, _), same in told.items())


def _joined(same: Sequence[Vulnerability]) -> Vulnerability:
    return Vulnerability(
        id=same[0].id,
        fix_versions=[version for one in same for version in one.fix_versions],
        aliases=[alias for one in same for alias in one.aliases],
        description=same[-1].description,
    )


def coverage(audit: Audit, lacking: Sequence[Missing], excluded: Sequence[Missing]) -> Coverage:
    """The dependencies that were audited, of those and of what is `lacking` already; each that wasn't, by name."""
    reported = {key: why for report in audit.reports for key, why in _reported(report, audit.pins)}
    faults = {key: _fault(audit, key, reported) for key in audit.pins}
    unaudited = [Missing(item=_label(audit.pins[key]), reason=reason) for key, reason in faults.items() if reason]
    missing = (*dict.fromkeys(lacking), *unaudited)
    measured = len(audit.pins) - len(unaudited)
    return Coverage(
        what="dependencies",
        measured=measured,
        expected=measured + len(missing),
        missing=missing,
        excluded=tuple(dict.fromkeys(excluded)),
    )


def layers(pins: Mapping[Key, Pin]) -> list[list[Key]]:
    """The pins, cut so that no package is twice in one layer: pip-audit refuses two versions in one file."""
    cut: list[list[Key]] = []
    depth: dict[str, int] = {}
    for key in sorted(pins):
        layer = depth[key[0]] = depth.get(key[0], -1) + 1
        cut.extend([] for _ in range(layer + 1 - len(cut)))
        cut[layer].append(key)
    return cut


def _reported(report: Report, pins: Mapping[Key, Pin]) -> list[tuple[Key, str]]:
    """What a report accounts for, with the reason where a package was skipped (which has no version then)."""
    found: list[tuple[Key, str]] = []
    for dependency in report.dependencies:
        if dependency.skip_reason:
            found += [(key, f"pip-audit skipped it: {dependency.skip_reason}") for key in pins if key[0] == dependency.name]
        elif not dependency.version or dependency.vulns is None:
            raise OutputInvalid(f"pip-audit says neither what it found for {dependency.name!r} nor why it skipped it")
        elif (dependency.name, dependency.version) not in pins:
            raise OutputInvalid(f"pip-audit reports {dependency.name} {dependency.version}, which it was not asked about")
        else:
            found.append(((dependency.name, dependency.version), ""))
    return found


def _fault(audit: Audit, key: Key, reported: Mapping[Key, str]) -> str:
    """Why a pin does not count as audited; empty when it does."""
    if key not in reported:
        return "pip-audit did not report on it"
    if reported[key] or audit.served is None:
        return reported[key]
    if key not in audit.served:
        return "pip-audit reported on it without asking the advisory database"
    told = _ids(audit.reports, key)
    unheard = [said.id for said in audit.served[key] if not told & {said.id, *said.aliases}]
    return f"pip-audit left out what the database holds against it: {', '.join(unheard)}" if unheard else ""


def _ids(reports: Sequence[Report], key: Key) -> set[str]:
    named = [d for report in reports for d in report.dependencies if (d.name, d.version) == key]
    return {id for dependency in named for vuln in dependency.vulns or () for id in (vuln.id, *vuln.aliases)}


def _finding(audit: Audit, key: Key, vulnerability: Vulnerability) -> Finding:
    if key not in audit.pins:
        raise OutputInvalid(f"pip-audit reports {key[0]} {key[1]}, which it was not asked about")
    pin, ids = audit.pins[key], {vulnerability.id, *vulnerability.aliases}
    known = [said for said in (audit.served or {}).get(key, ()) if ids & {said.id, *said.aliases}]
    if audit.served is not None and not known:
        raise OutputInvalid(f"pip-audit reports {vulnerability.id} for {key[0]}, which the database did not answer")
    rated, because = _severity(vulnerability.id, known)
    fixes = _later(vulnerability.fix_versions, key[1])
    summary = " ".join(vulnerability.description.split())[:SUMMARY_CHARACTERS]
    return Finding(
        tool="pip-audit",
        rule=Rule(
            id=vulnerability.id,
            help_uri=f"https://osv.dev/vulnerability/{urllib.parse.quote(vulnerability.id, safe='')}",
            cwe=tuple(dict.fromkeys(number for said in known for number in said.cwe)),
        ),
        severity=rated,
        message=f"{key[0]} {pin.version}: {summary}" + (f" ({because})" if because else ""),
        location=PackageLocation(name=key[0], version=pin.version, manifest=pin.manifest, fixed_in=fixes),
        fix=f"upgrade {key[0]} to >= {fixes[0]}" if fixes else f"no fixed version is known: replace or remove {key[0]}",
        aliases=tuple(sorted(ids - {vulnerability.id})),
    )


def _severity(id: str, known: Sequence[Advice]) -> tuple[Severity, str]:
    """The highest that any record of the advisory gives; one that only guesses yields to one that rates."""
    if not known:
        rated, because = severity.of((), "", id)
        return rated, because if id.startswith(severity.MALICIOUS) else UNRATED
    ratings = [(Severity(said.severity), said.because) for said in known]
    certain = [rating for rating in ratings if not rating[1] or rating[0] is Severity.CRITICAL]
    return max(certain or ratings, key=lambda rating: rating[0])


def _later(versions: Sequence[str], current: str) -> tuple[str, ...]:
    try:
        found = sorted({Version(version) for version in versions})
    except InvalidVersion as error:
        raise OutputInvalid(f"pip-audit names a version that is none: {error}") from error
    return tuple(str(version) for version in found if version > Version(current))


def _label(pin: Pin) -> str:
    return f"{pin.name}=={pin.version} ({pin.manifest})"
