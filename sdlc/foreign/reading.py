"""Has a document read by a process of its own, within limits."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from sdlc.errors import GateError
from sdlc.process import MIB, Limits, Running, clean_environment, tail

SECONDS = 120.0
MEMORY = 1024 * MIB
OUTPUT = 64 * MIB


def read(content: bytes, scratch: Path, cancel: threading.Event, seconds: float = SECONDS) -> object:
    """What a JSON or YAML document says, in the types of JSON; raises `ValueError` saying why it can't be read.

    Whatever it holds (aliases of aliases, merges of merges, numbers of a million digits, endless nesting), this process
    gets at most 64 MiB and a million parts of it.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        place = Path(folder)
        given, output, complaint = place / "document", place / "document.json", place / "complaint"
        given.write_bytes(content)
        limits = Limits(deadline=time.monotonic() + seconds, memory=MEMORY, output=OUTPUT)
        argv = [sys.executable, "-I", "-m", "sdlc.foreign", str(given)]
        try:
            with Running(
                argv, cwd=place, env=clean_environment(place), stdout=output, stderr=complaint, limits=limits
            ) as reader:
                code = reader.wait(cancel).code
        except GateError as error:
            raise ValueError(f"it asks for too much: {error}") from error
        if code:
            ended = f"reading it ended by signal {-code}" if code < 0 else f"reading it ended with exit code {code}"
            raise ValueError(tail(complaint) or ended)
        document: object = json.loads(output.read_bytes())
        return document
