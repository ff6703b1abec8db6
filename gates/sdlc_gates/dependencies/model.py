"""What was declared, and one place that decides what a requirement is worth."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sdlc.model import Frozen, Missing, SourceLocation

MAX_REQUIREMENT = 4096
MAX_DEPENDENCIES = 20_000
"""In one file with all it includes; far beyond any real one, and still little to report."""
SHOWN_CHARACTERS = 120
NOT_PINNED = "not pinned: what an installer chooses is known only when it does; lock it (uv pip compile), or set resolve = true"
ELSEWHERE = "taken from a URL, a path or a version control system: no advisory names what lies there"
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_PLAIN = re.compile(r"[A-Za-z0-9._-]+(\[[A-Za-z0-9._,-]+\])?[A-Za-z0-9.*+!<>=~,_-]*")


class Pin(Frozen, frozen=True):
    """A dependency in one version."""

    name: str
    """Canonical."""
    version: str
    manifest: str
    """The file that declares it, relative to the project."""

    @property
    def asked(self) -> tuple[str, str]:
        """Name and public version: what advisories are about. `1.0+cpu` is `1.0`, built by somebody."""
        return self.name, str(Version(Version(self.version).public))


class Loose(Frozen, frozen=True):
    """A dependency in a version that is open."""

    name: str
    """Canonical."""
    requirement: str
    """Name, extras and specifier, and no more: safe to give to an installer."""
    manifest: str

    @property
    def label(self) -> str:
        """The requirement and where it stands."""
        return f"{self.requirement} ({self.manifest})"

    def admits(self, version: str) -> bool:
        """Whether a pinned version is what it asks for."""
        return Requirement(self.requirement).specifier.contains(version, prereleases=True)


class Source(Frozen, frozen=True):
    """What one file declares, with all that it includes."""

    path: str
    pins: tuple[Pin, ...] = ()
    loose: tuple[Loose, ...] = ()
    constraints: tuple[str, ...] = ()
    """Requirements that limit a version without asking for the package."""
    missing: tuple[Missing, ...] = ()
    """Declared, and can't be judged."""
    excluded: tuple[Missing, ...] = ()
    """Part of the project itself, or not for this interpreter."""
    asides: tuple[SourceLocation, ...] = ()
    """Lines that send an installer to another index."""
    folders: tuple[str, ...] = ()
    """Folders of the project that it asks to install."""
    accounted: tuple[str, ...] = ()
    """Canonical names that it lists without a pin, each named in `missing` or `excluded`."""
    closed: bool = False
    """Whether nothing else can get installed: a lock file, or hashes on everything."""
    lock: bool = False
    computed: str = ""
    """Why its declarations are known only to who runs it; empty when they aren't."""


class Declared(Frozen, frozen=True):
    """Everything that was found."""

    sources: tuple[Source, ...] = ()
    unread: tuple[Missing, ...] = ()
    """Files that declare dependencies, and could not be read."""
    notes: tuple[str, ...] = ()


class Unreadable(Exception):
    """A file can't be read; the message says why."""


