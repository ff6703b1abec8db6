"""Load tests with Locust, judged by exact counts with confidence bounds."""

from __future__ import annotations

import contextlib
import fnmatch
import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec

from sdlc.errors import ConfigError, EvidenceInvalid, GateError, NoTarget, NothingToScan, OutputInvalid, ToolMissing
from sdlc.gate import Gate, Metric, Tool, Workspace, expect_exit, own_tool
from sdlc.model import Answer, Family, Frozen, Missing, Stage
from sdlc.process import Running, clean_environment
from sdlc.target import Target, free_port, wait_until_ready
from sdlc_gates.load import needed, requests
from sdlc_gates.load.faults import LoadRefused
from sdlc_gates.load.judge import judge
from sdlc_gates.load.plan import LoadOptions, Plan, plan, seconds
from sdlc_gates.load.records import Records, read
from sdlc_gates.load.watch import Watch

LOAD_TESTS = "sdlc_loadtests"
CANARY_SECONDS = 0.2
READY_SECONDS = 30.0
# Locust sends this file, and the users' own, to workers on other hosts.
RECORDER = "from {package}.plan import Given\n\nGiven.plan = {plan!r}\nimport {package}.recorder\n"


class Locust(Gate):
    """Puts the running application under load."""

    kind = "locust"
    summary = "latency, errors and throughput under load"
    family = Family.LOAD
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
        if why := needed.too_short(prepared, work.thresholds):
            raise LoadRefused(why, fix="a longer test, a higher rate, more users, or a threshold that asks for less")
        records = work.scratch / "records"
        records.mkdir()
        (records / "plan.json").write_bytes(msgspec.json.encode(prepared))
        failure: GateError | None = None
        try:
            with Watch(target, records, work.say):
                run = work.run(tool, self._arguments(work, prepared), env=self._environment(records))
            expect_exit(run, 0)
        except GateError as error:
            failure = error
        finally:
            kept = _keep(work, records)
        if failure:
            # What was measured until then is worth showing, if it can be read.
            with contextlib.suppress(OutputInvalid):
                failure.answer = judge(_unaltered(read(kept), prepared), work.thresholds, left_out)
            raise failure
        return judge(_unaltered(read(kept), prepared), work.thresholds, left_out)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        narrowed = work.narrowed(work.root, "canary")
        port, outputs = free_port(), {name: narrowed.scratch / f"slow_page.{name}" for name in ("stdout", "stderr")}
        argv = [sys.executable, "-m", f"{LOAD_TESTS}.slow_page", str(port), str(CANARY_SECONDS)]
        environment = clean_environment(narrowed.scratch / "page")
        with Running(argv, cwd=narrowed.scratch, env=environment, limits=work.limits, **outputs) as page:
            target = Target(url=f"http://127.0.0.1:{port}", ready="/")
            wait_until_ready(target, READY_SECONDS, page, work.cancel)
            yield self._short(), replace(narrowed, target=target, thresholds=())

    def caught(self, answer: Answer) -> bool:
        return any(
            measured.name == "p50" and measured.subject == "GET /slow" and measured.value >= CANARY_SECONDS * 1000
            for measured in answer.measurements
        )

    def _short(self) -> Locust:
        """This gate with its users' options, but a test of two seconds that asks for the slow page alone."""
        users = max(2, self.options.workers)
        changes = {
            "locustfile": "",
            "paths": ("/slow",),
            "exclude": (),
            "users": users,
            "spawn_rate": float(users),
            "phases": (),
        }
        changes |= {"remote_workers": 0}
        times = {"warm_up": "0 s", "duration": "2 s", "wait": "0 s", "request_timeout": "5 s", "model": "closed", "rate": 0.0}
        return Locust(self.id, msgspec.structs.replace(self.options, **changes, **times))

    def _refuse_danger(self, work: Workspace, target: Target) -> None:
        if not target.is_local and not self.options.allow_remote:
            raise LoadRefused(
                f"{target.url} is not on this machine, and load on somebody's server can harm it",
                fix=f"if you may do that, set allow_remote = true in [gates.{self.id}]",
            )
        left = work.limits.deadline - time.monotonic()
        if self.plan.longest > left:
            raise LoadRefused(
                f"the test may take {self.plan.longest:.0f} s, and {left:.0f} s are left before the gate's deadline",
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

    def _arguments(self, work: Workspace, prepared: Plan) -> list[str]:
        users = self._locustfile(work) if self.options.locustfile else _own_file("ready_made")
        rules = ["--headless", "--only-summary", "--exit-code-on-error", "0", "--host", prepared.host]
        size = ["--users", str(prepared.users), "--spawn-rate", str(prepared.spawn_rate)]
        # With its own statistics in a file, Locust's last words are about what went wrong.
        rules += ["--json-file", str(work.scratch / "records" / "locust-own-statistics")]
        # The conductor ends the test; this is for the day it doesn't.
        size += ["--run-time", f"{int(prepared.longest)}s", "--stop-timeout", "0"]
        size += self._workers(work, prepared)
        recorder = work.scratch / "sdlc_recorder.py"
        brought = msgspec.json.encode(prepared).decode()
        recorder.write_text(RECORDER.format(package=LOAD_TESTS, plan=brought))
        return ["-f", f"{recorder},{users}", *rules, *size]

    def _workers(self, work: Workspace, prepared: Plan) -> list[str]:
        """How the processes that make the load find each other; empty where one does everything."""
        if self.options.remote_workers:
            host, _, port = self.options.bind.rpartition(":")
            work.say(f"waiting for {prepared.workers} workers: sdlc load worker --master {self.options.bind}")
            expected = ["--expect-workers", str(prepared.workers), "--expect-workers-max-wait"]
            wait = str(int(seconds("workers_within", self.options.workers_within)))
            return ["--master", "--master-bind-host", host, "--master-bind-port", port, *expected, wait]
        if prepared.workers == 1:
            return []
        port = str(free_port())
        together = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
        return ["--processes", str(prepared.workers), "--expect-workers-max-wait", "30", *together]

    def _locustfile(self, work: Workspace) -> Path:
        path = (work.root / self.options.locustfile).resolve()
        if not path.is_relative_to(work.root.resolve()) or not path.is_file():
            raise ConfigError(f"[gates.{self.id}] locustfile: there is no file {self.options.locustfile} in {work.root}")
        return path

    def _environment(self, records: Path) -> dict[str, str]:
        passed = {name: os.environ[name] for name in self.options.pass_env if name in os.environ}
        return passed | {"SDLC_LOAD_RECORDS": str(records)}


def _target(work: Workspace) -> Target:
    if work.target is None:
        raise NoTarget
    return work.target


def _unaltered(records: Records, prepared: Plan) -> Records:
    """The records, if they are of the plan that was made; the users' own code could have put another in its place."""
    if records.plan != prepared:
        raise OutputInvalid("the load test left another plan than it was given")
    return records


def _own_file(module: str) -> Path:
    """A file of the Locust side, which is found and not imported: importing it would patch this process."""
    spec = importlib.util.find_spec(LOAD_TESTS)
    if spec is None or not spec.submodule_search_locations:
        raise ToolMissing(f"{LOAD_TESTS} is not installed", fix="install sdlc-gates again")
    return Path(spec.submodule_search_locations[0]) / f"{module}.py"


def _keep(work: Workspace, records: Path) -> list[Path]:
    """Make every file that the test left evidence of the run that left them."""
    try:
        kept = [work.directory.keep(work.gate, file, file.name) for file in sorted(records.iterdir())]
    except EvidenceInvalid as error:
        raise OutputInvalid(f"the load test left something strange: {error}") from error
    if work.evidence:
        work.evidence[-1] = msgspec.structs.replace(work.evidence[-1], files=(*work.evidence[-1].files, *kept))
    return [work.directory.path / artifact.path for artifact in kept]
