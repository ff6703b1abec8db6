"""How often a comparison is wrong: `python -m benchmarks.load_compare quick|gate [COMPARISONS]` (200 or 8; seed 5).

Each comparison has six pairs of real runs against a real server on loopback (load_planted.py), whose page takes log-normal
times around 20 ms, and is judged by the gate's own statistics with the limit `no more than 10 % slower`. Base and candidate
are the same page (A/A), or the candidate takes 20 % longer (planted).

`quick` makes runs of a few dozen requests with a small client of its own, so that there can be hundreds of comparisons.
`gate` lets the gate itself make them, with the real Locust and runs of two seconds, and then draws 2,000 more comparisons
from the pairs that it recorded: for A/A with base and candidate exchanged by lot, as the gate's own order is drawn.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sdlc_gates.load.comparison import CompareOptions, order
from sdlc_gates.load.contrast import Contrast, Pair, contrasts
from sdlc_gates.load.plan import LoadOptions
from sdlc_gates.load.sample import Sample, Window
from sdlc_gates.locust import Locust

from benchmarks.load_limits import served, valid, workspace
from sdlc.errors import GateError
from sdlc.model import Answer, Measurement, Verdict
from sdlc.target import Target
from sdlc.threshold import MeasurementLimit

SEED = 5
PAIRS = 6
CONNECTIONS, REQUESTS = 16, 5
SHOWN_EVERY = 20
NAMES = ("p50_slowdown", "p95_slowdown")
LIMITS = {
    name: MeasurementLimit(gate="locust", metric=name, operator="<=", bound=0.1, unit="ratio", origin="benchmark")
    for name in NAMES
}
HEADER = "kind     metric           comparisons  PASS  FAIL  INCONCLUSIVE  claims a slowdown  claims a speedup"
Counts = dict[tuple[str, str], Counter[str]]


def count(counts: Counts, kind: str, found: Measurement) -> None:
    """Add one comparison's answer."""
    low, high = found.low or 0.0, found.high or 0.0
    words = [LIMITS[found.name].judge(found).value, *(["slower"] if low > 0 else []), *(["faster"] if high < 0 else [])]
    counts.setdefault((kind, found.name), Counter()).update(["all", *words])


def show(counts: Counts) -> None:
    """Print all answers so far."""
    print(HEADER)
    for (kind, name), found in sorted(counts.items()):
        verdicts = "".join(f"{found[verdict.value]:{width}}" for verdict, width in zip(Verdict, (6, 6, 14), strict=True))
        print(f"{kind:8} {name:16} {found['all']:11}{verdicts}{found['slower']:19}{found['faster']:18}", flush=True)


async def one_run(port: int, path: str) -> Sample:
    """Some requests on a few connections at once."""
    latencies = array("q")

    async def user() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(REQUESTS):
            began = time.perf_counter()
            writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            await reader.readuntil(b"ok")
            latencies.append(int((time.perf_counter() - began) * 1_000_000))
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(user() for _ in range(CONNECTIONS)))
    return Sample("", [Window(ok=latencies)], time.perf_counter() - began)


async def quick(comparisons: int, target: Target) -> None:
    """Comparisons of short runs."""
    port, counts = int(target.url.rpartition(":")[2]), Counts()
    paths = {"base": "/page", "candidate": "/page", "planted": "/page/1.2"}
    for number in range(comparisons):
        sampled: dict[tuple[int, str], Sample] = {}
        for kind in ("candidate", "planted"):
            for pair, side in order(PAIRS, SEED * 1000 + number):
                which = kind if side == "candidate" else "base"
                sampled[pair, which + ("" if which != "base" else f" of {kind}")] = await one_run(port, paths[which])
        for kind, name in (("candidate", "A/A"), ("planted", "planted")):
            pairs = [Pair(n, sampled[n, f"base of {kind}"], sampled[n, kind]) for n in range(1, PAIRS + 1)]
            for item in contrasts("", pairs):
                if isinstance(item, Contrast) and item.name in NAMES:
                    count(counts, name, item.measurement((LIMITS[item.name],)))
        if number % SHOWN_EVERY == SHOWN_EVERY - 1:
            show(counts)


def by_the_gate(base: Target, candidate: Target, seed: int) -> Answer:
    """One comparison, made by the gate."""
    compare = CompareOptions(url=base.url, pairs=PAIRS)
    options = LoadOptions(
        paths=("/page",),
        users=10,
        spawn_rate=100,
        wait="20 ms",
        warm_up="1 s",
        duration="2 s",
        # Runs on a machine that does other work too: its noise belongs to what is tried.
        max_loop_lag="1 s",
        seed=seed,
        compare=compare,
    )
    with workspace(candidate) as work:
        return Locust("locust", options).check(replace(work, thresholds=tuple(LIMITS.values())))


def differences(answer: Answer) -> dict[str, list[float]]:
    """What the answer's pictures show, pair by pair, as shares."""
    shown = [picture for picture in answer.pictures if picture.title.startswith("Pair by pair")]
    return {
        name: [y / 100 for _, y in picture.curves[0].points] for name in NAMES for picture in shown if name in picture.title
    }


def resampled(counts: Counts, kind: str, recorded: dict[str, list[float]], draw: random.Random, *, exchanged: bool) -> None:
    """Comparisons of pairs that were recorded."""
    for name, shares in recorded.items():
        for _ in range(2000):
            ratios = [1 + draw.choice(shares) for _ in range(PAIRS)]
            ratios = [1 / ratio if exchanged and draw.random() < 0.5 else ratio for ratio in ratios]
            ones: Sequence[float] = [1.0] * PAIRS
            item = Contrast(name=name, subject="", numbers=tuple(range(PAIRS)), base=tuple(ones), candidate=tuple(ratios))
            count(counts, kind, item.measurement((LIMITS[item.name],)))


def gate(comparisons: int) -> None:
    """Comparisons by the gate, and more from their pairs."""
    counts, more, recorded = Counts(), Counts(), dict[str, dict[str, list[float]]]()
    with served(0, 1.0, "base") as base, served(0, 1.0, "same") as same, served(0, 1.2, "slower") as slower:
        for number in range(comparisons):
            for kind, candidate in (("A/A", same), ("planted", slower)):
                try:
                    answer = by_the_gate(base, candidate, SEED * 1000 + number)
                except GateError as error:
                    print(f"{kind} {number}: no answer: {error}", file=sys.stderr)
                    continue
                for part in answer.coverage:
                    for item in part.missing:
                        print(f"{kind} {number}: {part.what}: {item.item}: {item.reason}", file=sys.stderr, flush=True)
                for found in answer.measurements:
                    if found.name in NAMES and not found.subject:
                        print(f"{kind} {number}: {found}", file=sys.stderr, flush=True)
                        count(counts, kind if valid(answer) else f"{kind} (invalid)", found)
                for name, shares in differences(answer).items():
                    recorded.setdefault(kind, {}).setdefault(name, []).extend(shares)
            show(counts)
    draw = random.Random(SEED)
    for kind, pairs in recorded.items():
        resampled(more, kind, pairs, draw, exchanged=kind == "A/A")
    print("drawn from the recorded pairs:")
    show(more)


def main() -> None:
    """Make the comparisons that were asked for."""
    mode, comparisons = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0
    if mode == "gate":
        gate(comparisons or 8)
        return
    with served(0, 1.0, "base") as target:
        asyncio.run(quick(comparisons or 200, target))


if __name__ == "__main__":
    main()
