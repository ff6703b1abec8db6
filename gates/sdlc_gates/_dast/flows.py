"""The project's Locust tasks, each run once, as the beginning of a scan: they know how to log in, shop and pay."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from sdlc.checkout import inside
from sdlc.errors import ConfigError, OutputInvalid, TargetFailed
from sdlc.gate import Tool, Workspace, expect_exit
from sdlc.model import Coverage, Missing
from sdlc.target import Target
from sdlc_gates._dast import ndjson, recorded
from sdlc_gates._dast.client import redacted
from sdlc_gates._dast.entrance import Entrance
from sdlc_gates._dast.guard import Plan, guarded
from sdlc_gates._dast.heads import ELSEWHERE, EXCLUDED
from sdlc_gates._dast.recorded import Recorded
from sdlc_gates._dast.redaction import redact

MODULE = "sdlc_loadtests.replay"
MOST_REQUESTS = 300
MARGIN_SECONDS = 20.0


class Seeded(Entrance, frozen=True):
    """As whom the target is scanned, and what the scan begins with."""

    flows: str = ""
    """A Locust file beside the configuration: each of its tasks is run once, and what it asked for is where the scan begins."""
    flows_pass_env: tuple[str, ...] = ()
    """Environment variables that the Locust file gets."""
    flows_task_seconds: Annotated[float, Meta(gt=0)] = 30
    """How long one task may take."""
    flows_seconds: Annotated[float, Meta(gt=0)] = 180
    """How long all of them may take."""


class Word(msgspec.Struct, frozen=True):
    """One line of what the process says."""

    found: tuple[str, ...] = ()
    """All tasks there are."""
    task: str = ""
    fault: str = ""
    """Why the task came to no good end."""
    asked: int = 0
    failed: int = 0
    refused: tuple[str, ...] = ()
    """Why requests were not let through, one for each."""
    words: str = ""
    """How the first request failed."""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Replay:
    """What the flows asked for."""

    requests: tuple[Recorded, ...]
    coverage: tuple[Coverage, ...]
    notes: tuple[str, ...]
    journal: Path
    """The requests as a guard reads them (`Plan.flows`)."""

    @property
    def secrets(self) -> set[str]:
        """What must stand in no evidence."""
        return recorded.secrets(self.requests)


def replayed(work: Workspace, target: Target, options: Seeded, exclude: Sequence[str], per_second: float) -> Replay:
    """Run the tasks through a guard of their own, which nobody is logged in by, and tell what they asked for.

    Raises `ConfigError` without such a file, and `ToolFailed` or `OutputInvalid` when it can't be run.
    """
    journal = work.scratch / "flows.ndjson"
    journal.touch(0o600)
    plan = Plan(url=target.url, per_second=per_second, exclude=tuple(exclude), record=str(journal))
    with guarded(work, plan) as guard:
        covered = tasks_run(guard.work, target, options, guard.url)
    guard.record(work, "flows-guard")
    requests = recorded.read(journal)
    replay = Replay(requests, (without(covered, recorded.secrets(requests)),), guard.notes(), journal)
    _keep(work, replay)
    if not any(request.status for request in requests):
        raise TargetFailed(f"the flows of {options.flows} asked the target for nothing that it answered", fix="see flows")
    return replay


def tasks_run(work: Workspace, target: Target, options: Seeded, proxy: str) -> Coverage:
    """Run each task once, with everything that Locust's clients ask for sent through `proxy`; says what became of them."""
    report, plan = work.scratch / "flows-tasks.ndjson", work.scratch / "flows-plan.json"
    told = {
        "locustfile": str(_locustfile(work, options)),
        "root": str(work.root),
        "host": target.url,
        "proxy": proxy,
        "report": str(report),
        "task_seconds": options.flows_task_seconds,
        "seconds": options.flows_seconds,
    }
    plan.write_text(json.dumps(told), "utf-8")
    passed = {name: os.environ[name] for name in options.flows_pass_env if name in os.environ}
    until = min(work.limits.deadline, time.monotonic() + options.flows_seconds + MARGIN_SECONDS)
    bounded = dataclasses.replace(work, limits=dataclasses.replace(work.limits, deadline=until))
    tool = Tool(name="locust", version=importlib.metadata.version("locust"), path=Path(sys.executable))
    try:
        run = bounded.run(
            tool, ["-m", MODULE, str(plan)], name="flows", keep={"tasks": report}, env=_environment(proxy, passed)
        )
    finally:
        redact(work, set(passed.values()))
    expect_exit(run, 0)
    return without(became(_words(run.kept.get("tasks"))), set(passed.values()))


