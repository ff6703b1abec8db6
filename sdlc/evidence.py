"""The run directory: raw answers saved and hashed before anything reads them, and checked before they are judged again."""

from __future__ import annotations

import datetime
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sdlc import checkout, latest
from sdlc.errors import ConfigError, EvidenceInvalid
from sdlc.model import Artifact, Frozen
from sdlc.removal import remove

CHUNK = 1 << 20
RUNS = Path(".sdlc") / "runs"
RUN = "run.json"
SCRATCH = "scratch"
MANIFEST = "manifest.json"


class Manifest(Frozen, frozen=True):
    """Every file of a run directory that a verdict rests on."""

    files: tuple[Artifact, ...]


class RunDirectory:
    """A folder of its own for one run: `evidence/`, `run.json`, `manifest.json` and the reports."""

    def __init__(self, path: Path) -> None:
        """Refer to an existing run directory."""
        self.path = path

    @property
    def id(self) -> str:
        """The run's name: its start in UTC and four random bytes."""
        return self.path.name

    @classmethod
    def create(cls, root: Path, now: datetime.datetime) -> RunDirectory:
        """Make a new one below `root`; two runs at once never share one.

        Raises `ConfigError` when the place can't be written, or is a link that the repository planted.
        """
        runs = root / RUNS
        _refuse_links(runs)
        # Names sort by time, and two quick runs must not be taken for one another as the latest.
        path = runs / f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03}Z-{secrets.token_hex(4)}"
        try:
            path.mkdir(parents=True)
            ignore = runs.parent / ".gitignore"
            if not ignore.exists() and not ignore.is_symlink():
                ignore.write_text("*\n")
        except OSError as error:
            raise ConfigError(f"{path} can't be made ({error.strerror}); choose a writable place with --runs") from error
        return cls(path)

    @classmethod
    def find(cls, root: Path, name: str) -> RunDirectory:
        """The run named by an id, the beginning of one, `latest`, or a path (with a slash in it).

        Raises `ConfigError` when there is none, and `EvidenceInvalid` for one without a verdict, for one that the repository
        brings along, and for `latest` where it isn't certain which run that is.
        """
        if os.sep in name:
            found = Path(name)
        else:
            # Never a folder of that name: a repository may well have one that is called `latest`.
            _refuse_links(root / RUNS)
            found = _latest(root / RUNS) if name == "latest" else _named(root / RUNS, name)
        if not _is_run(found):
            if not found.is_dir():
                raise ConfigError(f"{name}: no such run")
            raise EvidenceInvalid(f"{found} has no verdict: it was stopped before it had one, or still goes on")
        if checkout.tracks(found / RUN):
            raise EvidenceInvalid(f"{found} is part of the repository: nobody knows where it was made")
        return cls(found)

    def begin(self) -> None:
        """Be the run that `latest` means from now on."""
        latest.remember(self.path.parent, self.id)

    def scratch(self, gate: str) -> Path:
        """A fresh folder for what a gate writes on the way; gone when the run ends."""
        place = self.path / SCRATCH / gate
        place.mkdir(parents=True)
        return place

    def keep(self, gate: str, file: Path, name: str) -> Artifact:
        """Move a tool's raw output into the evidence of a gate, and hash it."""
        goal = self.path / "evidence" / gate / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink() or not file.is_file():
            raise EvidenceInvalid(f"{file.name} is not a regular file")
        if goal.exists():
            raise EvidenceInvalid(f"{goal.name} is evidence of another run of the tool already")
        shutil.move(file, goal)
        return self.describe(goal)

    def describe(self, file: Path) -> Artifact:
        """Path, hash and size of a file in this directory."""
        return Artifact(path=storable(file.relative_to(self.path).as_posix()), sha256=sha256(file), size=file.stat().st_size)

    def write(self, name: str, content: bytes) -> Path:
        """Write one file whole or not at all."""
        goal = self.path / name
        temporary = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}")
        temporary.write_bytes(content)
        temporary.replace(goal)
        return goal

    def sweep(self) -> None:
        """Remove the scratch folders."""
        remove(self.path / SCRATCH)

    def seal(self) -> None:
        """Remove scratch folders, and write down the hash of all evidence."""
        self.sweep()
        files = tuple(self.describe(file) for file in self._sealed_files() if file.is_file() and not file.is_symlink())
        self.write(MANIFEST, msgspec.json.format(msgspec.json.encode(Manifest(files=files))))

    def discard(self) -> None:
        """Remove the whole directory: nothing in it was a run."""
        remove(self.path)

    def verify(self) -> None:
        """Compare all evidence with the manifest; raises `EvidenceInvalid` naming the first difference."""
        try:
            manifest = msgspec.json.decode((self.path / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError, RecursionError) as error:
            raise EvidenceInvalid(f"{self.path / MANIFEST} can't be read: {error}") from error
        listed = {artifact.path: artifact for artifact in manifest.files}
        present = {storable(file.relative_to(self.path).as_posix()): file for file in self._sealed_files()}
        for name in sorted(listed.keys() ^ present.keys()):
            raise EvidenceInvalid(f"{name} {'is gone from' if name in listed else 'was added to'} {self.path}")
        for name, artifact in listed.items():
            if not self._is_unchanged(present[name], artifact):
                raise EvidenceInvalid(f"{name} was changed after {self.path} was sealed")

    def _is_unchanged(self, file: Path, artifact: Artifact) -> bool:
        try:
            return not file.is_symlink() and file.is_file() and self.describe(file) == artifact
        except OSError as error:
            raise EvidenceInvalid(f"{file} can't be read: {error.strerror}") from error

    def _sealed_files(self) -> Iterable[Path]:
        """`run.json` and all that lies below `evidence/`, whatever it is: links and devices too, which nobody sealed."""
        run = self.path / RUN
        yield from (run,) if run.exists() or run.is_symlink() else ()
        yield from sorted(file for file in (self.path / "evidence").rglob("*") if file.is_symlink() or not file.is_dir())


def _is_run(path: Path) -> bool:
    """Whether a run ended here: one that was killed has left neither file."""
    return (path / RUN).exists() or (path / MANIFEST).exists()


def _latest(runs: Path) -> Path:
    """The run that began last, if it is certain which: as this user remembers it, and as the names say."""
    known, began = _known(runs), latest.recall(runs)
    if not known and not began:
        raise ConfigError("latest: no such run; known: none")
    if not began:
        raise EvidenceInvalid(f"no run is remembered to have begun in {runs} on this machine; name one: {_names(known)}")
    if not (runs / began).is_dir():
        raise EvidenceInvalid(f"{began}, the run that began last, is gone; name another: {_names(known)}")
    if known[-1].name != began:
        raise EvidenceInvalid(f"{began} began last, and {known[-1].name} is dated later; name the one that you mean")
    return runs / began


def _named(runs: Path, name: str) -> Path:
    known = _known(runs)
    found = [path for path in known if path.name.startswith(name)]
    if len(found) != 1:
        raise ConfigError(f"{name}: {'several runs begin so' if found else 'no such run'}; known: {_names(known)}")
    return found[0]


def _known(runs: Path) -> list[Path]:
    """Every folder of a run, the oldest first; their names sort by time."""
    return sorted(path for path in runs.glob("*") if path.is_dir() and not path.is_symlink())


def _refuse_links(runs: Path) -> None:
    """A link could lead a run out of the project, or bring in one that never ran here."""
    for place in (runs.parent, runs):
        if place.is_symlink():
            raise ConfigError(f"{place} is a link; remove it, runs are never kept behind one")


def sha256(file: Path) -> str:
    """Hash of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def storable(text: str) -> str:
    """The text without halves of characters, which JSON can't hold; they come from file names that are not UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def _names(runs: list[Path]) -> str:
    return ", ".join(path.name for path in runs[-3:]) or "none"
