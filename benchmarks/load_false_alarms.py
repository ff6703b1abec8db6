"""How often the load gate gives a wrong answer: `python benchmarks/load_false_alarms.py [RUNS]` (default 400; seed 7).

A service with log-normal latencies sits at 0.8, 1.0, 1.25 and 2 times its limit: its share of requests slower than the
threshold is that many times the 5 % that `p95 <= T` allows. Each run is judged by the gate's own statistics. Requests
are independent, or 3-second stalls hit all of them at once. Beside it, what a gate would say that compares the sample's
p95 with the limit.
"""

from __future__ import annotations

import math
import random
import sys
from array import array
from collections import Counter

from sdlc_gates.load.sample import Sample, Window

from sdlc.model import Verdict
from sdlc.threshold import MeasurementLimit

SEED = 7
LIMIT_MS = 300.0
SPREAD = 0.5
SECONDS, RATE = 300, 20
STALL_SECONDS = 3
LIMIT = MeasurementLimit(gate="locust", metric="p95", operator="<=", bound=LIMIT_MS, unit="ms", origin="benchmark")


def quantile(share: float) -> float:
    """The standard normal value that a share of values exceeds."""
    low, high = -10.0, 10.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 * math.erfc(middle / math.sqrt(2)) > share else (low, middle)
    return low


def run(draw: random.Random, share: float, *, stalls: bool) -> Sample:
    """One test of `SECONDS` at `RATE` requests a second of which, in the long run, `share` are too slow."""
    median = LIMIT_MS / math.exp(SPREAD * quantile(share))
    stalled: set[int] = set()
    if stalls:
        median = LIMIT_MS / 10
        second = 0.0
        while (second := second + draw.expovariate(share / STALL_SECONDS)) < SECONDS:
            stalled.update(range(int(second), int(second) + STALL_SECONDS))
    windows = [Window(ok=array("q")) for _ in range(SECONDS // 10)]
    for second in range(SECONDS):
        for _ in range(RATE):
            latency = LIMIT_MS * draw.uniform(1.1, 10) if second in stalled else median * math.exp(SPREAD * draw.gauss(0, 1))
            windows[second // 10].ok.append(int(latency * 1000))
    return Sample("", windows, SECONDS)


def main() -> None:
    """Print a table of answers."""
    runs, draw = int(sys.argv[1]) if len(sys.argv) > 1 else 400, random.Random(SEED)
    print(f"p95 <= {LIMIT_MS:.0f} ms, {SECONDS} s at {RATE}/s, {runs} runs each, seed {SEED}")
    print("requests      of the limit   PASS    FAIL  INCONCLUSIVE   point estimate alone: PASS")
    for stalls in (False, True):
        for ratio in (0.8, 1.0, 1.25, 2.0):
            answers: Counter[Verdict] = Counter()
            points = 0
            for _ in range(runs):
                measured = run(draw, 0.05 * ratio, stalls=stalls).percentile("p95")
                answers[LIMIT.judge(measured)] += 1
                points += measured.value <= LIMIT_MS
            shares = [answers[verdict] / runs for verdict in (Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE)]
            kind = "in 3 s stalls" if stalls else "independent  "
            print(f"{kind} {ratio:8.2f} x " + "".join(f"{share:9.1%}" for share in shares) + f"{points / runs:14.1%}")


if __name__ == "__main__":
    main()
