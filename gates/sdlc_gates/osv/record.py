"""One OSV record, and whether it speaks of a version. Schema 1.x: https://ossf.github.io/osv-schema/."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sdlc_gates.osv import severity

ECOSYSTEM = "PyPI"
SUMMARY_CHARACTERS = 300
# SEMVER isn't PyPI's, but its versions are ordered the same way; ignoring such a range would hide an advisory.
ORDERED = ("ECOSYSTEM", "SEMVER")
FIRST = Version("0.dev0")
ORDER_OF_EVENTS = ("fixed", "last_affected", "introduced")


class Package(msgspec.Struct):
    """The package that an advisory is about."""

    ecosystem: str
    name: str


class Range(msgspec.Struct):
    """Events on the line of versions, in any order."""

    type: str
    events: list[dict[str, str]] = []


class Score(msgspec.Struct):
    """A rating in one of the CVSS versions."""

    type: str
    score: str


class Affected(msgspec.Struct):
    """Versions of one package that an advisory names."""

    package: Package | None = None
    versions: list[str] | None = None
    ranges: list[Range] | None = None
    severity: list[Score] | None = None


class Record(msgspec.Struct):
    """An advisory; what isn't read here is ignored."""

    id: str
    modified: datetime.datetime
    schema_version: str = "1.0.0"
    withdrawn: str | None = None
    summary: str | None = None
    details: str | None = None
    aliases: list[str] | None = None
    affected: list[Affected] | None = None
    severity: list[Score] | None = None
    database_specific: Any = None

    @property
    def changed(self) -> datetime.datetime:
        """When it was last modified, in UTC."""
        return self.modified if self.modified.tzinfo else self.modified.replace(tzinfo=datetime.UTC)

    def about(self) -> dict[str, list[Affected]]:
        """What it says of each package on PyPI, by canonical name."""
        named: dict[str, list[Affected]] = {}
        for affected in self.affected or ():
            if affected.package and affected.package.ecosystem.partition(":")[0] == ECOSYSTEM:
                named.setdefault(canonicalize_name(affected.package.name), []).append(affected)
        return named


class Advice(msgspec.Struct, frozen=True):
    """What an advisory says of one package and version, with nothing in it that a reader could trip over."""

    id: str
    aliases: tuple[str, ...]
    summary: str
    severity: str
    because: str
    cwe: tuple[int, ...]
    fixed: tuple[str, ...]


def advice(record: Record, entries: list[Affected], version: Version) -> Advice | None:
    """What `record` says, in `entries` about one package, of `version`; None when it isn't affected."""
    if not any(affects(entry, version) for entry in entries):
        return None
    given = [record.severity or [], *(entry.severity or [] for entry in entries)]
    scores = [(score.type, score.score) for ratings in given for score in ratings]
    specific = record.database_specific if isinstance(record.database_specific, dict) else {}
    rated, because = severity.of(scores, str(specific.get("severity", "")), record.id)
    return Advice(
        id=record.id,
        aliases=tuple(record.aliases or ()),
        summary=" ".join((record.summary or record.details or "").split())[:SUMMARY_CHARACTERS],
        severity=rated.value,
        because=because,
        cwe=_weaknesses(specific.get("cwe_ids")),
        fixed=tuple(map(str, sorted(_fixes(entries)))),
    )


def affects(entry: Affected, version: Version) -> bool:
    """Whether the entry names the version, in its list or in a range.

    A local version (`1.0+cpu`) is its public version too. An entry that names no version at all means every one.
    """
    ranges = [span for span in entry.ranges or () if span.type in ORDERED]
    if not entry.versions and not ranges:
        return True
    public = Version(version.public)
    listed = {found for text in entry.versions or () if (found := _version(text))}
    return bool(listed & {version, public}) or any(_within(span, public) for span in ranges)


def _within(span: Range, version: Version) -> bool:
    """Walk the events up to the version; one that can't be placed never ends what an earlier one began."""
    events = _events(span)
    inside = not any(kind == "introduced" for _, kind in events)
    for place, kind in events:
        if kind == "introduced":
            inside = inside or version >= place
        elif version > place or (kind == "fixed" and version == place):
            inside = False
    return inside


def _events(span: Range) -> list[tuple[Version, str]]:
    """The events in the order of their versions, and at one version those that end a range before those that begin one."""
    found = []
    for kind, text in (pair for event in span.events for pair in event.items()):
        place = FIRST if kind == "introduced" and text == "0" else _version(text)
        if kind == "introduced":
            found.append((place or FIRST, kind))
        elif kind in ORDER_OF_EVENTS and place:
            found.append((place, kind))
    return sorted(found, key=lambda event: (event[0], ORDER_OF_EVENTS.index(event[1])))


def _fixes(entries: list[Affected]) -> set[Version]:
    events = [event for entry in entries for span in entry.ranges or () if span.type in ORDERED for event in span.events]
    return {found for event in events if (found := _version(event.get("fixed", "")))}


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _weaknesses(given: object) -> tuple[int, ...]:
    words = given if isinstance(given, list) else []
    numbers = [word.removeprefix("CWE-") for word in words if isinstance(word, str)]
    return tuple(int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) < 6)
