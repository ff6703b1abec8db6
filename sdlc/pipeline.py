"""From a plan to a stored, decided run, and from a stored run to its verdict again."""

from __future__ import annotations

import datetime
import importlib.metadata
import threading
from pathlib import Path

import msgspec

from sdlc import checkout, inventory
from sdlc.errors import EvidenceInvalid
from sdlc.evidence import RUN, RunDirectory
from sdlc.gate import Gate
from sdlc.handlers import link as handlers
from sdlc.handlers.model import Route
from sdlc.plan import Plan
from sdlc.policy import Policy, decide
from sdlc.run import FORMAT, PlannedGate, Run, Subject
from sdlc.runner import Execution, Observer

DISTRIBUTION = "sdlc-gates"


def execute(
    plan: Plan, observer: Observer, cancel: threading.Event, *, jobs: int, changed_since: str = "", runs: Path | None = None
) -> tuple[Run, RunDirectory]:
    """Run the plan, decide, and leave a sealed run directory below `runs` (by default the project).

    Raises `ConfigError` when the project or the run directory can't be used.
    """
    files = inventory.take(plan.root, plan.exclude, changed_since)
    began = datetime.datetime.now(datetime.UTC)
    directory = RunDirectory.create(runs or plan.root, began)
    directory.begin()
    gates = tuple(_planned(step.gate) for step in plan.steps)
    subject = _subject(plan)
    routes, unread = _routes(plan, files, directory, cancel)
    execution = Execution(
        plan=plan, files=files, directory=directory, observer=observer, cancel=cancel, jobs=jobs, began=began, routes=routes
    )
    results = execution.run()
    partial = (
        *plan.left_out,
        *((f"only what changed since {changed_since} was judged by static gates",) if changed_since else ()),
    )
    run = Run(
        format=FORMAT,
        id=directory.id,
        version=importlib.metadata.version(DISTRIBUTION),
        subject=subject,
        stage=plan.stage,
        started=began,
        ended=datetime.datetime.now(datetime.UTC),
        gates=gates,
        results=results,
        policy=plan.policy,
        decision=decide(results, plan.policy, began),
        config=plan.origin,
        partial=partial,
        remarks=(f"the project's routes could not be read, so attacks are not linked to code: {unread}",) if unread else (),
    )
    # First, since a tool may have filled the disk.
    directory.sweep()
    directory.write(RUN, msgspec.json.format(msgspec.json.encode(run)))
    directory.seal()
    return run, directory


def load(directory: RunDirectory) -> Run:
    """The run that a directory holds, after comparing all its evidence with the manifest; raises `EvidenceInvalid`."""
    directory.verify()
    try:
        run = msgspec.json.decode((directory.path / RUN).read_bytes(), type=Run)
    except (OSError, msgspec.DecodeError, RecursionError) as error:
        raise EvidenceInvalid(f"{directory.path / RUN} is not a run: {error}") from error
    if run.format != FORMAT:
        raise EvidenceInvalid(f"{directory.path / RUN} has format {run.format}; this version reads {FORMAT}")
    return run


def decide_again(run: Run, policy: Policy | None = None) -> Run:
    """The run with the verdict drawn from its results again, at its own time, under its own policy or another."""
    rules = policy or run.policy
    return msgspec.structs.replace(run, policy=rules, decision=decide(run.results, rules, run.started))


def _routes(
    plan: Plan, files: inventory.Inventory, directory: RunDirectory, cancel: threading.Event
) -> tuple[tuple[Route, ...], str]:
    """The project's routes, for plans that attack or load a running application."""
    if not any(step.gate.uses_target for step in plan.steps):
        return (), ""
    everything = inventory.take(plan.root, plan.exclude) if files.changed_since else files
    return handlers.find(everything, directory.scratch("routes"), cancel)


def _planned(gate: Gate) -> PlannedGate:
    try:
        tool = gate.probe()
        found = {"tool": tool.name, "version": tool.version}
    except Exception:  # noqa: BLE001  # what is wrong with it is told when it runs
        found = {}
    return PlannedGate(id=gate.id, kind=gate.kind, family=gate.family, summary=gate.summary, **found)


def _subject(plan: Plan) -> Subject:
    commit = checkout.run_git(plan.root, "rev-parse", "HEAD")
    status = checkout.run_git(plan.root, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=dirty")
    return Subject(
        name=plan.name,
        commit=commit.stdout.decode().strip() if commit.returncode == 0 else "",
        modified=bool(status.stdout.strip()),
    )
