"""The run directory: raw answers saved and hashed before anything reads them, and checked before they are judged again."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import shutil
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sdlc.errors import ConfigError, EvidenceInvalid
from sdlc.model import Artifact, Frozen

CHUNK = 1 << 20
RUNS = Path(".sdlc") / "runs"
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
        for place in (runs.parent, runs):
            if place.is_symlink():
                raise ConfigError(f"{place} is a link; remove it, runs are never written through one")
        path = runs / f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
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
        """The run named by a path, an id, the beginning of an id, or `latest`; raises `ConfigError` when there is none."""
        if (Path(name) / "run.json").is_file():
            return cls(Path(name))
        known = sorted(path for path in (root / RUNS).glob("*") if (path / "run.json").is_file())
        found = known[-1:] if name == "latest" else [path for path in known if path.name.startswith(name)]
        if len(found) != 1:
            raise ConfigError(f"{name}: {'several runs begin so' if found else 'no such run'}; known: {_names(known)}")
        return cls(found[0])

    def scratch(self, gate: str) -> Path:
        """A fresh folder for what a gate writes on the way; gone when the run ends."""
        place = self.path / "scratch" / gate
        place.mkdir(parents=True)
        return place

    def keep(self, gate: str, file: Path, name: str) -> Artifact:
        """Move a tool's raw output into the evidence of a gate, and hash it."""
        goal = self.path / "evidence" / gate / name
        goal.parent.mkdir(parents=True, exist_ok=True)
        if file.is_symlink() or not file.is_file():
            raise EvidenceInvalid(f"{file.name} is not a regular file")
        shutil.move(file, goal)
        return self.describe(goal)

    def describe(self, file: Path) -> Artifact:
        """Path, hash and size of a file in this directory."""
        return Artifact(path=file.relative_to(self.path).as_posix(), sha256=sha256(file), size=file.stat().st_size)

    def write(self, name: str, content: bytes) -> Path:
        """Write one file whole or not at all."""
        goal = self.path / name
        temporary = goal.with_name(f".{goal.name}.{secrets.token_hex(4)}")
        temporary.write_bytes(content)
        temporary.replace(goal)
        return goal

    def seal(self) -> None:
        """Remove scratch folders, and write down the hash of all evidence."""
        shutil.rmtree(self.path / "scratch", ignore_errors=True)
        files = tuple(self.describe(file) for file in self._sealed_files())
        self.write(MANIFEST, msgspec.json.format(msgspec.json.encode(Manifest(files=files))))

    def discard(self) -> None:
        """Remove the whole directory: nothing in it was a run."""
        shutil.rmtree(self.path, ignore_errors=True)

    def verify(self) -> None:
        """Compare all evidence with the manifest; raises `EvidenceInvalid` naming the first difference."""
        try:
            manifest = msgspec.json.decode((self.path / MANIFEST).read_bytes(), type=Manifest)
        except (OSError, msgspec.DecodeError) as error:
            raise EvidenceInvalid(f"{self.path / MANIFEST} can't be read: {error}") from error
        listed = {artifact.path: artifact for artifact in manifest.files}
        present = {file.relative_to(self.path).as_posix() for file in self._sealed_files()}
        for name in sorted(listed.keys() ^ present):
            raise EvidenceInvalid(f"{name} {'is gone from' if name in listed else 'was added to'} {self.path}")
        for name, artifact in listed.items():
            if self.describe(self.path / name) != artifact:
                raise EvidenceInvalid(f"{name} was changed after {self.path} was sealed")

    def _sealed_files(self) -> Iterable[Path]:
        evidence = self.path / "evidence"
        yield from (self.path / name for name in ("run.json",) if (self.path / name).is_file())
        yield from sorted(file for file in evidence.rglob("*") if file.is_file() or file.is_symlink())


def sha256(file: Path) -> str:
    """Hash of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _names(runs: list[Path]) -> str:
    return ", ".join(path.name for path in runs[-3:]) or "none"