def became(words: Sequence[Word]) -> Coverage:
    """The tasks that were found, and what hindered them; raises `OutputInvalid` when they were not all told."""
    found = next((word.found for word in words if word.found), ())
    if not found:
        raise TargetFailed("the flows have no task", fix="see flows")
    reasons = dict.fromkeys(found, "it was not reached")
    left_out: dict[str, str] = {}
    for word in filter(lambda word: word.task, words):
        refused = set(word.refused)
        reasons[word.task] = word.fault or (_failed(word) if word.asked and word.failed == word.asked else "")
        if refused == {EXCLUDED} and reasons[word.task]:
            left_out[word.task] = "it asks for what is excluded by configuration"
        elif ELSEWHERE in refused and reasons[word.task]:
            reasons[word.task] += "; it asks another host, which is refused"
    missing = [Missing(item=name, reason=why) for name, why in reasons.items() if why and name not in left_out]
    wanted = len(reasons) - len(left_out)
    return Coverage(
        what="tasks of the flows",
        measured=wanted - len(missing),
        expected=wanted,
        missing=tuple(missing),
        excluded=tuple(Missing(item=name, reason=why) for name, why in left_out.items()),
    )


def without(covered: Coverage, secrets: set[str]) -> Coverage:
    """The coverage with no secret in its reasons, which quote what the project's own code raised."""
    missing = tuple(Missing(item=one.item, reason=redacted(one.reason, secrets)) for one in covered.missing)
    return msgspec.structs.replace(covered, missing=missing)


def _failed(word: Word) -> str:
    return f"all of its requests failed, the first: {word.words}"


def _locustfile(work: Workspace, options: Seeded) -> Path:
    path = inside(work.judging, options.flows)
    if path is None:
        raise ConfigError(f"flows: there is no file {options.flows} in {work.judging}")
    return path


def _environment(proxy: str, passed: Mapping[str, str]) -> dict[str, str]:
    """Clients that aren't Locust's, such as `requests`, take the proxy from the environment."""
    return {**passed, **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), proxy)}


def _words(report: Path | None) -> list[Word]:
    if report is None:
        raise OutputInvalid("the flows were not run: their process wrote nothing")
    words = ndjson.read(report, Word, "what the flows' process wrote")
    if not any(word.ended for word in words):
        raise OutputInvalid("the flows' process ended before it said that all tasks were run")
    return words


def _keep(work: Workspace, replay: Replay) -> None:
    """Make the requests evidence, as lines without bodies and credentials, of the run that made them."""
    lines = (f"{one.status or 'no reply'} {one.method} {one.path}\n" for one in replay.requests)
    listed = work.scratch / "flows-requests.txt"
    listed.write_text(redacted("".join(lines), replay.secrets), "utf-8")
    artifact = work.directory.keep(work.gate, listed, listed.name)
    number = next(index for index, evidence in enumerate(work.evidence) if evidence.tool == "locust")
    run = dataclasses.replace(work, evidence=[work.evidence[number]])
    # What the tasks printed may quote what they were sent.
    redact(run, replay.secrets)
    work.evidence[number] = msgspec.structs.replace(run.evidence[0], files=(*run.evidence[0].files, artifact))
