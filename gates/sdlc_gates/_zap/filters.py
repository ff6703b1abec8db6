"""What the configuration makes of findings: of another severity, or none here. Each is shown all the same. Pure."""

from __future__ import annotations

import fnmatch
import urllib.parse
from collections.abc import Sequence

import msgspec

from sdlc.model import EndpointLocation, Finding, Severity
from sdlc_gates._zap.options import Filter


def applied(findings: Sequence[Finding], filters: Sequence[Filter]) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings as the first filter that matches each leaves them, and a note for each filter on what it did."""
    counts = dict.fromkeys(range(len(filters)), 0)
    changed = []
    for finding in findings:
        number = next((number for number, one in enumerate(filters) if _matches(one, finding)), None)
        if number is None:
            changed.append(finding)
        else:
            counts[number] += 1
            changed.append(_changed(filters[number], finding))
    notes = tuple(
        f"{times} findings of {filters[number].rule} at {filters[number].path} are {filters[number].risk} by configuration: "
        f"{filters[number].reason}"
        for number, times in counts.items()
    )
    return tuple(changed), notes


def _matches(one: Filter, finding: Finding) -> bool:
    place = finding.location
    if not isinstance(place, EndpointLocation):
        return False
    try:
        path = urllib.parse.unquote(urllib.parse.urlsplit(place.url).path) or "/"
    except ValueError:  # no filter is meant for what is no address
        return False
    return (
        (finding.rule.id == one.rule or finding.rule.id.startswith(f"{one.rule}-"))
        and fnmatch.fnmatchcase(path, one.path)
        and fnmatch.fnmatchcase(place.parameter, one.parameter)
    )


def _changed(one: Filter, finding: Finding) -> Finding:
    if one.risk == "false-positive":
        return msgspec.structs.replace(finding, suppression=f"filtered by configuration: {one.reason}")
    told = f"severity: {one.risk} by configuration, {finding.severity.value} by ZAP: {one.reason}"
    proof = f"{finding.proof}\n{told}".strip()
    return msgspec.structs.replace(finding, severity=Severity(one.risk), proof=proof)
