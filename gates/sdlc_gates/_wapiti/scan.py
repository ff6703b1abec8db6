"""Running Wapiti on one target: once to follow its links, then as often as there are lanes of modules."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sdlc.errors import Cancelled, OutputInvalid, SdlcError
from sdlc.gate import Tool, ToolRun, Workspace, expect_exit
from sdlc.target import Target
from sdlc_gates._dast import routes
from sdlc_gates._dast.flows import MOST_REQUESTS
from sdlc_gates._dast.guard import Guard
from sdlc_gates._dast.path_values import PathValues
from sdlc_gates._dast.recorded import Recorded, distinct
from sdlc_gates._dast.redaction import redact
from sdlc_gates._wapiti.description import localized, usable
from sdlc_gates._wapiti.lanes import Lane, rounds
from sdlc_gates._wapiti.options import WapitiOptions

# Kept back of the whole deadline, to write and read the report.
RESERVE_SECONDS = 20.0
# Of Wapiti's own 32, those that a small server's queue of waiting connections (10 in Django's) has no room for are lost.
AT_ONCE = 8
UNDESCRIBED = {"openapi": "3.0.3", "info": {"title": "recorded", "version": "1"}}


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of one target, through a guard."""

    tool: Tool
    target: Target
    options: WapitiOptions
    guard: Guard
    flows: Sequence[Recorded]
    values: PathValues

    def run(self) -> list[ToolRun]:
        """The runs, that which followed the links first."""
        (first,), *later = rounds(self.options.modules, self.guard.work.jobs)
        ahead = len(first) + sum(max(map(len, lanes)) for lanes in later)
        runs = [self._lane(self.guard.work, 1, first, ahead)]
        for lanes in later:
            runs += self._beside(lanes)
        return runs

    def _beside(self, lanes: tuple[Lane, ...]) -> list[ToolRun]:
        """Run lanes at the same time, each with what the crawl found for itself; one that fails ends the others."""
        works = [self._own(number) for number in range(2, len(lanes) + 2)]
        with ThreadPoolExecutor(len(lanes)) as pool:
            started = [
                pool.submit(self._ending_all, work, number, lane)
                for number, (work, lane) in enumerate(zip(works, lanes, strict=True), 2)
            ]
        for work in works:
            self.guard.work.evidence.extend(work.evidence)
        faults = [error for one in started if (error := one.exception())]
        if faults:
            raise next((error for error in faults if not isinstance(error, Cancelled)), faults[0])
        return [one.result() for one in started]

    def _ending_all(self, work: Workspace, number: int, lane: Lane) -> ToolRun:
        try:
            return self._lane(work, number, lane, len(lane))
        except SdlcError:
            self.guard.work.cancel.set()
            raise

    def _own(self, number: int) -> Workspace:
        """A workspace for one lane: two processes can't share a folder that one of them writes to."""
        scratch = self.guard.work.scratch / f"lane-{number}"
        scratch.mkdir()
        for name in ("session", "config"):
            shutil.copytree(self.guard.work.scratch / name, scratch / name)
        return dataclasses.replace(self.guard.work, scratch=scratch, evidence=[])

    def _lane(self, work: Workspace, number: int, lane: Lane, ahead: int) -> ToolRun:
        """Run Wapiti once; each but the first run attacks what that one found. `ahead` modules share the time that is left."""
        report, log = work.scratch / f"report-{number}.json", work.scratch / f"wapiti-{number}.log"
        argv = [*self._argv(work, lane, ahead, first=number == 1), "--output", str(report), "--log", str(log)]
        try:
            name = "scan" if number == 1 else f"scan-{number}"
            run = work.run(self.tool, argv, name=name, keep={"report": report, "log": log})
        finally:
            redact(work, self.guard.secrets)
        expect_exit(run, 0)
        if "log" not in run.kept:
            raise OutputInvalid(f"Wapiti wrote no log, so nothing tells what it did: {run.last_words}")
        return run

    def _argv(self, work: Workspace, lane: Lane, ahead: int, *, first: bool) -> list[str]:
        options = self.options
        left = work.limits.deadline - time.monotonic() - RESERVE_SECONDS
        crawl = min(options.crawl_seconds, left / 2) if first else 0.0
        values = {
            "--url": f"{self.target.url}/",
            "--scope": "folder",
            "--proxy": self.guard.url,
            "--module": ",".join(lane),
            "--level": str(options.level),
            "--depth": str(options.max_depth),
            "--tasks": str(AT_ONCE),
            "--max-scan-time": f"{crawl:.0f}",
            # Few modules need long, so each may take twice its share.
            "--max-attack-time": f"{max(1.0, 2 * (left - crawl) / max(2, ahead)):.0f}",
            "--format": "json",
            "--detailed-report": "2",
            "--verbose": "1",
            "--store-session": str(work.scratch / "session"),
            "--store-config": str(work.scratch / "config"),
            # Modules that are off look these up too, and their defaults are the vendor's.
            "--endpoint": f"{self.target.url}/",
            "--dns-endpoint": "localhost",
        }
        pairs = [*values.items(), *self._left_alone(), *(self._seeds(work) if first else ())]
        return ["--no-bugreport", "--flush-session" if first else "--skip-crawl", *(part for pair in pairs for part in pair)]

    def _left_alone(self) -> Iterator[tuple[str, str]]:
        """What is not asked for, and what is sent as it is."""
        for pattern in self.options.exclude:
            yield "--exclude", f"{self.target.url}{pattern}"
            yield "--exclude", f"{self.target.url}{pattern}?*"
        for parameter in self.options.skip:
            yield "--skip", parameter

    def _seeds(self, work: Workspace) -> Iterator[tuple[str, str]]:
        """Where to begin beside the first page."""
        target, options = self.target, self.options
        for start in routes.starts(target, options.exclude):
            yield "--start", start
        known = distinct(usable(self.flows, options.skip if options.login else ()), MOST_REQUESTS)
        if target.openapi or known or self.values.templates:
            described = work.scratch / "openapi.json"
            described.write_text(json.dumps(localized(target.openapi or UNDESCRIBED, target.url, known, self.values)), "utf-8")
            yield "--swagger", str(described)
