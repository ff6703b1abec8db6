"""Removing what a stranger's program left, however it left it."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

OWNER_ONLY = 0o700


def remove(folder: Path) -> None:
    """Remove a folder with all that lies below it; what can't be removed stays, and is no error.

    Folders are brought up before they are emptied: nested by the thousand, their paths are longer than the system takes,
    and walking down would need a frame and a descriptor for each.
    """
    if folder.is_symlink() or not folder.is_dir():
        return
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        with contextlib.suppress(OSError):
            place.chmod(OWNER_ONLY)
            with os.scandir(place) as entries:
                inside = list(entries)
            for entry in inside:
                waiting.extend(_removed(entry, folder))
            if place != folder:
                place.rmdir()
    with contextlib.suppress(OSError):
        folder.rmdir()


def _removed(entry: os.DirEntry[str], top: Path) -> tuple[Path, ...]:
    """Remove an entry, unless it is a folder: that is brought to the top, and where it is then is the answer."""
    with contextlib.suppress(OSError):
        if not entry.is_dir(follow_symlinks=False):
            Path(entry.path).unlink()
            return ()
        raised = top / secrets.token_hex(8)
        # One that nobody may write to can't be moved either.
        Path(entry.path).chmod(OWNER_ONLY)
        Path(entry.path).rename(raised)
        return (raised,)
    return ()
