"""Why a comparison rests on signed ranks of pairs of runs: `python benchmarks/compare_statistics.py [SETS]` (3,000; seed 3).

Simulated pairs of runs, each run off by 3 % at random, the logarithm of base and candidate compared: by the gate's own
bounds, by a paired t test (scipy), and by a rank test over the pooled requests of all runs (Mann and Whitney's, scipy), as
benchmarks of single runs do it. `disturbed`: every tenth run is late by up to ten times as much and more. `the gate` adds to
the signed ranks that pairs which would hardly show a slowdown as large as the limit let nothing pass.
"""

from __future__ import annotations

import math
import random
import sys
from statistics import mean, stdev
from typing import Any

import scipy.stats
from sdlc_gates.load import paired
from sdlc_gates.load.contrast import Contrast

from sdlc.model import Verdict
from sdlc.threshold import MeasurementLimit

SEED = 3
RUN_SPREAD, REQUEST_SPREAD, REQUESTS = 0.03, 0.3, 500
LIMIT = math.log(1.1)
# scipy describes its distributions and tests to no type checker.
stats: Any = scipy.stats


def run(draw: random.Random, *, disturbed: bool) -> float:
    """By how much one run is off."""
    late = abs(draw.gauss(0, 10 * RUN_SPREAD)) if disturbed and draw.random() < 0.1 else 0.0
    return draw.gauss(0, RUN_SPREAD) + late


def by_t(differences: list[float]) -> tuple[float, float]:
    """The one-sided 95 % bounds of the mean difference."""
    half = float(stats.t.ppf(0.95, len(differences) - 1)) * stdev(differences) / math.sqrt(len(differences))
    return mean(differences) - half, mean(differences) + half


def decided(differences: list[float], slower: float) -> tuple[bool, bool, bool, bool]:
    """What the gate says of them, and of them with something added."""
    limit = MeasurementLimit(gate="g", metric="p50_slowdown", operator="<=", bound=0.1, unit="ratio", origin="benchmark")

    def judged(added: float) -> tuple[bool, Verdict]:
        candidate, n = tuple(math.exp(value + added) for value in differences), len(differences)
        item = Contrast(name=limit.metric, subject="", numbers=tuple(range(n)), base=(1.0,) * n, candidate=candidate)
        measured = item.measurement((limit,))
        return (measured.low or 0) > 0, limit.judge(measured)

    alarm, equal = judged(0)
    _, worse = judged(slower)
    return alarm, equal is Verdict.PASS, worse is Verdict.FAIL, worse is Verdict.PASS


def pairs_of(draw: random.Random, pairs: int, sets: int, *, disturbed: bool) -> None:
    """Print one line of the table."""
    counted = {name: [0, 0, 0, 0] for name in ("signed ranks", "t test", "the gate")}
    for _ in range(sets):
        drawn = [run(draw, disturbed=disturbed) - run(draw, disturbed=disturbed) for _ in range(pairs)]
        ranked, slower = paired.shift(drawn), math.log(1.2)
        for name, (low, high) in (("signed ranks", (ranked.low, ranked.high)), ("t test", by_t(drawn))):
            answers = (low > 0, high <= LIMIT, low + slower > LIMIT, high + slower <= LIMIT)
            counted[name] = [before + now for before, now in zip(counted[name], answers, strict=True)]
        counted["the gate"] = [before + now for before, now in zip(counted["the gate"], decided(drawn, slower), strict=True)]
    for name, counts in counted.items():
        kind = "disturbed" if disturbed else "calm"
        print(f"{kind:10} {pairs:5}  {name:14}" + "".join(f"{count / sets:14.1%}" for count in counts), flush=True)


def pooled(draw: random.Random, sets: int) -> float:
    """How often the pooled requests of five runs each call the candidate slower, at 5 %, when nothing is."""
    alarms = 0
    for _ in range(sets):
        sides = [
            [
                off + draw.gauss(0, REQUEST_SPREAD)
                for off in [run(draw, disturbed=False) for _ in range(5)]
                for _ in range(REQUESTS)
            ]
            for _ in range(2)
        ]
        alarms += float(stats.mannwhitneyu(sides[1], sides[0], alternative="greater").pvalue) < 0.05
    return alarms / sets


def main() -> None:
    """Print the table."""
    sets, draw = int(sys.argv[1]) if len(sys.argv) > 1 else 3000, random.Random(SEED)
    print("runs       pairs  by              A/A: slower    A/A: PASS   +20 %: FAIL   +20 %: PASS")
    for disturbed in (False, True):
        for pairs in (5, 6, 8, 10, 15, 20):
            pairs_of(draw, pairs, sets, disturbed=disturbed)
    print(f"requests pooled over 5 runs of {REQUESTS} each, A/A: slower {pooled(draw, max(50, sets // 10)):.1%}")


if __name__ == "__main__":
    main()
