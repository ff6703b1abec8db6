"""A folder or zip of OSV JSON, read whole or not at all."""

from __future__ import annotations

import datetime
import hashlib
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version

from sdlc_gates.osv.record import Advice, Affected, Record, advice

MIB = 1 << 20
MAX_FILES = 500_000
MAX_FILE_BYTES = 16 * MIB
MAX_TOTAL_BYTES = 2048 * MIB
MAX_ARCHIVE_BYTES = 512 * MIB
YAML = (".yaml", ".yml")
# RuntimeError: encrypted; NotImplementedError, one of its kind: a compression that isn't known.
BROKEN_ARCHIVE = (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError)
LONG_AGO = datetime.datetime.min.replace(tzinfo=datetime.UTC)
HOW_TO_GET = "use OSV's export of PyPI (all.zip), or a folder of OSV JSON files"


class DatabaseInvalid(Exception):
    """The database can't be relied on; the message says which file and why."""


class Summary(msgspec.Struct, frozen=True):
    """What a database holds."""

    advisories: int
    """About packages on PyPI, without the withdrawn."""
    packages: int
    newest: datetime.datetime
    """When the latest of its records about PyPI was modified."""
    sha256: str
    """Over names and contents of all its files, in order."""
    withdrawn: int = 0
    foreign: int = 0
    """Records about other ecosystems, or about no package at all."""
    other_files: int = 0
    """Files that are not JSON, and weren't read."""


@dataclass
class Database:
    """Advisories by canonical package name."""

    about: dict[str, list[tuple[Record, list[Affected]]]] = field(default_factory=dict)
    withdrawn: int = 0
    foreign: int = 0
    advisories: int = 0
    newest: datetime.datetime = LONG_AGO

    def add(self, record: Record) -> None:
        """Index a record by the packages it is about."""
        packages = record.about()
        if not packages:
            self.foreign += 1
            return
        self.newest = max(self.newest, record.changed)
        if record.withdrawn is not None:
            self.withdrawn += 1
            return
        self.advisories += 1
        for name, entries in packages.items():
            self.about.setdefault(name, []).append((record, entries))

    def advice(self, name: str, version: Version) -> tuple[Advice, ...]:
        """Everything it holds against a version of the package with the canonical name `name`."""
        found = [advice(record, entries, version) for record, entries in self.about.get(name, ())]
        return tuple(sorted((said for said in found if said), key=lambda said: said.id))


def load(path: Path) -> tuple[Database, Summary]:
    """Read the folder or zip; raises `DatabaseInvalid` when any of it is not a readable OSV 1.x record, or none is there."""
    if path.is_dir():
        files = _folder(path)
    elif path.is_file():
        files = _archive(path)
    else:
        raise DatabaseInvalid(f"{path} is neither a folder nor a zip file")
    database, digest, others, total = Database(), hashlib.sha256(), 0, 0
    for name, content in files:
        if content is None:
            others += 1
            continue
        total += len(content)
        _within_bounds(name, total)
        database.add(_record(name, content))
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(content).digest())
    if not database.advisories:
        raise DatabaseInvalid(f"{path} holds no advisory about a package on PyPI; {HOW_TO_GET}")
    summary = Summary(
        advisories=database.advisories,
        packages=len(database.about),
        newest=database.newest,
        sha256=digest.hexdigest(),
        withdrawn=database.withdrawn,
        foreign=database.foreign,
        other_files=others,
    )
    return database, summary


def _record(name: str, content: bytes) -> Record:
    try:
        record = msgspec.json.decode(content, type=Record)
        major = Version(record.schema_version).major
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, InvalidVersion) as error:
        raise DatabaseInvalid(f"{name} is not an OSV record: {error}") from error
    if major != 1:
        raise DatabaseInvalid(f"{name} is written in OSV schema {record.schema_version}; 1.x is read")
    return record


def _folder(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Names below the folder, sorted, with the contents of those that should be advisories."""
    seen = 0
    for folder, folders, names in os.walk(path, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            file = Path(folder) / name
            shown = file.relative_to(path).as_posix()
            seen += 1
            _countable(seen)
            if not _is_advisory(shown):
                yield shown, None
                continue
            status = file.lstat()
            if not stat.S_ISREG(status.st_mode):
                raise DatabaseInvalid(f"{shown} is not a regular file")
            _readable(shown, status.st_size)
            try:
                yield shown, file.read_bytes()
            except OSError as error:
                raise DatabaseInvalid(f"{shown} can't be read: {error.strerror}") from error


def _archive(path: Path) -> Iterator[tuple[str, bytes | None]]:
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise DatabaseInvalid(f"{path} is larger than {MAX_ARCHIVE_BYTES // MIB} MiB")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = sorted(archive.infolist(), key=lambda entry: entry.filename)
            _countable(len(entries))
            _within_bounds(path.name, sum(entry.file_size for entry in entries if _is_advisory(entry.filename)))
            for entry in entries:
                if entry.is_dir():
                    continue
                if not _is_advisory(entry.filename):
                    yield entry.filename, None
                    continue
                _readable(entry.filename, entry.file_size)
                yield entry.filename, archive.read(entry)
    except BROKEN_ARCHIVE as error:
        raise DatabaseInvalid(f"{path} is not a zip file that can be read: {error}") from error


def _is_advisory(name: str) -> bool:
    if name.lower().endswith(YAML):
        raise DatabaseInvalid(f"{name}: advisories in YAML are not read; {HOW_TO_GET}")
    return name.lower().endswith(".json")


def _countable(number: int) -> None:
    if number > MAX_FILES:
        raise DatabaseInvalid(f"it holds more than {MAX_FILES} files")


def _readable(name: str, size: int) -> None:
    if size > MAX_FILE_BYTES:
        raise DatabaseInvalid(f"{name} is larger than {MAX_FILE_BYTES // MIB} MiB")


def _within_bounds(name: str, total: int) -> None:
    if total > MAX_TOTAL_BYTES:
        raise DatabaseInvalid(f"{name}: unpacked, the advisories are larger than {MAX_TOTAL_BYTES // MIB} MiB")
