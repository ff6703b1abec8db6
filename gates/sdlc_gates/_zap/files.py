"""Files of the project that the configuration names for ZAP."""

from __future__ import annotations

from pathlib import Path

from sdlc.errors import ConfigError


def inside(root: Path, name: str) -> Path | None:
    """The regular file of that name below `root`; None when there is none, or it lies elsewhere."""
    try:
        file = (root / name).resolve()
        return file if file.is_relative_to(root.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        return None


def named(root: Path, name: str) -> Path:
    """The same; raises `ConfigError` instead."""
    file = inside(root, name)
    if file is None:
        raise ConfigError(f"[gates.zap]: there is no file {name} in {root}")
    return file
