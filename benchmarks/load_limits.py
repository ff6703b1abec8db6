"""How often the gate is wrong about a real service: `python benchmarks/load_limits.py [RUNS] [SECONDS]` (25 and 4; seed 11).

The real Locust, through the gate, asks a real server on loopback (load_planted.py) that sits at 0.8, 1.0, 1.25 and 2 times
its limits: `p95(GET /latency) <= 100 ms` and `error_rate(GET /errors) <= 5 %`. PASS at 1.25 or 2 times, and FAIL at 0.8
times, is wrong. Beside it: what comparing the measured value alone with the limit would have said.
"""

from __future__ import annotations

import contextlib
import datetime
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from sdlc_gates.load.plan import LoadOptions
from sdlc_gates.locust import Locust

from sdlc import inventory
from sdlc.errors import GateError
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.model import Answer, Verdict
from sdlc.process import Limits
from sdlc.target import Target, free_port, wait_until_ready
from sdlc.threshold import MeasurementLimit

SEED = 11
RATIOS = (0.8, 1.0, 1.25, 2.0)
SERVER = Path(__file__).parent / "load_planted.py"
LIMITS = (
    MeasurementLimit(
        gate="locust", metric="p95", operator="<=", bound=100, unit="ms", origin="benchmark", subject="GET /latency"
    ),
    MeasurementLimit(
        gate="locust", metric="error_rate", operator="<=", bound=0.05, unit="ratio", origin="benchmark", subject="GET /errors"
    ),
)


@contextlib.contextmanager
def served(ratio: float, factor: float, seed: str) -> Iterator[Target]:
    """The planted server, ready."""
    port = free_port()
    target = Target(url=f"http://127.0.0.1:{port}", ready="/")
    process = subprocess.Popen([sys.executable, str(SERVER), str(port), str(ratio), str(factor), seed])
    try:
        wait_until_ready(target, 20, None, threading.Event())
        yield target
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def workspace(target: Target, seconds: float = 3600) -> Iterator[Workspace]:
    """What the runner would give the gate, for an empty project."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "project"
        root.mkdir()
        directory = RunDirectory.create(Path(folder), datetime.datetime.now(datetime.UTC))
        yield Workspace(
            gate="locust",
            root=root,
            files=inventory.take(root),
            scratch=directory.scratch("locust"),
            directory=directory,
            limits=Limits(deadline=time.monotonic() + seconds),
            cancel=threading.Event(),
            target=target,
        )


def valid(answer: Answer) -> bool:
    """Whether everything that should have been measured was."""
    return all(coverage.measured == coverage.expected > 0 for coverage in answer.coverage)


def judged(answer: Answer, limit: MeasurementLimit) -> tuple[Verdict, bool]:
    """The gate's answer, and whether the measured value alone keeps the limit."""
    (found,) = (m for m in answer.measurements if (m.name, m.subject) == (limit.metric, limit.subject))
    broken = limit.judge(found)
    return (broken if valid(answer) or broken is Verdict.FAIL else Verdict.INCONCLUSIVE), limit.holds(found.value)


def run(target: Target, seconds: int) -> Answer:
    """One load test."""
    options = LoadOptions(
        paths=("/latency", "/errors"), users=24, spawn_rate=100, wait="30 ms", warm_up="1 s", duration=f"{seconds} s"
    )
    with workspace(target) as work:
        return Locust("locust", options).check(work)


def main() -> None:
    """Print a table of answers."""
    runs, seconds = (*map(int, sys.argv[1:]), *(25, 4)[len(sys.argv) - 1 :])[:2]
    print(f"{runs} real runs of {seconds} s each, seed {SEED}")
    print("limit                          of it     PASS  FAIL  INCONCLUSIVE  invalid   value alone: PASS", flush=True)
    for ratio in RATIOS:
        answers: dict[str, Counter[str]] = {limit.text: Counter() for limit in LIMITS}
        for number in range(runs):
            with served(ratio, 1.0, f"{SEED}-{ratio}-{number}") as target:
                try:
                    answer = run(target, seconds)
                except GateError as error:
                    print(f"no answer: {error}", file=sys.stderr)
                    continue
            for note in answer.notes:
                print(f"{ratio} {number}: {note}", file=sys.stderr)
            for item in answer.coverage[0].missing:
                print(f"{ratio} {number}: {item.item}: {item.reason}", file=sys.stderr)
            for limit in LIMITS:
                verdict, kept = judged(answer, limit)
                answers[limit.text].update(
                    [verdict.value, *(["kept"] if kept else []), *([] if valid(answer) else ["invalid"])]
                )
        for text, found in answers.items():
            row = "".join(f"{found[word]:{width}}" for word, width in (("PASS", 7), ("FAIL", 6), ("INCONCLUSIVE", 14)))
            print(f"{text:30} {ratio:4.2f} x {row}{found['invalid']:9}{found['kept']:13}", flush=True)


if __name__ == "__main__":
    main()
