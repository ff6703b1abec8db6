"""Which file of the project a SARIF location means; nothing outside the project is ever opened, or linked to."""

from __future__ import annotations

import posixpath
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sdlc.errors import OutputInvalid
from sdlc.inventory import Inventory
from sdlc.model import SourceLocation
from sdlc_gates._sarif.shape import ArtifactLocation, Location, Run

OUTSIDE = "outside-the-project"
NOWHERE = "."
MAX_BASES = 16
MAX_PATH = 1000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_DRIVE = re.compile(r"/?[A-Za-z]:[/\\]")


@dataclass(frozen=True, slots=True)
class Places:
    """How one run writes paths."""

    files: Inventory
    cwd: Path
    """Where the tool ran: what it calls by a relative path lies here or in the project."""
    bases: Mapping[str, ArtifactLocation]
    artifacts: tuple[ArtifactLocation, ...]

    @classmethod
    def of(cls, run: Run, files: Inventory, cwd: Path) -> Places:
        """Those of a run."""
        artifacts = tuple(artifact.location for artifact in run.artifacts)
        return cls(files=files, cwd=cwd, bases=run.original_uri_base_ids, artifacts=artifacts)

    def source(self, location: Location) -> SourceLocation:
        """The lines that a location means; of a file outside the project only a harmless name is kept.

        Raises `OutputInvalid` for what makes no sense: an index that leads nowhere, bases that name each other in a circle.
        """
        physical = location.physical_location
        if physical is None:
            return SourceLocation(path=NOWHERE, line=1)
        line = physical.region.start_line
        if line < 0 or physical.region.end_line < 0:
            raise OutputInvalid(f"the report speaks of line {line}")
        path = self.path(physical.artifact_location) or NOWHERE
        return SourceLocation(path=path, line=max(1, line), end_line=max(line, physical.region.end_line))

    def path(self, artifact: ArtifactLocation) -> str:
        """The file, relative to the project; empty when none is named."""
        if not artifact.uri and artifact.index >= 0:
            if artifact.index >= len(self.artifacts):
                raise OutputInvalid(f"the report speaks of artifact {artifact.index}, and lists {len(self.artifacts)}")
            artifact = self.artifacts[artifact.index]
        if not artifact.uri:
            return ""
        if (name := urllib.parse.unquote(artifact.uri)) in self.files.known and not artifact.uri_base_id:
            return name
        return self._inside(_plain(self._based(artifact)))

    def _based(self, artifact: ArtifactLocation) -> str:
        """The URI with the bases that it builds on before it; a base without a URI is the project or the tool's folder."""
        uri, base = artifact.uri, artifact.uri_base_id
        for _ in range(MAX_BASES):
            if _SCHEME.match(uri) or base not in self.bases:
                return uri
            above = self.bases[base]
            if above.uri:
                uri = f"{above.uri.rstrip('/')}/{uri}"
            base = above.uri_base_id
        raise OutputInvalid(f"the bases of {artifact.uri!r} have no end")

    def _inside(self, path: str) -> str:
        """The path as the inventory has it, or as near as can be said without trusting it."""
        root = str(self.files.root)
        meant, other = (posixpath.normpath(posixpath.join(place, path)) for place in (root, str(self.cwd)))
        below = [name[len(root) + 1 :] for name in (meant, other) if name.startswith(f"{root}/")]
        if known := next((name for name in below if name in self.files.known), ""):
            return known
        if meant == root:
            return NOWHERE
        if meant.startswith(f"{root}/"):
            return below[0][:MAX_PATH]
        return f"{OUTSIDE}/{meant.strip('/')}"[:MAX_PATH]


def _plain(uri: str) -> str:
    """The path in a URI; an address of the web, or of anything else, keeps its scheme as the first folder."""
    if _DRIVE.match(uri):
        return f"/{uri}".replace("\\", "/").replace(":", "", 1)
    if not _SCHEME.match(uri):
        return urllib.parse.unquote(uri, errors="replace").replace("\\", "/")
    try:
        parts = urllib.parse.urlsplit(uri)
    except ValueError:
        return f"/{uri}"
    path = urllib.parse.unquote(parts.path, errors="replace")
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return path
    return f"/{parts.scheme}/{parts.netloc}/{path.lstrip('/')}"


def is_outside(location: SourceLocation) -> bool:
    """Whether it names a file outside the project."""
    return location.path.startswith(f"{OUTSIDE}/")
