"""Counts of requests by the second they began in, with exact latencies; knows no Locust."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

NAMES_PER_PROCESS = 5000
OTHER = "(other names)"


@dataclass(slots=True, eq=False)
class Begun:
    """A request that has begun and is not accounted for yet."""

    at: float
    """When it should have begun; seconds since the epoch."""
    name: str
    """The best guess at what it will be reported as."""
    late: float = 0.0
    """How many seconds later it really began."""


@dataclass(slots=True)
class Cell:
    """What became of the requests of one name that began in one second; latencies in whole microseconds, with counts."""

    ok: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    failed: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    censored: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    dropped: int = 0


def microseconds(seconds: float) -> int:
    """Rounded up, so that no latency is understated; 0 for what is no duration."""
    return max(0, math.ceil(seconds * 1_000_000 - 1e-3)) if math.isfinite(seconds) else 0


class Tally:
    """Every request that one process begins, until it is accounted for; merges with others by addition."""

    def __init__(self) -> None:
        self.open: dict[Begun, None] = {}
        self.totals = {"started": 0, "ok": 0, "failed": 0, "censored": 0, "dropped": 0}
        self._names: set[str] = set()
        self._started: defaultdict[int, int] = defaultdict(int)
        self._cells: defaultdict[tuple[int, str], Cell] = defaultdict(Cell)
        self._answered = 0
        self._unseen = 0

    def begin(self, now: float, name: str, due: float | None = None) -> Begun:
        """A request begins, later than it was due or just then."""
        at = now if due is None else due
        begun = Begun(at, name, late=now - at)
        self.open[begun] = None
        self._started[int(at)] += 1
        self.totals["started"] += 1
        return begun

    def finish(self, begun: Begun, name: str, latency: float, *, failed: bool, answered: bool = True) -> None:
        """It ended after `latency` seconds, lateness not counted; a second report of the same request counts for nothing.

        `answered` tells a failure that the target sent from one that it had no part in.
        """
        if begun not in self.open:
            return
        del self.open[begun]
        outcome = "failed" if failed else "ok"
        cell = self._cells[int(begun.at), self._known(name)]
        (cell.failed if failed else cell.ok)[microseconds(begun.late + latency)] += 1
        self.totals[outcome] += 1
        self._answered += answered

    def censor(self, begun: Begun, now: float) -> None:
        """It was cut off without an answer."""
        if begun not in self.open:
            return
        del self.open[begun]
        self._cells[int(begun.at), self._known(begun.name)].censored[microseconds(now - begun.at)] += 1
        self.totals["censored"] += 1

    def drop(self, at: float, name: str) -> None:
        """It should have begun, and could not."""
        self._started[int(at)] += 1
        self._cells[int(at), self._known(name)].dropped += 1
        self.totals["started"] += 1
        self.totals["dropped"] += 1

    def report(self, now: float, name: str, latency: float, *, failed: bool) -> None:
        """A client that can't be watched says that a request of its own has ended."""
        self._unseen += 1
        self.finish(self.begin(now - latency, name), name, latency, failed=failed)

    def censor_all(self, now: float) -> None:
        """Account for everything that is still open."""
        for begun in list(self.open):
            self.censor(begun, now)

    def oldest(self) -> float:
        """When the oldest open request began; infinite when none is open."""
        return min((begun.at for begun in self.open), default=math.inf)

    def take(self) -> dict[str, Any]:
        """What was counted since the last time, ready for JSON."""
        cells = [
            {
                "start": start,
                "name": name,
                "ok": cell.ok,
                "failed": cell.failed,
                "censored": cell.censored,
                "dropped": cell.dropped,
            }
            for (start, name), cell in self._cells.items()
        ]
        taken = {
            "started": dict(self._started),
            "answered": self._answered,
            "unseen": self._unseen,
            "in_flight": len(self.open),
            "cells": cells,
        }
        self._started, self._cells = defaultdict(int), defaultdict(Cell)
        self._answered = self._unseen = 0
        return taken

    def _known(self, name: str) -> str:
        if name not in self._names:
            if len(self._names) >= NAMES_PER_PROCESS:
                return OTHER
            self._names.add(name)
        return name
