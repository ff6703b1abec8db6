"""Where this user keeps, on this machine and outside of every project, what may be lost: environments, proofs, memories."""

from __future__ import annotations

import os
from pathlib import Path


def place(name: str) -> Path:
    """The folder `name` in the user's cache, made if needed; raises `OSError` where there can be none."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise OSError(f"this user has no home: {error}") from error
    folder = home / "sdlc" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
