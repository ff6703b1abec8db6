"""A file of numbered JSON lines that takes its final name only when it is complete."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

UNFINISHED = ".part"


class Journal:
    """One process's record: every line has its sequence number and the time; a line is whole or absent."""

    def __init__(self, path: Path) -> None:
        """Begin the file under `path` with `.part` added; raises `FileExistsError` when another process has it."""
        self.path = path
        self.closed = False
        self._part = path.with_name(path.name + UNFINISHED)
        self._file = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._sequence = 0

    def write(self, kind: str, **fields: Any) -> None:
        """Add one line; after the end, nothing is added."""
        if self.closed:
            return
        line = {"kind": kind, "seq": self._sequence, "at": round(time.time(), 6), **fields}
        rest = memoryview((json.dumps(line, separators=(",", ":")) + "\n").encode())
        while rest:
            rest = rest[os.write(self._file, rest) :]
        self._sequence += 1

    def end(self, **fields: Any) -> None:
        """Add the last line, which says how many there are, and give the file its name."""
        if self.closed:
            return
        self.write("end", lines=self._sequence + 1, **fields)
        self.closed = True
        os.fsync(self._file)
        os.close(self._file)
        self._part.rename(self.path)
