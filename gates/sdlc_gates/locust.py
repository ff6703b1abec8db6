"""Load tests with Locust, judged by exact counts with confidence bounds."""

from __future__ import annotations

import contextlib
import fnmatch
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import msgspec

from sdlc.errors import ConfigError, NoTarget, NothingToScan, OutputInvalid
from sdlc.gate import Gate, Metric, Tool, Workspace, own_tool
from sdlc.model import Answer, Family, Frozen, Missing, Stage
from sdlc.process import Running, clean_environment
from sdlc.target import Target, free_port, wait_until_ready
from sdlc_gates.load import needed, requests, running
from sdlc_gates.load.comparison import CompareOptions
from sdlc_gates.load.faults import LoadRefused
from sdlc_gates.load.interleaved import Interleaved
from sdlc_gates.load.judge import judge
from sdlc_gates.load.paired import FEWEST_PAIRS
from sdlc_gates.load.plan import LoadOptions, Plan, plan, seconds

CANARY_SECONDS = 0.2
READY_SECONDS = 30.0


class Locust(Gate):
    """Puts the running application under load."""

    kind = "locust"
    summary = "latency, errors and throughput under load"
    family = Family.LOAD
    covers = frozenset({"validity checks", "seconds of steady load", "workers", "users", "phases", "requests"})
    stages = (Stage.PR, Stage.RELEASE)
    uses_target = True
    exclusive = True
    deadline = 3600
    metrics = (
        Metric(name="p50", unit="ms", description="half of all requests are faster", per_subject=True),
        Metric(name="p90", unit="ms", description="90 % of all requests are faster", per_subject=True),
        Metric(name="p95", unit="ms", description="95 % of all requests are faster", per_subject=True),
        Metric(name="p99", unit="ms", description="99 % of all requests are faster", per_subject=True),
        Metric(name="p99.9", unit="ms", description="99.9 % of all requests are faster", per_subject=True),
        Metric(name="max", unit="ms", description="the slowest request that was answered", per_subject=True),
        Metric(name="mean", unit="ms", description="the mean over requests that were answered", per_subject=True),
        Metric(name="error_rate", unit="ratio", description="requests that failed or were cut off", per_subject=True),
        Metric(name="requests_per_second", unit="per_second", description="answered without error", per_subject=True),
        Metric(name="availability", unit="ratio", description="requests that were answered without error", per_subject=True),
        Metric(name="capacity", unit="per_second", description="step phase: the most that was answered at any step"),
        Metric(name="knee", unit="count", description="step phase: users beyond which less gets done, if within the steps"),
        Metric(name="recovery", unit="seconds", description="spike phase: until latencies are back to the steady phase's"),
        Metric(name="drift", unit="ratio", description="soak phase: growth of the p95 from its beginning to its end"),
        Metric(name="p50_slowdown", unit="ratio", description="comparison: by how much the p50 is higher", per_subject=True),
        Metric(name="p90_slowdown", unit="ratio", description="comparison: by how much the p90 is higher", per_subject=True),
        Metric(name="p95_slowdown", unit="ratio", description="comparison: by how much the p95 is higher", per_subject=True),
        Metric(name="p99_slowdown", unit="ratio", description="comparison: by how much the p99 is higher", per_subject=True),
        Metric(name="throughput_loss", unit="ratio", description="comparison: by how much less is answered", per_subject=True),
        Metric(
            name="error_increase", unit="ratio", description="comparison: what more of all requests fails", per_subject=True
        ),
        Metric(name="requests", unit="count", description="made in the steady phase", per_subject=True),
    )
    Options = LoadOptions
    options: LoadOptions

    def __init__(self, id: str, options: Frozen) -> None:
        super().__init__(id, options)
        self.plan = plan(self.options)

    def probe(self) -> Tool:
        return own_tool("locust", "locust", ">=2.40,<3")

    def check(self, work: Workspace) -> Answer:
        tool, target = self.probe(), _target(work)
        self._refuse_danger(work, target)
        prepared, left_out = self._prepared(work, target)
        if why := needed.refusal(prepared, work.thresholds, comparing=bool(self.options.compare)):
            raise LoadRefused(why, fix="a longer test, a higher rate, more users, or a threshold that asks for less")
        if self.options.compare:
            pairs = Interleaved(work=work, tool=tool, options=self.options, compare=self.options.compare, plan=prepared)
            return pairs.run(target, left_out)
        ran = running.run(work, tool, self.options, prepared, target)
        if ran.failure:
            # What was measured until then is worth showing, if it can be read.
            with contextlib.suppress(OutputInvalid):
                ran.failure.answer = judge(ran.records(), work.thresholds, left_out)
            raise ran.failure
        return judge(ran.records(), work.thresholds, left_out)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        narrowed = work.narrowed(work.root, "canary")
        narrowed = replace(narrowed, thresholds=(), target_plan=None)
        with contextlib.ExitStack() as pages:
            slow = pages.enter_context(_page(narrowed, "slow_page", CANARY_SECONDS))
            base = pages.enter_context(_page(narrowed, "base_page", CANARY_SECONDS / 2)) if self.options.compare else None
            yield self._short(base), replace(narrowed, target=slow)

    def caught(self, answer: Answer) -> bool:
        if self.options.compare:
            return any(
                measured.name == "p50_slowdown" and measured.subject == "GET /slow" and (measured.low or 0.0) > 0
                for measured in answer.measurements
            )
        return any(
            measured.name == "p50" and measured.subject == "GET /slow" and measured.value >= CANARY_SECONDS * 1000
            for measured in answer.measurements
        )

    def _short(self, base: Target | None) -> Locust:
        """This gate with its users' options, but tests of a moment that ask for the slow page alone."""
        users = max(2, self.options.workers)
        changes = {
            "locustfile": "",
            "paths": ("/slow",),
            "exclude": (),
            "users": users,
            "spawn_rate": float(users),
            "phases": (),
            "remote_workers": 0,
            "compare": CompareOptions(url=base.url, pairs=FEWEST_PAIRS) if base else None,
        }
        times = {"warm_up": "0 s", "duration": "2 s", "wait": "0 s", "request_timeout": "5 s", "model": "closed", "rate": 0.0}
        return Locust(self.id, msgspec.structs.replace(self.options, **changes, **times))

    def _refuse_danger(self, work: Workspace, target: Target) -> None:
        if not target.is_local and not self.options.allow_remote:
            raise LoadRefused(
                f"{target.url} is not on this machine, and load on somebody's server can harm it",
                fix=f"if you may do that, set allow_remote = true in [gates.{self.id}]",
            )
        left = work.limits.deadline - time.monotonic()
        waiting = seconds("workers_within", self.options.workers_within) if self.options.remote_workers else 0.0
        if self.plan.longest + waiting > left:
            raise LoadRefused(
                f"the test may take {self.plan.longest + waiting:.0f} s, and {left:.0f} s are left before the gate's deadline",
                fix=f"raise the deadline in [gates.{self.id}], or shorten the test",
            )

    def _prepared(self, work: Workspace, target: Target) -> tuple[Plan, tuple[Missing, ...]]:
        """The plan with everything filled in, and the operations that are left out on purpose."""
        planned, left_out = ((), ()) if self.options.locustfile else self._requests(target)
        return msgspec.structs.replace(
            self.plan, host=target.url, root=str(work.root), requests=planned, anywhere=self.options.allow_remote
        ), left_out

    def _requests(self, target: Target) -> tuple[tuple[requests.PlannedRequest, ...], tuple[Missing, ...]]:
        left_out: tuple[Missing, ...] = ()
        if self.options.paths or (target.routes and not target.openapi):
            try:
                planned = requests.from_paths(self.options.paths or target.routes)
            except ValueError as error:
                raise ConfigError(f"[gates.{self.id}] paths: {error}") from error
        elif target.openapi:
            planned, left_out = requests.from_openapi(target.openapi)
        else:
            raise NothingToScan(
                "there is nothing to ask the target for: no locustfile, no paths, no OpenAPI description",
                fix=f"set locustfile or paths in [gates.{self.id}], or openapi in [target]",
            )
        excluded = [item.subject for item in planned if any(fnmatch.fnmatchcase(item.subject, p) for p in self.options.exclude)]
        left_out += tuple(Missing(item=subject, reason="excluded in the configuration") for subject in excluded)
        kept = tuple(item for item in planned if item.subject not in excluded)
        if not kept:
            raise NothingToScan(
                "no operation is left to ask for", fix="see docs/gates/locust.md on operations that are left out"
            )
        return kept, left_out


@contextlib.contextmanager
def _page(work: Workspace, name: str, seconds: float) -> Iterator[Target]:
    """A page on loopback that takes its time on purpose."""
    port, outputs = free_port(), {stream: work.scratch / f"{name}.{stream}" for stream in ("stdout", "stderr")}
    argv = [sys.executable, "-m", f"{running.LOAD_TESTS}.slow_page", str(port), str(seconds)]
    environment = clean_environment(work.scratch / name)
    with Running(argv, cwd=work.scratch, env=environment, limits=work.limits, **outputs) as page:
        target = Target(url=f"http://127.0.0.1:{port}", ready="/")
        wait_until_ready(target, READY_SECONDS, page, work.cancel)
        yield target


def _target(work: Workspace) -> Target:
    if work.target is None:
        raise NoTarget
    return work.target
