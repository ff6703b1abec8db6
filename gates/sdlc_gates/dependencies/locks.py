"""Lock files: uv.lock 1, poetry.lock 1 and 2, pdm.lock 4, Pipfile.lock 6, pylock.toml 1 (PEP 751).

Every package of a lock is taken, for whatever platform, group or extra it is: what isn't installed here is elsewhere.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from sdlc_gates.dependencies.model import Gathering, Source, Unreadable

OWN = "a part of this project"
# A dotted key costs its reader the square of its length.
MAX_TOML_LINE = 16 << 10
T = TypeVar("T")


class UvPackage(msgspec.Struct):
    """A package in uv.lock."""

    name: str
    source: dict[str, Any]
    version: str = ""


class UvLock(msgspec.Struct):
    """What is read of uv.lock."""

    version: int
    package: list[UvPackage]


class PoetrySource(msgspec.Struct):
    """Where a package of poetry.lock comes from, if not from PyPI."""

    type: str
    url: str = ""


class PoetryPackage(msgspec.Struct):
    """A package in poetry.lock."""

    name: str
    version: str
    source: PoetrySource | None = None


class PoetryMetadata(msgspec.Struct, rename="kebab"):
    """The part of poetry.lock that names its format."""

    lock_version: str


class PoetryLock(msgspec.Struct):
    """What is read of poetry.lock."""

    metadata: PoetryMetadata
    package: list[PoetryPackage]


class PdmPackage(msgspec.Struct):
    """A package in pdm.lock."""

    name: str
    version: str = ""
    git: str = ""
    url: str = ""
    path: str = ""
    editable: bool = False


class PdmMetadata(msgspec.Struct):
    """The part of pdm.lock that names its format."""

    lock_version: str


class PdmLock(msgspec.Struct):
    """What is read of pdm.lock."""

    metadata: PdmMetadata
    package: list[PdmPackage]


class PylockPackage(msgspec.Struct):
    """A package in pylock.toml."""

    name: str
    version: str = ""
    vcs: dict[str, Any] | None = None
    directory: dict[str, Any] | None = None
    archive: dict[str, Any] | None = None


class Pylock(msgspec.Struct, rename="kebab"):
    """What is read of pylock.toml."""

    lock_version: str
    packages: list[PylockPackage]


class PipfilePackage(msgspec.Struct):
    """A package in Pipfile.lock."""

    version: str = ""
    git: str = ""
    path: str = ""
    file: str = ""
    editable: bool = False


class PipfileMeta(msgspec.Struct, rename="kebab"):
    """The part of Pipfile.lock that names its format."""

    pipfile_spec: int


def uv(path: str, text: str) -> Source:
    """What uv.lock pins."""
    lock = shaped(toml(text), UvLock)
    _known(lock.version == 1, f"uv.lock {lock.version}")
    gathered = Gathering(path)
    for package in lock.package:
        if "registry" in package.source:
            gathered.pin(package.name, package.version)
        elif package.source.keys() & {"editable", "virtual", "directory"}:
            _local(gathered, package.name, str(next(iter(package.source.values()))))
        else:
            gathered.foreign(package.name)
    return gathered.source(closed=True, lock=True)


def poetry(path: str, text: str) -> Source:
    """What poetry.lock pins."""
    lock = shaped(toml(text), PoetryLock)
    _known(_major(lock.metadata.lock_version) in ("1", "2"), f"poetry.lock {lock.metadata.lock_version}")
    gathered = Gathering(path)
    for package in lock.package:
        kind = package.source.type if package.source else ""
        if kind in ("", "legacy"):
            gathered.pin(package.name, package.version)
        elif kind == "directory" and package.source:
            _local(gathered, package.name, package.source.url)
        else:
            gathered.foreign(package.name)
    return gathered.source(closed=True, lock=True)


def pdm(path: str, text: str) -> Source:
    """What pdm.lock pins."""
    lock = shaped(toml(text), PdmLock)
    _known(_major(lock.metadata.lock_version) == "4", f"pdm.lock {lock.metadata.lock_version}")
    gathered = Gathering(path)
    for package in lock.package:
        if package.path:
            _local(gathered, package.name, package.path)
        elif package.git or package.url or package.editable:
            gathered.foreign(package.name)
        else:
            gathered.pin(package.name, package.version)
    return gathered.source(closed=True, lock=True)


def pylock(path: str, text: str) -> Source:
    """What pylock.toml pins."""
    lock = shaped(toml(text), Pylock)
    _known(_major(lock.lock_version) == "1", f"pylock.toml {lock.lock_version}")
    gathered = Gathering(path)
    for package in lock.packages:
        if package.directory is not None:
            _local(gathered, package.name, str(package.directory.get("path", "")))
        elif package.vcs is not None or package.archive is not None:
            gathered.foreign(package.name)
        else:
            gathered.pin(package.name, package.version)
    return gathered.source(closed=True, lock=True)


def pipfile(path: str, text: str) -> Source:
    """What Pipfile.lock pins, in every category."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from error
    categories = shaped(document, dict[str, dict[str, Any]])
    meta = shaped(categories.pop("_meta", {}), PipfileMeta)
    _known(meta.pipfile_spec == 6, f"Pipfile.lock {meta.pipfile_spec}")
    gathered = Gathering(path)
    for packages in categories.values():
        for name, package in shaped(packages, dict[str, PipfilePackage]).items():
            if package.path:
                _local(gathered, name, package.path)
            elif package.git or package.file or package.editable:
                gathered.foreign(name)
            else:
                gathered.require(f"{name}{package.version}")
    return gathered.source(closed=True, lock=True)


READERS: dict[str, Callable[[str, str], Source]] = {
    "uv.lock": uv,
    "poetry.lock": poetry,
    "pdm.lock": pdm,
    "Pipfile.lock": pipfile,
    "pylock.toml": pylock,
    "pylock.*.toml": pylock,
}
"""By the file's name, or a shell pattern for it."""


def toml(text: str) -> dict[str, Any]:
    """A TOML document; raises `Unreadable` when it is none, or made to be slow."""
    if any(len(line) > MAX_TOML_LINE for line in text.splitlines()):
        raise Unreadable(f"it has a line of more than {MAX_TOML_LINE >> 10} KiB")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not TOML: {error}") from error


def shaped(document: object, shape: type[T]) -> T:
    """The document in the shape it should have; raises `Unreadable` saying where it differs."""
    try:
        return msgspec.convert(document, shape)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Unreadable(f"not what it should be: {error}") from error


def _known(known: bool, found: str) -> None:
    if not known:
        raise Unreadable(f"a format that this gate doesn't know: {found[:40]}")


def _major(version: str) -> str:
    return version.partition(".")[0]


def _local(gathered: Gathering, name: str, folder: str) -> None:
    """A folder of the project is judged from its own files; any other is out of sight."""
    outside = folder.startswith(("/", "~", "..")) or "/../" in f"{folder}/"
    if outside or folder.endswith((".whl", ".zip", ".gz", ".bz2", ".xz")):
        gathered.foreign(name)
    else:
        gathered.leave(name, OWN)
