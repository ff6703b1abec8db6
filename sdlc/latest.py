"""Remembers which run began last in a folder, and does so elsewhere: a repository may bring runs along that never ran here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from sdlc.cache import place

MAX_BYTES = 256


def remember(runs: Path, id: str) -> None:
    """Keep that the run `id` below the folder `runs` began last; where that can't be kept, nothing is remembered."""
    with contextlib.suppress(OSError):
        memory = _memory(runs)
        written = memory.with_name(f"{memory.name}.{secrets.token_hex(4)}")
        written.write_text(id)
        written.replace(memory)


def recall(runs: Path) -> str:
    """The id of the run that began last below the folder `runs`; empty where nobody remembers."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return _memory(runs).read_bytes()[:MAX_BYTES].decode()
    return ""


def _memory(runs: Path) -> Path:
    return place("latest") / hashlib.sha256(os.fsencode(runs.resolve())).hexdigest()[:32]
