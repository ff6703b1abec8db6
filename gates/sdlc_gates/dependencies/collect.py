"""Finds the files that declare dependencies, reads each with all it includes, and matches what is open with what is locked."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sdlc.model import Frozen, Missing
from sdlc_gates.dependencies import installed, locks, projects, requirements
from sdlc_gates.dependencies.model import Declared, Loose, Source, Unreadable, shown

MAX_BYTES = 8 << 20
ENCODINGS = ((b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
READERS: dict[str, Callable[[str, str], Source]] = {**locks.READERS, **projects.READERS}
INPUTS = {
    "Pipfile": "what is locked from it is read instead (pipenv lock)",
    "*requirements*.in": "what is compiled from it is read instead (uv pip compile)",
}
"""Files from which a lock file is made, and by what; enough that one lies beside them."""
CONDA = ("environment.yml", "environment.yaml", "conda-lock.yml", "pixi.lock")
CONSTRAINTS = "constraints*.txt"
REQUIREMENTS = ("requirements*.txt", "*requirements.txt", "*requirements/*.txt", "requirements*.lock", CONSTRAINTS)
"""Shell patterns for a file's name, or for its folder's name and its own."""


class Asked(Frozen, frozen=True):
    """What to look for, and where."""

    root: str
    files: tuple[str, ...]
    """Of the project, relative; searched unless `named` or `environment` say what to read."""
    named: tuple[str, ...] = ()
    environment: str = ""


def is_manifest(path: str) -> bool:
    """Whether a file's name says that it declares dependencies."""
    return bool(_pattern(path, [*READERS, *INPUTS, *CONDA])) or _is_requirements(path)


def collect(asked: Asked) -> Declared:
    """Everything that the files declare."""
    reading = _Collecting(Path(asked.root))
    explicit = bool(asked.named or asked.environment)
    for path in asked.named if explicit else sorted(filter(is_manifest, asked.files)):
        reading.read(path, explicit=explicit)
    if asked.environment:
        reading.take(asked.environment, lambda: installed.read(reading.root, asked.environment))
    return reading.settled()


@dataclass
class _Collecting:
    root: Path
    sources: dict[str, Source] = field(default_factory=dict)
    unread: dict[str, Missing] = field(default_factory=dict)
    beside: dict[str, str] = field(default_factory=dict)
    """Files that a lock file must stand for, and why."""
    notes: list[str] = field(default_factory=list)

    def read(self, path: str, *, explicit: bool = False) -> None:
        """Read one file, and the folders of the project that it asks to install."""
        path = posixpath.normpath(path)
        if path in self.sources or path in self.unread or path in self.beside:
            return
        name = _pattern(path, READERS)
        if name:
            self.take(path, lambda: READERS[name](path, self.text(path)))
        elif _pattern(path, CONDA):
            self.unread[path] = Missing(item=shown(path), reason="files of conda and pixi are not read")
        elif (made := _pattern(path, INPUTS)) and not explicit:
            self.beside[path] = INPUTS[made]
        else:
            only_limits = bool(_pattern(path, [CONSTRAINTS]))
            self.take(path, lambda: requirements.read(path, self.text, constraint=only_limits))

    def take(self, path: str, read: Callable[[], Source]) -> None:
        """Keep what a reader makes of a file, or why it made nothing of it."""
        try:
            self.sources[path] = source = read()
        except Unreadable as error:
            self.unread[path] = Missing(item=shown(path), reason=str(error))
            return
        for folder in source.folders:
            self._folder(folder, path)

    def text(self, path: str) -> str:
        """The text of a file of the project; raises `Unreadable`."""
        file = self.root / path
        try:
            if not file.resolve(strict=True).is_relative_to(self.root.resolve()):
                raise Unreadable("it lies outside the project")
            if not file.is_file():
                raise Unreadable("it is not a regular file")
            if file.stat().st_size > MAX_BYTES:
                raise Unreadable(f"it is larger than {MAX_BYTES >> 20} MiB")
            content = file.read_bytes()
        except FileNotFoundError as error:
            raise Unreadable("it is not there") from error
        except (OSError, ValueError, RuntimeError) as error:
            raise Unreadable(f"it can't be read: {error}") from error
        encoding = next((name for mark, name in ENCODINGS if content.startswith(mark)), "utf-8-sig")
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            raise Unreadable(f"it is not text in {encoding.removesuffix('-sig').upper()}") from error

    def settled(self) -> Declared:
        """All of it, without the open requirements that a lock file beside them settles."""
        for path in list(self.sources):
            self._look_for_locks(path)
        settled = [self._settled(source) for source in list(self.sources.values())]
        for path, why in self.beside.items():
            if locked := self._locks(path):
                self.notes.append(f"{shown(path)} was not read: {why}; {shown(locked[0].path)} lies beside it")
            else:
                self.unread[path] = Missing(item=shown(path), reason=why)
        return Declared(sources=tuple(settled), unread=tuple(self.unread.values()), notes=tuple(self.notes))

    def _folder(self, folder: str, by: str) -> None:
        present = [name for name in projects.READERS if (self.root / folder / name).is_file()]
        for name in present:
            self.read(posixpath.join(folder, name))
        if not present:
            item = Missing(item=f"{shown(folder)} ({shown(by)})", reason="a folder to install that declares nothing")
            self.unread[f"{by} {folder}"] = item

    def _look_for_locks(self, path: str) -> None:
        """Read the lock files that settle a project's requirements, even where only its other files were asked for."""
        if posixpath.basename(path) in projects.READERS and (self.sources[path].loose or self.sources[path].computed):
            for folder in _ancestors(path):
                for pattern in locks.READERS:
                    for file in sorted((self.root / folder).glob(pattern)):
                        self.read(posixpath.join(folder, file.name))

    def _settled(self, source: Source) -> Source:
        if posixpath.basename(source.path) not in projects.READERS:
            return source
        locked = self._locks(source.path)
        left = tuple(item for item in source.loose if not any(_settles(other, item) for other in locked))
        if source.computed and locked:
            self.notes.append(f"{shown(source.path)}: {source.computed}; {shown(locked[0].path)} was read instead")
        elif source.computed:
            self.unread[source.path] = Missing(item=shown(source.path), reason=source.computed)
        return msgspec.structs.replace(source, loose=left)

    def _locks(self, path: str) -> list[Source]:
        """Sources with pins that hold for a file: lock files in its folder or above, and requirements in or below it."""
        above = set(_ancestors(path))
        here = posixpath.dirname(path)
        found = []
        for source in self.sources.values():
            folder = posixpath.dirname(source.path)
            is_project = posixpath.basename(source.path) in projects.READERS
            if is_project or source.path == path or not (source.pins or source.accounted):
                continue
            near = folder == here or (posixpath.dirname(folder) == here and folder != here)
            if (folder in above) if source.lock else near:
                found.append(source)
        return found


def _settles(source: Source, item: Loose) -> bool:
    pinned = any(pin.name == item.name and item.admits(pin.version) for pin in source.pins)
    return pinned or item.name in source.accounted


def _ancestors(path: str) -> Iterator[str]:
    """The folder of a path and all above it, relative to the project; the root is empty."""
    folder = posixpath.dirname(path)
    while folder:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _pattern(path: str, patterns: Iterable[str]) -> str:
    name = posixpath.basename(path)
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(name, pattern)), "")


def _is_requirements(path: str) -> bool:
    last_two = "/".join(path.split("/")[-2:])
    name = posixpath.basename(path)
    return any(fnmatch.fnmatchcase(last_two if "/" in pattern else name, pattern) for pattern in REQUIREMENTS)
