"""Looks at the target from outside while a load test runs, and tells how far the test has come."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from sdlc.target import Target
from sdlc_gates.load.records import UNFINISHED, Phase, Probe

EVERY = 1.0
TAIL_BYTES = 4096
PROBES = "probes.ndjson"


class Watch:
    """Asks the target's readiness probe once a second, from a thread, for as long as the block runs."""

    def __init__(self, target: Target, records: Path, say: Callable[[str], None]) -> None:
        """Follow the test whose journals lie in `records`."""
        self.target, self.records, self.say = target, records, say
        self.probes: list[Probe] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="load-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        lines = (msgspec.json.encode(probe) + b"\n" for probe in self.probes)
        # The users' own code could have put a link or a pipe there, and a full disk has a fault of its own.
        with contextlib.suppress(OSError):
            own = self.records / f"{secrets.token_hex(8)}{UNFINISHED}"
            with own.open("xb") as file:
                file.write(b"".join(lines))
            own.replace(self.records / PROBES)

    def _look(self) -> None:
        while not self._stop.is_set():
            at = time.time()
            self.probes.append(Probe(at=at, complaint=self.target.answers()))
            if text := self._progress(time.time()):
                self.say(text)
            self._stop.wait(EVERY)

    def _progress(self, now: float) -> str:
        """Which phase it is, and how much of it is over; empty before the first."""
        phase = last_phase(self.records / f"events.ndjson{UNFINISHED}")
        if not phase:
            return ""
        if not phase.end:
            return phase.name
        total = phase.end - phase.start
        return f"{phase.name}: {min(total, max(0, int(now) - phase.start))} of {total} s"


def last_phase(events: Path) -> Phase | None:
    """The newest phase in a journal that is being written."""
    for line in reversed(_end_of(events).splitlines()):
        try:
            return msgspec.json.decode(line, type=Phase)
        except msgspec.DecodeError:
            continue
    return None


def _end_of(journal: Path) -> bytes:
    """Its last bytes; none of a link, a pipe or a device, which the users' own code could have put there."""
    try:
        file = os.open(journal, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return b""
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            return b""
        return os.pread(file, TAIL_BYTES, max(0, status.st_size - TAIL_BYTES))
    finally:
        os.close(file)
