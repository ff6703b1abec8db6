"""A finding in SARIF's words: its rule, its result, and where it is."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from sdlc.model import EndpointLocation, Finding, Location, PackageLocation, Rule, Severity, SourceLocation
from sdlc.policy import Disposition, Ruling
from sdlc.run import Run
from sdlc_reports import sarif_format as sarif
from sdlc_reports.untrusted import block, line, visible, web_link

ROOT = "%SRCROOT%"
FINGERPRINT = "sdlc/v1"
LEVELS: dict[Severity, sarif.Level] = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0"}
"""GitHub's scale: above 9 critical, from 7 high, from 4 medium, above 0 low."""
MAX_TAGS = 20
"""GitHub refuses a rule with more."""
MAX_RELATED = 20
FALLBACK_FILE = "sdlc.toml"


def message(text: str) -> sarif.Message:
    """Untrusted text as a plain message: no embedded link (3.11.6), no placeholder (3.11.5)."""
    return sarif.Message(text=block(text).replace("](", "] (").replace("{", "{{").replace("}", "}}") or "(no text)")


def config_file(run: Run) -> str:
    """Name of the file that configured the run: where everything is put that is no line of code."""
    return PurePath(run.config).name or FALLBACK_FILE


def descriptors(findings: Sequence[Finding]) -> tuple[sarif.Descriptor, ...]:
    """The rules that the findings break, in the order of their first appearance."""
    worst: dict[str, Severity] = {}
    rules: dict[str, Rule] = {}
    for finding in findings:
        rules.setdefault(finding.rule.id, finding.rule)
        worst[finding.rule.id] = max(finding.severity, worst.get(finding.rule.id, finding.severity))
    return tuple(_descriptor(rule, worst[id]) for id, rule in rules.items())


def _descriptor(rule: Rule, severity: Severity) -> sarif.Descriptor:
    said = rule.description or rule.name or rule.id
    tags = ["security", *(f"external/cwe/cwe-{number:03}" for number in sorted(set(rule.cwe)))] if severity in SCORES else []
    properties: sarif.Properties = {"tags": tags[:MAX_TAGS]} if tags else {}
    if severity in SCORES:
        properties["security-severity"] = SCORES[severity]
    if rule.cwe:
        properties["cwe"] = rule.cwe
    return sarif.Descriptor(
        id=line(rule.id),
        name=line(rule.name) or None,
        short_description=message(line(rule.name or said)),
        full_description=message(said),
        help_uri=web_link(rule.help_uri) or None,
        default_configuration=sarif.Configuration(level=LEVELS[severity]),
        properties=properties,
    )


def result(run: Run, ruling: Ruling, findings: Sequence[Finding], rule_index: int) -> sarif.Result:
    """One defect as one tool reported it, by one gate or by several with the same words."""
    finding = findings[0]
    others = [other for other in ruling.problem.findings if other.tool != finding.tool]
    fix = f"\n\nFix: {finding.fix}" if finding.fix else ""
    return sarif.Result(
        rule_id=line(finding.rule.id),
        rule_index=rule_index,
        kind="fail",
        level=LEVELS[finding.severity],
        message=message(finding.message + fix),
        locations=(location(run, finding.location),),
        partial_fingerprints={FINGERPRINT: finding.fingerprint},
        suppressions=_suppressions(ruling),
        related_locations=tuple(_related(run, number, other) for number, other in enumerate(others[:MAX_RELATED], start=1)),
        web_request=_request(finding.location),
        properties=_properties(ruling, findings, others),
    )


def _suppressions(ruling: Ruling) -> tuple[sarif.Suppression, ...]:
    """Accepted ones alone: many readers take any suppression for a dismissal, whatever its status says."""
    justification = visible(ruling.because)
    if ruling.disposition is Disposition.WAIVED:
        return (sarif.Suppression(kind="external", status="accepted", justification=justification),)
    if ruling.disposition is Disposition.SUPPRESSED:
        return (sarif.Suppression(kind="inSource", status="accepted", justification=justification),)
    return ()


def _related(run: Run, number: int, other: Finding) -> sarif.Location:
    place = location(run, other.location)
    return sarif.Location(
        id=number,
        physical_location=place.physical_location,
        logical_locations=place.logical_locations,
        message=message(f"{other.tool} reports it too, as {other.rule.id}: {other.message}"),
    )


def _properties(ruling: Ruling, findings: Sequence[Finding], others: Sequence[Finding]) -> sarif.Properties:
    finding = findings[0]
    properties: sarif.Properties = {
        "severity": finding.severity.value,
        "problem": ruling.problem.fingerprint,
        "disposition": ruling.disposition.value,
        "because": block(ruling.because),
        "gates": _words(item.gate for item in findings),
        "alsoReportedBy": _words(other.tool for other in others),
        "proof": block(finding.proof),
        "aliases": _words(finding.aliases),
        "suppressionComment": block(finding.suppression),
    }
    if isinstance(finding.location, PackageLocation):
        properties["fixedIn"] = _words(finding.location.fixed_in)
    return {key: value for key, value in properties.items() if value}


def _words(texts: Iterable[str]) -> list[str]:
    return [line(text) for text in sorted(set(texts))]


def location(run: Run, where: Location) -> sarif.Location:
    """A place in the source tree; what has none is shown at the configuration, with its own place named beside it.

    GitHub's code scanning refuses a result without a file.
    """
    match where:
        case SourceLocation():
            return sarif.Location(physical_location=_source(where))
        case PackageLocation(name=name, version=version, manifest=manifest):
            file = manifest or config_file(run)
            return _file(file, f"{name}=={version}", "package", "the file that brings this dependency in")
        case EndpointLocation(method=method, url=url, parameter=parameter):
            name = f"{method} {url}" + (f" [{parameter}]" if parameter else "")
            return _file(config_file(run), name, "resource", "found in the running application, which this file configures")


def _source(where: SourceLocation) -> sarif.PhysicalLocation:
    region = sarif.Region(
        start_line=max(1, where.line),
        end_line=where.end_line if where.end_line >= max(1, where.line) else None,
        snippet=sarif.Message(text=block(where.snippet)) if where.snippet else None,
    )
    return sarif.PhysicalLocation(artifact_location=artifact(where.path), region=region)


def _file(path: str, name: str, kind: str, said: str) -> sarif.Location:
    return sarif.Location(
        physical_location=sarif.PhysicalLocation(artifact_location=artifact(path), region=sarif.Region(start_line=1)),
        logical_locations=(sarif.LogicalLocation(fully_qualified_name=block(name), kind=kind),),
        message=sarif.Message(text=said),
    )


def artifact(path: str, base: str = ROOT) -> sarif.ArtifactLocation:
    """A file by a relative URI below `base`."""
    return sarif.ArtifactLocation(uri=urllib.parse.quote(path.encode("utf-8", "surrogateescape")), uri_base_id=base)


def _request(where: Location) -> sarif.WebRequest | None:
    if not isinstance(where, EndpointLocation):
        return None
    return sarif.WebRequest(method=line(where.method), target=block(where.url))
