"""Running a plan of ZAP's Automation Framework, and judging it by what it did."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import yaml

from sdlc.checkout import inside
from sdlc.errors import SdlcError
from sdlc.model import Coverage, Missing
from sdlc_gates._dast.login import from_environment
from sdlc_gates._zap import plan as plans
from sdlc_gates._zap.files import named
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates._zap.plan import Blueprint
from sdlc_gates._zap.scan import Scan, attacked

# English, as ZAP speaks unless told otherwise; in another language every job would count as not done.
FINISHED = re.compile(r"Job (.+) finished, time taken: [\d:]+")
# A test that the plan's author wants to hear of, and nothing more.
TEST_FAILED = re.compile(r"Job .+ test of type .+ failed: ")
# What ZAP did not understand in a plan stands in its log alone.
COMPLAINT = re.compile(
    r"CommandLine - ((?:Unrecognised|Invalid|Unsupported|Missing|Failed|Cannot|Neither|Only one) .+|.+ should be .+)"
)
STOP_SECONDS = 5.0
MAX_FILE_BYTES = 64 << 20


class Progress(msgspec.Struct, frozen=True):
    """`automation/view/planProgress` (add-on automation 0.60)."""

    finished: str
    """When it ended; empty until then."""
    info: list[str]
    warn: list[str]
    error: list[str]

    @property
    def done(self) -> Counter[str]:
        """How many jobs of each type came to their end."""
        return Counter(match[1] for line in self.info if (match := FINISHED.fullmatch(line)))


def blueprint(options: ZapOptions, root: Path, url: str) -> Blueprint:
    """The plan that the options name, below the project's root, for the target at `url`.

    Raises `ConfigError` when there is none, `TargetFailed` when it names other places or a variable is not set.
    """
    given = {name: value.replace("{target}", url) for name, value in options.plan_vars.items()}
    plan = plans.read(
        named(root, options.plan).read_bytes(), given | from_environment(options.plan_env, "variable of the plan")
    )
    plans.confine(plan, url)
    return plan


def attacks(options: ZapOptions, root: Path) -> bool:
    """Whether the plan that the options name attacks; raises `ConfigError` when there is none."""
    return plans.read(named(root, options.plan).read_bytes(), {}).attacks


def staged(plan: Blueprint, options: ZapOptions, root: Path, inputs: Path) -> Path:
    """The plan written below `inputs`, with the project's files that it names beside it, as in the project."""
    place = inputs / "plan"
    relative = named(root, options.plan).relative_to(root.resolve())
    file = place / relative
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(dict(plan.document), sort_keys=False, allow_unicode=True), "utf-8")
    folder = relative.parent
    for text in set(plan.texts()):
        found = inside(root, str(folder / text)) if text and not Path(text).is_absolute() else None
        copy = place / folder / text
        if found and found.stat().st_size <= MAX_FILE_BYTES and copy.resolve().is_relative_to(place.resolve()):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(found, copy)
    return file


def follow(scan: Scan, plan: Blueprint, file: Path, *, scripted: bool) -> tuple[tuple[Coverage, ...], tuple[str, ...]]:
    """Run the plan to its end: how many of its jobs came to theirs, and what a reviewer should know.

    `scripted` tells whether script rules are among those that attack.
    Raises `ToolTimeout` at its deadline or when it stands still; it is stopped then.
    """
    before = _written(scan)
    number = scan.begun("plan", lambda zap: zap.automation.run_plan(str(file)))
    jobs = max(1, plan.types.total())

    def progress() -> tuple[int, object]:
        now = _progress(scan, number)
        percent = 100 if now.finished else min(99, 100 * now.done.total() // jobs)
        return percent, (len(now.info), scan.messages())

    try:
        scan.wait("plan", scan.options.plan_seconds, progress)
    except BaseException:
        _stop(scan, number)
        raise
    ended = _progress(scan, number)
    complaints = tuple(dict.fromkeys(COMPLAINT.findall(_written(scan)[len(before) :])))
    scan.daemon.keep(scan.work, "plan.json", {"complaints": complaints, **msgspec.to_builtins(ended)})
    return (jobs_done(plan, ended, complaints), *_attacks(scan, plan, scripted=scripted)), tuple(_notes(ended))


def _stop(scan: Scan, number: str) -> None:
    """End the plan, and wait a moment for what it had begun to end too."""
    with contextlib.suppress(SdlcError):
        scan.api.do(lambda zap: zap.automation.stop_plan(number))
        scan.halt()
        until = time.monotonic() + STOP_SECONDS
        while not _progress(scan, number).finished and time.monotonic() < until:
            scan.work.cancel.wait(0.2)


def _progress(scan: Scan, number: str) -> Progress:
    return scan.api.ask(Progress, lambda zap: zap.automation.plan_progress(number))


def _written(scan: Scan) -> str:
    """What a daemon of ours has written so far; of one that ran before nothing is known."""
    return scan.daemon.process.stdout.read_text("utf-8", "replace") if scan.daemon.process else ""


def jobs_done(plan: Blueprint, ended: Progress, complaints: Iterable[str]) -> Coverage:
    """The jobs that came to their end; each error, warning and complaint stands for something that was not done."""
    done, wanted = ended.done, plan.types
    missing = [
        Missing(item=f"job {type}", reason="it did not come to its end, or ZAP does not know this type of job")
        for type, times in wanted.items()
        for _ in range(times - done[type])
    ]
    faults = [*ended.error, *(text for text in ended.warn if not TEST_FAILED.match(text)), *complaints]
    missing += [Missing(item="plan", reason=text[:300]) for text in dict.fromkeys(faults)]
    measured = sum(min(times, done[type]) for type, times in wanted.items())
    off = tuple(Missing(item=f"job {step.type}", reason="switched off in the plan") for step in plan.steps if not step.enabled)
    return Coverage(
        what="jobs of the plan", measured=measured, expected=measured + len(missing), missing=tuple(missing), excluded=off
    )


def _notes(ended: Progress) -> Iterable[str]:
    for text in ended.warn:
        if TEST_FAILED.match(text):
            yield f"the plan says: {text[:300]}"


def _attacks(scan: Scan, plan: Blueprint, *, scripted: bool) -> Iterable[Coverage]:
    """Whether each attack of the plan took place, and which active rules came to their end in it."""
    if not plan.attacks:
        return
    wanted = plan.types[plans.ATTACKS]
    numbers = [str(one.get("id")) for one in scan.api.ask(list[dict[str, Any]], lambda zap: zap.ascan.scans)]
    yield Coverage(what="attacks of the plan", measured=min(len(numbers), wanted), expected=wanted)
    reports = [part for number in numbers for part in scan.api.ask(list[Any], partial(_report, number=number))]
    scan.daemon.keep(scan.work, "active-rules.json", reports)
    yield attacked(reports, scripted)


def _report(zap: Any, number: str) -> object:
    return zap.ascan.scan_progress(number)
