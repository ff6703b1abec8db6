"""When two findings are the same: fingerprints that survive line shifts, and one problem for what several tools saw."""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from sdlc.model import EndpointLocation, Finding, Frozen, Location, PackageLocation, Severity, SourceLocation

SIBLINGS: tuple[frozenset[int], ...] = (
    frozenset({77, 78, 88}),
    frozenset({89, 564, 943}),
    frozenset({79, 80, 83, 87}),
    frozenset({22, 23, 36, 73}),
    frozenset({94, 95, 96, 1336}),
    frozenset({326, 327, 328, 916}),
    frozenset({259, 321, 522, 798}),
    frozenset({295, 297, 599}),
)
"""Weaknesses that tools name by different numbers for the same line, each set close relatives in the CWE tree."""
_SPACE = re.compile(r"\s+")
_NUMBER_SEGMENT = re.compile(r"^(?:\d+|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,}){0,4})$")
SEPARATOR = "\x1f"


class Problem(Frozen, frozen=True):
    """One defect, with every finding that reports it."""

    fingerprint: str
    """The smallest of its findings' fingerprints."""
    severity: Severity
    """The highest that a tool gave it."""
    findings: tuple[Finding, ...]

    @property
    def gates(self) -> tuple[str, ...]:
        """The gates that reported it, sorted."""
        return tuple(sorted({finding.gate for finding in self.findings}))

    @property
    def first(self) -> Finding:
        """The most severe of its findings, to speak for it."""
        return self.findings[0]


def fingerprinted(findings: Iterable[Finding], gate: str) -> tuple[Finding, ...]:
    """The findings in a stable order, each with its gate and a fingerprint that no other has.

    Twins (same rule, same file, same text) are told apart by their order in the file.
    """
    seen: Counter[str] = Counter()
    marked = []
    for finding in sorted(findings, key=_order):
        key = _key(finding)
        fingerprint = _digest(key, str(seen[key]))
        seen[key] += 1
        marked.append(msgspec.structs.replace(finding, gate=gate, fingerprint=fingerprint))
    return tuple(marked)


def problems(findings: Sequence[Finding]) -> tuple[Problem, ...]:
    """Group the findings that report the same defect, the most severe first; none is dropped."""
    places: dict[str, list[list[Finding]]] = {}
    for finding in sorted(findings, key=_order):
        groups = places.setdefault(_neighbourhood(finding.location), [])
        home = next((group for group in groups if any(same(finding, other) for other in group)), None)
        if home is None:
            groups.append([finding])
        else:
            home.append(finding)
    found = [_problem(group) for groups in places.values() for group in groups]
    return tuple(sorted(found, key=lambda problem: (-problem.severity.rank, _order(problem.first))))


def same(one: Finding, other: Finding) -> bool:
    """Whether two findings report one defect: the same weakness at the same place, or the same advisory of a package."""
    match one.location, other.location:
        case SourceLocation() as a, SourceLocation() as b:
            return a.path == b.path and _overlap(a, b) and _same_weakness(one, other)
        case PackageLocation() as a, PackageLocation() as b:
            return (_package(a), a.version) == (_package(b), b.version) and bool(_advisories(one) & _advisories(other))
        case EndpointLocation() as a, EndpointLocation() as b:
            place = (route(a.url), a.parameter) == (route(b.url), b.parameter) and a.method.upper() == b.method.upper()
            return place and _same_weakness(one, other)
        case _:
            return False


def route(url: str) -> str:
    """The path of a URL, with numbers and long identifiers in it replaced, and without host and query."""
    path = urllib.parse.urlsplit(url).path or "/"
    return "/".join("{id}" if _NUMBER_SEGMENT.match(part) else part for part in path.split("/"))


def place(location: Location) -> str:
    """Where it is, in the words a person would search for."""
    match location:
        case SourceLocation():
            return f"{location.path}:{location.line}"
        case PackageLocation():
            return f"{location.name}=={location.version}" + (f" ({location.manifest})" if location.manifest else "")
        case EndpointLocation():
            return f"{location.method} {location.url}" + (f" [{location.parameter}]" if location.parameter else "")


def _neighbourhood(location: Location) -> str:
    """Findings in different neighbourhoods are never the same, so only neighbours are compared."""
    match location:
        case SourceLocation(path=path):
            return f"source {path}"
        case PackageLocation() as package:
            return f"package {_package(package)}"
        case EndpointLocation(url=url):
            return f"endpoint {route(url)}"


def _problem(group: list[Finding]) -> Problem:
    ordered = sorted(group, key=lambda finding: (-finding.severity.rank, _order(finding)))
    return Problem(
        fingerprint=min(finding.fingerprint for finding in group), severity=ordered[0].severity, findings=tuple(ordered)
    )


def _key(finding: Finding) -> str:
    match finding.location:
        case SourceLocation(path=path, snippet=snippet):
            where = (path, _SPACE.sub(" ", snippet).strip())
        case PackageLocation() as package:
            where = (_package(package), package.version)
        case EndpointLocation(method=method, url=url, parameter=parameter):
            where = (f"{method.upper()} {route(url)}", parameter)
    return SEPARATOR.join((finding.tool, finding.rule.id, *where))


def _order(finding: Finding) -> tuple[str, int, str, str, str, str]:
    location = finding.location
    line = location.line if isinstance(location, SourceLocation) else 0
    where = location.path if isinstance(location, SourceLocation) else place(location)
    return (where, line, finding.tool, finding.rule.id, finding.message, finding.gate)


def _digest(*parts: str) -> str:
    return hashlib.sha256(SEPARATOR.join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _overlap(a: SourceLocation, b: SourceLocation) -> bool:
    return a.line <= max(b.line, b.end_line) and b.line <= max(a.line, a.end_line)


def _same_weakness(one: Finding, other: Finding) -> bool:
    if not one.rule.cwe or not other.rule.cwe:
        return (one.tool, one.rule.id) == (other.tool, other.rule.id) and one.message == other.message
    return bool(_family(one) & _family(other))


def _family(finding: Finding) -> frozenset[int]:
    own = frozenset(finding.rule.cwe)
    return own.union(*(siblings for siblings in SIBLINGS if siblings & own))


def _advisories(finding: Finding) -> frozenset[str]:
    return frozenset({finding.rule.id, *finding.aliases})


def _package(location: PackageLocation) -> str:
    return re.sub(r"[-_.]+", "-", location.name).lower()
