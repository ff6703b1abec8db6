"""Whether load and target behaved as a steady phase must, for its percentiles to mean anything."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from sdlc_gates.load import bounds
from sdlc_gates.load.records import Journal, Tick
from sdlc_gates.load.sample import Sample
from sdlc_gates.load.steady import Steady, named

STALL_SECONDS = 2
RATE_TOLERANCE = 0.02
DEVIATIONS = 4
MAX_DROPPED = 0.001
LITTLE_TOLERANCE = 0.1
LITTLE_REQUESTS = 500
LOOK_SECONDS = 0.02
MICROSECONDS = 1_000_000
CLIENT_SECONDS = 0.001
MAX_SHIFT = 0.25
SHIFT_REQUESTS = 200


def arrivals(phase: Steady) -> int:
    """How many tasks became due in the steady phase of an open test."""
    ticks = (line for worker in phase.records.workers for line in worker.lines if isinstance(line, Tick))
    return sum(count for tick in ticks for second, count in tick.arrivals.items() if phase.start <= second < phase.end)


def rate_missed(phase: Steady) -> Iterator[str]:
    """Fewer, or more, tasks became due than planned."""
    planned, due = phase.rate * phase.seconds, arrivals(phase)
    # A Poisson process varies by the square root of its size.
    if abs(due - planned) > RATE_TOLERANCE * planned + DEVIATIONS * math.sqrt(planned):
        yield f"{due} tasks became due in {phase.seconds} s; {planned:.0f} were planned"


def dropped(phase: Steady) -> Iterator[str]:
    """Tasks that no user was free for."""
    lost, due = phase.outcomes()["dropped"], arrivals(phase)
    if lost > MAX_DROPPED * due:
        yield f"no user was free for {lost} of {due} tasks: the target is too slow for this rate, or users are too few"


def stalled(phase: Steady) -> Iterator[str]:
    """Whole seconds in which requests waited and none, of any worker, was answered; the open model's percentiles see them."""
    if phase.records.plan.model == "open":
        return
    answered: Counter[int] = Counter()
    waiting: Counter[int] = Counter()
    for worker in phase.records.workers:
        for tick in phase.ticks(worker):
            answered[int(tick.at)] += tick.answered
            waiting[int(tick.at)] += tick.in_flight
    longest = run = 0
    for second in range(phase.start + 1, phase.end):
        run = run + 1 if waiting[second] and not answered[second] else 0
        longest = max(longest, run)
    if longest >= STALL_SECONDS and longest > 5 * _slowest_usual(phase):
        yield (
            f"for {longest} s requests waited and none was answered; in the closed model users who wait ask for nothing, "
            "so the percentiles hide it"
        )


def _slowest_usual(phase: Steady) -> float:
    """The median of answered requests, in seconds."""
    latencies: Counter[int] = Counter()
    for cell in phase.cells():
        latencies.update(cell.ok)
    half = latencies.total() / 2
    for latency in sorted(latencies):
        half -= latencies[latency]
        if half <= 0:
            return latency / 1_000_000
    return 0.0


def littles_law(phase: Steady) -> Iterator[str]:
    """Requests under way should be, on average, their rate times their mean latency; else something was not counted.

    In the judged phase, and in each step, for the knee is drawn from them.
    """
    yield from _uncounted(phase)
    for number, step in enumerate(named(phase.records, "step"), start=1):
        yield from (f"step {number}: {text}" for text in _uncounted(step))


def _uncounted(phase: Steady) -> Iterator[str]:
    by_worker = [_within(phase, worker) for worker in phase.records.workers]
    ticks = [tick for of_one in by_worker for tick in of_one]
    looks = sum(tick.looked for tick in ticks) / LOOK_SECONDS / max(1, len(phase.records.workers))
    total, n = _time_under_way(phase)
    if n < LITTLE_REQUESTS or not looks:
        return
    seen = sum(map(_mean_busy, by_worker))
    expected, mean = total / phase.seconds, total / n
    # The average over a finite time varies as that of a queue with Poisson arrivals, and looks are few.
    # A client's own work before and after the wait is under way, and no latency.
    allowed = LITTLE_TOLERANCE * expected + CLIENT_SECONDS * n / phase.seconds
    allowed += DEVIATIONS * math.sqrt(2 * expected * mean / phase.seconds + expected / looks)
    if abs(seen - expected) > allowed:
        yield f"{seen:.2f} requests were under way on average; their rate and latency say {expected:.2f}"


def _within(phase: Steady, worker: Journal) -> list[Tick]:
    """Its ticks that tell of nothing before or after the phase: what came before may have been another load."""
    return [tick for tick in phase.ticks(worker) if phase.start + 1 <= tick.at <= phase.end]


def _time_under_way(phase: Steady) -> tuple[float, int]:
    """Seconds that requests were under way within the phase, whenever they began, and how many they were."""
    total, n = 0.0, 0
    for worker in phase.records.workers:
        for cell in (cell for line in worker.lines if isinstance(line, Tick) for cell in line.cells):
            # Somewhere in that second.
            began = cell.start + 0.5
            for latencies in (cell.ok, cell.failed, cell.censored):
                for latency, count in latencies.items():
                    within = min(phase.end, began + latency / MICROSECONDS) - max(phase.start, began)
                    if within > 0:
                        total += within * count
                        n += count
    return total, n


def _mean_busy(ticks: list[Tick]) -> float:
    return sum(tick.busy for tick in ticks) / (sum(tick.looked for tick in ticks) or 1.0)


def non_stationary(phase: Steady) -> Iterator[str]:
    """The two halves of the phase differ by more than chance and by more than a quarter: it was not steady."""
    halves = phase.named_windows(math.ceil(phase.seconds / 2)).get("", {})
    whole = next((sample for sample in phase.samples() if not sample.subject), None)
    if whole is None or len(halves) != 2 or min(half.n for half in halves.values()) < SHIFT_REQUESTS:
        return
    middle = whole.at(math.ceil(whole.n / 2))
    counts = whole.slower(middle)
    # Within the halves: their difference is what is asked about, not burstiness.
    effect = max(bounds.design_effect(part) for part in (counts[: len(counts) // 2], counts[len(counts) // 2 :]))
    shares = [bounds.share(_slower(half, middle), half.n, effect) for half in halves.values()]
    first, second = (half.at(math.ceil(half.n / 2)) for half in halves.values())
    apart = shares[0][0] > shares[1][1] or shares[1][0] > shares[0][1]
    if apart and max(first, second) > (1 + MAX_SHIFT) * min(first, second):
        yield f"its p50 went from {first:.4g} ms in the first half to {second:.4g} ms in the second: it was not steady"


def _slower(sample: Sample, limit: float) -> int:
    return sum(bad for bad, _ in sample.slower(limit))
