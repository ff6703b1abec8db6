"""Numbered JSON lines; a file of them takes its final name only when it is complete."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any, Protocol

UNFINISHED = ".part"


class Lines(Protocol):
    """Where a journal's lines go."""

    def put(self, line: str) -> None:
        """Keep one line."""

    def finish(self) -> None:
        """Keep the whole; nothing follows."""


class File:
    """A file that has `.part` added to its name until it is finished."""

    def __init__(self, path: Path) -> None:
        """Begin it; raises `FileExistsError` when another process has."""
        self.path = path
        self._part = path.with_name(path.name + UNFINISHED)
        self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def put(self, line: str) -> None:
        rest = memoryview((line + "\n").encode())
        while rest:
            rest = rest[os.write(self._file, rest) :]

    def finish(self) -> None:
        os.fsync(self._file)
        os.close(self._file)
        self._part.rename(self.path)


class Journal:
    """One process's record: every line has its sequence number and the time; a line is whole or absent."""

    def __init__(self, lines: Lines) -> None:
        """Begin it."""
        self.closed = False
        self._lines = lines
        self._sequence = 0

    def write(self, kind: str, **fields: Any) -> None:
        """Add one line; after the end, nothing is added."""
        if self.closed:
            return
        line = {"kind": kind, "seq": self._sequence, "at": round(time.time(), 6), **fields}
        self._lines.put(json.dumps(line, separators=(",", ":")))
        self._sequence += 1

    def end(self, **fields: Any) -> None:
        """Add the last line, which says how many there are."""
        if self.closed:
            return
        self.write("end", lines=self._sequence + 1, **fields)
        self.closed = True
        self._lines.finish()
