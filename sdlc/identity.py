"""When two findings are the same: fingerprints that survive line shifts, and one problem for what several tools saw."""

from __future__ import annotations

import hashlib
import itertools
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
_NUMBER_SEGMENT = re.compile(r"[0-9]+|[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,}){0,4}")
MOST_COMPARED = 64


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
    def confirmed(self) -> bool:
        """Whether an attack on the running application and a look at its code both report it."""
        kinds = {type(finding.location) for finding in self.findings}
        return {EndpointLocation, SourceLocation} <= kinds

    @property
    def place(self) -> str:
        """Where it is; for a confirmed one the line of code, and the endpoint that was attacked."""
        kinds = (SourceLocation, EndpointLocation) if self.confirmed else (type(self.first.location),)
        found = (next(f.location for f in self.findings if isinstance(f.location, kind)) for kind in kinds)
        return ", confirmed at ".join(map(place, found))

    @property
    def first(self) -> Finding:
        """The most severe of its findings, to speak for it."""
        return self.findings[0]


def fingerprinted(findings: Iterable[Finding], gate: str) -> tuple[Finding, ...]:
    """The findings in a stable order, each with its gate and a fingerprint that no other has.

    Twins (same rule, same file, same text) are told apart by their order in the file.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    marked = []
    for finding in sorted(findings, key=_order):
        key = _key(finding)
        fingerprint = _digest(*key, str(seen[key]))
        seen[key] += 1
        marked.append(msgspec.structs.replace(finding, gate=gate, fingerprint=fingerprint))
    return tuple(marked)


def problems(findings: Sequence[Finding]) -> tuple[Problem, ...]:
    """Group the findings that report the same defect, the most severe first; none is dropped.

    Two that are linked by a third belong together, so the groups don't depend on the order of the findings.
    """
    ordered = sorted(findings, key=lambda finding: (_span(finding.location), _order(finding)))
    groups = Groups(len(ordered))
    furthest: dict[tuple[str | int, ...], tuple[int, int]] = {}
    for number, finding in enumerate(ordered):
        begin, end = _span(finding.location)
        for sign in _signs(finding):
            key = (*_neighbourhood(finding.location), *sign)
            reach, other = furthest.get(key, (end, number))
            if begin <= reach:
                groups.join(number, other)
            furthest[key] = max((reach, other), (end, number))
    for endpoint, source in _handled(ordered):
        groups.join(endpoint, source)
    found = [_problem([ordered[number] for number in group]) for group in groups.all()]
    return tuple(sorted(found, key=lambda problem: (-problem.severity.rank, _order(problem.first))))


class Groups:
    """Numbers that are joined two by two: disjoint sets."""

    def __init__(self, size: int) -> None:
        """Begin with every number below `size` alone."""
        self._parents = list(range(size))

    def join(self, one: int, other: int) -> None:
        """Unite the groups of two numbers."""
        self._parents[self._root(one)] = self._root(other)

    def all(self) -> Iterable[list[int]]:
        """The groups, each in the order of its numbers."""
        members: dict[int, list[int]] = {}
        for number in range(len(self._parents)):
            members.setdefault(self._root(number), []).append(number)
        return members.values()

    def _root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number


def same(one: Finding, other: Finding) -> bool:
    """Whether two findings report one defect: the same weakness at the same place, or the same advisory of a package."""
    if _reaches(one, other) or _reaches(other, one):
        return True
    (begin, end), (start, stop) = _span(one.location), _span(other.location)
    near = _neighbourhood(one.location) == _neighbourhood(other.location) and begin <= stop and start <= end
    return near and not _signs(one).isdisjoint(_signs(other))


def unanimous(problem: Problem) -> bool:
    """Whether all its findings report the same, two by two; False for a chain, and for more than is worth comparing."""
    distinct = {(_span(finding.location), _signs(finding)): finding for finding in problem.findings}
    if len(distinct) > MOST_COMPARED:
        return False
    return all(same(one, other) for one, other in itertools.combinations(distinct.values(), 2))


def route(url: str) -> str:
    """The path of a URL, with numbers and long identifiers in it replaced, and without host and query."""
    try:
        path = urllib.parse.urlsplit(url).path or "/"
    except ValueError:  # what a hostile page calls a URL need not be one
        return url
    return "/".join("{id}" if _NUMBER_SEGMENT.fullmatch(part) else part for part in path.split("/"))


def place(location: Location) -> str:
    """Where it is, in the words a person would search for."""
    match location:
        case SourceLocation():
            return f"{location.path}:{location.line}"
        case PackageLocation():
            return f"{location.name}=={location.version}" + (f" ({location.manifest})" if location.manifest else "")
        case EndpointLocation():
            return f"{location.method} {location.url}" + (f" [{location.parameter}]" if location.parameter else "")


def _handled(findings: Sequence[Finding]) -> Iterable[tuple[int, int]]:
    """The pairs of an attack that succeeded and the line that lets it, by their places in the list."""
    sources: dict[str, list[int]] = {}
    for number, finding in enumerate(findings):
        if isinstance(finding.location, SourceLocation):
            sources.setdefault(finding.location.path, []).append(number)
    for number, finding in enumerate(findings):
        if isinstance(finding.location, EndpointLocation):
            near = (source for path in {span.path for span in finding.location.code} for source in sources.get(path, ()))
            yield from ((number, source) for source in near if _reaches(finding, findings[source]))


def _reaches(attack: Finding, source: Finding) -> bool:
    """Whether the code behind the attacked endpoint holds the same weakness."""
    if not isinstance(attack.location, EndpointLocation) or not isinstance(source.location, SourceLocation):
        return False
    begin, end = _span(source.location)
    inside = any(
        span.path == source.location.path and span.line <= end and begin <= span.end_line for span in attack.location.code
    )
    return inside and not _weaknesses(attack).isdisjoint(_weaknesses(source))


def _neighbourhood(location: Location) -> tuple[str, ...]:
    """Findings in different neighbourhoods are never the same."""
    match location:
        case SourceLocation(path=path):
            return ("source", path)
        case PackageLocation() as package:
            return ("package", _package(package), package.version)
        case EndpointLocation() as endpoint:
            return ("endpoint", endpoint.method.upper(), route(endpoint.url), endpoint.parameter)


def _span(location: Location) -> tuple[int, int]:
    """The first and the last line; elsewhere than in source everything in a neighbourhood is at one place."""
    return (location.line, max(location.line, location.end_line)) if isinstance(location, SourceLocation) else (0, 0)


def _signs(finding: Finding) -> frozenset[tuple[str | int, ...]]:
    """What it is recognised by: findings at one place with a sign in common report one defect."""
    if isinstance(finding.location, PackageLocation):
        return frozenset(("advisory", name) for name in (finding.rule.id, *finding.aliases) if name)
    weaknesses = _weaknesses(finding)
    return frozenset({("rule", finding.tool, finding.rule.id, finding.message), *(("cwe", number) for number in weaknesses)})


def _weaknesses(finding: Finding) -> frozenset[int]:
    """The CWE numbers of a finding, with their close relatives."""
    own = frozenset(finding.rule.cwe)
    return own.union(*(siblings for siblings in SIBLINGS if siblings & own))


def _problem(group: list[Finding]) -> Problem:
    ordered = sorted(group, key=lambda finding: (-finding.severity.rank, _order(finding)))
    return Problem(
        fingerprint=min(finding.fingerprint for finding in group), severity=ordered[0].severity, findings=tuple(ordered)
    )


def _key(finding: Finding) -> tuple[str, ...]:
    match finding.location:
        case SourceLocation(path=path, snippet=snippet):
            return (finding.tool, finding.rule.id, path, _SPACE.sub(" ", snippet).strip())
        case location:
            return (finding.tool, finding.rule.id, *_neighbourhood(location)[1:])


def _order(finding: Finding) -> tuple[str | int, ...]:
    """Complete enough that two findings that differ in what a verdict rests on never change places."""
    location = finding.location
    line, end = _span(location)
    where = location.path if isinstance(location, SourceLocation) else place(location)
    names = (finding.tool, finding.rule.id, finding.message, finding.gate)
    return (where, line, *names, end, finding.severity.rank, finding.suppression, finding.fingerprint)


def _digest(*parts: str) -> str:
    """Each part is written with its length, so that none can take a piece of its neighbour."""
    written = b"".join(b"%d:%s" % (len(part), part) for part in (text.encode("utf-8", "surrogatepass") for text in parts))
    return hashlib.sha256(written).hexdigest()[:20]


def _package(location: PackageLocation) -> str:
    return re.sub(r"[-_.]+", "-", location.name).lower()
