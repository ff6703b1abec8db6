"""What is installed in an environment, from the metadata that installers leave; no interpreter of it is started."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path

from sdlc_gates.dependencies.model import Gathering, Source, Unreadable

OWN = "installed from this project's folder"
SYSTEM = "include-system-site-packages = true"


def read(root: Path, name: str) -> Source:
    """What is installed in the environment `name`: its folder, its interpreter, or a site-packages folder.

    Raises `Unreadable` when it is none of these.
    """
    place = root / name
    folders = list(_site_packages(place))
    if not folders:
        raise Unreadable("neither an environment, its interpreter, nor a site-packages folder")
    gathered = Gathering(name)
    for folder in folders:
        for distribution in importlib.metadata.distributions(path=[str(folder)]):
            _distribution(gathered, distribution, root)
    configuration = _prefix(place) / "pyvenv.cfg"
    if configuration.is_file() and SYSTEM in " ".join(configuration.read_text("utf-8", "replace").lower().split()):
        gathered.lack("packages of the base interpreter", f"the environment sees them too: {SYSTEM}")
    return gathered.source(closed=True, lock=True)


def _prefix(place: Path) -> Path:
    return place if place.is_dir() else place.parent.parent


def _site_packages(place: Path) -> Iterator[Path]:
    if place.name in ("site-packages", "dist-packages") and place.is_dir():
        yield place
        return
    prefix = _prefix(place)
    if place.exists():
        patterns = ("lib/python*/site-packages", "lib64/python*/site-packages", "Lib/site-packages")
        found = {folder.resolve(): folder for pattern in patterns for folder in sorted(prefix.glob(pattern))}
        yield from found.values()


def _distribution(gathered: Gathering, distribution: importlib.metadata.Distribution, root: Path) -> None:
    label = Path(str(getattr(distribution, "_path", ""))).name
    if label.startswith("~"):
        gathered.leave(label, "left behind by an installer: it can't be imported")
        return
    try:
        metadata = distribution.metadata
        name, version = metadata["Name"], metadata["Version"]
    except (OSError, ValueError, TypeError, KeyError) as error:
        gathered.lack(label, f"its metadata can't be read: {error}")
        return
    if not name or not version:
        gathered.lack(label, "its metadata has no name or no version")
    elif _is_own(distribution, root):
        gathered.leave(name, OWN)
    else:
        gathered.pin(name, version)


def _is_own(distribution: importlib.metadata.Distribution, root: Path) -> bool:
    """Whether it was installed from a folder of the project, as `direct_url.json` (PEP 610) says."""
    try:
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        url = str(origin.get("url", "")) if "dir_info" in origin else ""
    except (ValueError, AttributeError, RecursionError, OSError):
        return False
    return url.startswith("file://") and Path(url.removeprefix("file://")).is_relative_to(root)
