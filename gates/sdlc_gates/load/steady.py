"""The judged part of the records: what began in the steady phase, merged over workers and cut into windows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sdlc_gates.load.plan import judged_name
from sdlc_gates.load.records import Cell, Journal, Phase, Records, Tick
from sdlc_gates.load.sample import Sample, Window

LONG_WINDOW = 10
WINDOWS = 10


@dataclass(frozen=True)
class Steady:
    """A phase of constant load."""

    start: int
    end: int
    """Seconds since the epoch; the phase is [start, end)."""
    users: int
    rate: float
    records: Records

    @property
    def seconds(self) -> int:
        """How long it lasts by plan."""
        return self.end - self.start

    @property
    def window(self) -> int:
        """Seconds in one window: ten, or a tenth of a phase shorter than 100 s."""
        return min(LONG_WINDOW, max(1, self.seconds // WINDOWS))

    def ticks(self, worker: Journal) -> list[Tick]:
        """The ticks of a worker that fall into it."""
        return [line for line in worker.lines if isinstance(line, Tick) and self.start <= line.at < self.end + 1]

    def cells(self) -> Iterator[Cell]:
        """What became of the requests that began in it."""
        for worker in self.records.workers:
            for line in worker.lines:
                if isinstance(line, Tick):
                    yield from (cell for cell in line.cells if self.start <= cell.start < self.end)

    def started(self) -> int:
        """How many requests began, counted when they began."""
        ticks = (line for worker in self.records.workers for line in worker.lines if isinstance(line, Tick))
        return sum(count for tick in ticks for second, count in tick.started.items() if self.start <= second < self.end)

    def outcomes(self) -> Counter[str]:
        """How many of them became what: `ok`, `failed`, `censored`, `dropped`."""
        counted: Counter[str] = Counter()
        for cell in self.cells():
            counted["ok"] += sum(cell.ok.values())
            counted["failed"] += sum(cell.failed.values())
            counted["censored"] += sum(cell.censored.values())
            counted["dropped"] += cell.dropped
        return counted

    def samples(self) -> list[Sample]:
        """All together first (with the empty name), then one for each name, by name."""
        cut = sorted(self._cut(self.window).items())
        return [Sample(name, [windows[key] for key in sorted(windows)], self.seconds) for name, windows in cut]

    def named_windows(self, width: int) -> dict[str, dict[int, Sample]]:
        """By name and number of window, where each is `width` seconds long; empty ones are absent."""
        return {
            name: {number: Sample(name, [window], width) for number, window in windows.items()}
            for name, windows in self._cut(width).items()
        }

    def _cut(self, width: int) -> dict[str, dict[int, Window]]:
        named: defaultdict[str, defaultdict[int, Window]] = defaultdict(lambda: defaultdict(Window))
        for cell in self.cells():
            for name in ("", cell.name):
                window = named[name][(cell.start - self.start) // width]
                window.add(cell.ok)
                window.bad += sum(cell.failed.values()) + sum(cell.censored.values()) + cell.dropped
        return {name: dict(windows) for name, windows in named.items()}


def steady(records: Records) -> Steady | None:
    """The judged phase, if the test came that far."""
    return next(iter(named(records, judged_name(records.plan.stages))), None)


def named(records: Records, name: str) -> list[Steady]:
    """The stages of a name, in their order, as far as the test came."""
    return [
        Steady(start=line.start, end=line.end, users=line.users, rate=line.rate, records=records)
        for line in records.events
        if isinstance(line, Phase) and line.name == name and line.end
    ]
