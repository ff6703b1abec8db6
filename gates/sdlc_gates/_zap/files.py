"""Files that the configuration names for ZAP."""

from __future__ import annotations

from pathlib import Path

from sdlc.checkout import inside
from sdlc.errors import ConfigError


def named(root: Path, name: str) -> Path:
    """The regular file of that name below `root`; raises `ConfigError` when there is none, or it lies elsewhere."""
    file = inside(root, name)
    if file is None:
        raise ConfigError(f"[gates.zap]: there is no file {name} in {root}")
    return file