@dataclass
class Gathering:
    """Collects what one file declares."""

    path: str
    pins: list[Pin] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    missing: list[Missing] = field(default_factory=list)
    excluded: list[Missing] = field(default_factory=list)
    asides: list[SourceLocation] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    accounted: list[str] = field(default_factory=list)

    def source(self, *, closed: bool = False, lock: bool = False, computed: str = "") -> Source:
        """All of it."""
        loose = [item for item in self.loose if not self._settled(item)]
        return Source(
            path=self.path,
            pins=tuple(dict.fromkeys(self.pins)),
            loose=tuple(dict.fromkeys(loose)),
            constraints=tuple(dict.fromkeys(self.constraints)),
            missing=tuple(dict.fromkeys(self.missing)),
            excluded=tuple(dict.fromkeys(self.excluded)),
            asides=tuple(self.asides),
            folders=tuple(dict.fromkeys(self.folders)),
            accounted=tuple(dict.fromkeys(self.accounted)),
            closed=closed,
            lock=lock,
            computed=computed,
        )

    def _settled(self, item: Loose) -> bool:
        return any(pin.name == item.name and item.admits(pin.version) for pin in self.pins)

    def require(self, text: str, manifest: str = "") -> None:
        """Sort one requirement, in the words of the dependency specifiers standard, into where it belongs.

        Raises `Unreadable` when there are more than any project has.
        """
        manifest = manifest or self.path
        requirement = self._requirement(text, manifest)
        if requirement is None:
            return
        if requirement.url:
            self.lack(text, ELSEWHERE, manifest)
            self.accounted.append(canonicalize_name(requirement.name))
        elif exact := _exact(requirement.specifier):
            self.pin(requirement.name, exact, manifest)
        elif not _holds(requirement):
            reason = f"not for this interpreter: {requirement.marker}"
            self.excluded.append(Missing(item=shown(requirement.name), reason=reason))
        else:
            self._open(requirement, manifest)

    def constrain(self, text: str, manifest: str) -> None:
        """Take a line of a constraints file: a pin counts as declared, since it is what would be installed."""
        requirement = self._requirement(text, manifest)
        if requirement is None:
            return
        if not requirement.url and (exact := _exact(requirement.specifier)):
            self.pin(requirement.name, exact, manifest)
        elif requirement.url or not _PLAIN.fullmatch(_bare(requirement)):
            self.lack(text, ELSEWHERE, manifest)
        elif _holds(requirement):
            self.constraints.append(_bare(requirement))

    def pin(self, name: str, version: str, manifest: str = "") -> None:
        """Take a dependency in one version."""
        manifest = manifest or self.path
        try:
            exact = str(Version(version))
            canonical = canonicalize_name(name, validate=True)
        except (InvalidVersion, ValueError):
            self.lack(f"{name}=={version}", "its name or version is none that an index could know", manifest)
            return
        self.pins.append(Pin(name=canonical, version=exact, manifest=manifest))
        self._bounded()

    def lack(self, item: str, reason: str, manifest: str = "") -> None:
        """Name something declared that can't be judged."""
        self.missing.append(Missing(item=f"{shown(item)} ({manifest or self.path})", reason=reason))
        self._bounded()

    def foreign(self, name: str) -> None:
        """Name a package of a lock file that comes from no index."""
        self.lack(name, ELSEWHERE)
        self.accounted.append(canonicalize_name(name))

    def leave(self, name: str, reason: str) -> None:
        """Name something that a lock file lists and that is part of the project itself."""
        self.excluded.append(Missing(item=shown(name), reason=reason))
        self.accounted.append(canonicalize_name(name))

    def _open(self, requirement: Requirement, manifest: str) -> None:
        bare = _bare(requirement)
        if _PLAIN.fullmatch(bare):
            self.loose.append(Loose(name=canonicalize_name(requirement.name), requirement=bare, manifest=manifest))
            self._bounded()
        else:
            self.lack(bare, NOT_PINNED, manifest)

    def _bounded(self) -> None:
        if len(self.pins) + len(self.loose) + len(self.missing) > MAX_DEPENDENCIES:
            raise Unreadable(f"it declares more than {MAX_DEPENDENCIES} dependencies")

    def _requirement(self, text: str, manifest: str) -> Requirement | None:
        if len(text) > MAX_REQUIREMENT:
            self.lack(text, "longer than a requirement is", manifest)
            return None
        try:
            return Requirement(text)
        except (InvalidRequirement, RecursionError):
            self.lack(text, "not a requirement that names a package and its version", manifest)
            return None


def shown(text: str) -> str:
    """Untrusted text for a report: short, on one line, without passwords in URLs."""
    plain = " ".join(_CREDENTIALS.sub("//***@", text[: 4 * SHOWN_CHARACTERS]).split())
    return plain if len(plain) <= SHOWN_CHARACTERS else plain[: SHOWN_CHARACTERS - 1] + "…"


def _exact(specifiers: SpecifierSet) -> str:
    """The one version that the specifiers name; empty when they leave a choice."""
    named = {spec.version for spec in specifiers if spec.operator in ("==", "===") and not spec.version.endswith(".*")}
    return named.pop() if len(named) == 1 else ""


def _bare(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _holds(requirement: Requirement) -> bool:
    """Whether the marker, if there is one, holds here; one that can't be evaluated does."""
    try:
        return requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    except (ValueError, TypeError):
        return True
