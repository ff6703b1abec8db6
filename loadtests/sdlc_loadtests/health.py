"""Whether a load generator kept up: lateness of its event loop, its CPU, throttling by its control group."""

# mypy: allow-untyped-calls

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent

from sdlc_loadtests.tally import microseconds

TICK = 0.02
CPU_STAT = Path("/sys/fs/cgroup/cpu.stat")
PROC_STAT = Path("/proc/stat")


class Health:
    """Measures its own process between two calls of `take`."""

    def __init__(self, busy: Callable[[], int]) -> None:
        """`busy` says how many requests are under way, or should be."""
        self._lag: defaultdict[int, int] = defaultdict(int)
        self._busy, self._seen, self._looked = busy, 0.0, 0.0
        self._last = readings()

    def watch(self) -> None:
        """Note, for ever, how late each tick is."""
        while True:
            began = time.perf_counter()
            gevent.sleep(TICK)
            took = time.perf_counter() - began
            self._lag[microseconds(took - TICK)] += 1
            # A look that comes late stands for all the time that went by.
            self._seen += self._busy() * took
            self._looked += took

    def take(self) -> dict[str, Any]:
        """Lateness of ticks in microseconds with counts, and what was used since the last time, ready for JSON."""
        now = readings()
        used = {key: round(now[key] - self._last[key], 6) for key in now}
        taken = {"lag": self._lag, "busy": round(self._seen, 6), "looked": round(self._looked, 6), **used}
        self._lag, self._last, self._seen, self._looked = defaultdict(int), now, 0.0, 0.0
        return taken


def readings() -> dict[str, float]:
    """Counters that only grow; 0 where the system doesn't say."""
    throttled = _table(CPU_STAT)
    stolen, total = _stolen()
    return {
        "wall": time.perf_counter(),
        "cpu": time.process_time(),
        "throttled": throttled.get("throttled_usec", 0.0) / 1e6,
        "stolen": stolen,
        "machine": total,
    }


def _table(path: Path) -> dict[str, float]:
    try:
        rows = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {row[0]: float(row[1]) for row in rows if len(row) == 2}


def _stolen() -> tuple[float, float]:
    """Ticks of all processors that the machine's host took away, and all ticks."""
    try:
        numbers = [float(word) for word in PROC_STAT.read_text().split("\n", 1)[0].split()[1:9]]
    except (OSError, ValueError):
        return 0.0, 0.0
    return (numbers[7] if len(numbers) == 8 else 0.0), sum(numbers)
