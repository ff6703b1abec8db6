"""Runs one load test: the real Locust, with the recorder beside the users, and a look at the target from outside."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sdlc.checkout import inside
from sdlc.errors import ConfigError, EvidenceInvalid, GateError, OutputInvalid, ToolMissing
from sdlc.gate import Tool, Workspace, expect_exit
from sdlc.target import Target, free_port
from sdlc_gates.load.plan import LoadOptions, Plan, seconds
from sdlc_gates.load.records import Records, read
from sdlc_gates.load.watch import Watch

LOAD_TESTS = "sdlc_loadtests"
EVERYWHERE = ("*", "0.0.0.0")
# Locust sends this file, and the users' own, to workers on other hosts.
RECORDER = "from {package}.plan import Given\n\nGiven.plan = {plan!r}\nimport {package}.recorder\n"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a test left."""

    files: tuple[Path, ...]
    plan: Plan
    failure: GateError | None
    """Why it ended otherwise than it should have."""

    def records(self) -> Records:
        """Its records; raises `OutputInvalid` when they are none, or not of the plan that was made.

        The users' own code could have put another plan in its place.
        """
        records = read(self.files)
        if records.plan != self.plan:
            raise OutputInvalid("the load test left another plan than it was given")
        return records


def run(work: Workspace, tool: Tool, options: LoadOptions, plan: Plan, target: Target) -> Ran:
    """Put the target under load, and make every file that this leaves evidence."""
    records = work.scratch / "records"
    records.mkdir()
    (records / "plan.json").write_bytes(msgspec.json.encode(plan))
    passed = {name: os.environ[name] for name in options.pass_env if name in os.environ}
    failure: GateError | None = None
    try:
        with Watch(target, records, work.say):
            ran = work.run(tool, _arguments(work, options, plan), env=passed | {"SDLC_LOAD_RECORDS": str(records)})
        expect_exit(ran, 0)
    except GateError as error:
        failure = error
    finally:
        kept = _keep(work, records)
    return Ran(files=tuple(kept), plan=plan, failure=failure)


def _arguments(work: Workspace, options: LoadOptions, plan: Plan) -> list[str]:
    users = _locustfile(work, options) if options.locustfile else _own_file("ready_made")
    rules = ["--headless", "--only-summary", "--exit-code-on-error", "0", "--host", plan.host]
    size = ["--users", str(plan.users), "--spawn-rate", str(plan.spawn_rate)]
    # With its own statistics in a file, Locust's last words are about what went wrong.
    rules += ["--json-file", str(work.scratch / "records" / "locust-own-statistics")]
    # The conductor ends the test; this is for the day it doesn't.
    size += ["--run-time", f"{int(plan.longest)}s", "--stop-timeout", "0"]
    size += _workers(work, options, plan)
    recorder = work.scratch / "sdlc_recorder.py"
    recorder.write_text(RECORDER.format(package=LOAD_TESTS, plan=msgspec.json.encode(plan).decode()))
    return ["-f", f"{recorder},{users}", *options.arguments, *rules, *size]


def _workers(work: Workspace, options: LoadOptions, plan: Plan) -> list[str]:
    """How the processes that make the load find each other; empty where one does everything."""
    if options.remote_workers:
        host, _, port = options.bind.rpartition(":")
        place = f"{'HOST' if host in EVERYWHERE else host}:{port}"
        work.say(f"waiting for {plan.workers} workers: sdlc load worker --master {place}")
        expected = ["--expect-workers", str(plan.workers), "--expect-workers-max-wait"]
        wait = str(int(seconds("workers_within", options.workers_within)))
        return ["--master", "--master-bind-host", host, "--master-bind-port", port, *expected, wait]
    if plan.workers == 1:
        return []
    port = str(free_port())
    together = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
    return ["--processes", str(plan.workers), "--expect-workers-max-wait", "30", *together]


def _locustfile(work: Workspace, options: LoadOptions) -> Path:
    path = inside(work.judging, options.locustfile)
    if path is None:
        raise ConfigError(
            f"[gates.{work.gate.partition('/')[0]}] locustfile: there is no file {options.locustfile} in {work.judging}"
        )
    return path


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
