"""Attacking the running application with Wapiti, a dynamic scanner that needs nothing but Python.

Wapiti is GPL, so it is never imported: it runs as a process in an environment of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sdlc.environments import Environment
from sdlc.errors import NoTarget, OutputInvalid, TargetFailed
from sdlc.gate import Gate, Tool, ToolRun, Workspace, expect_exit, read_report
from sdlc.model import Answer, Family
from sdlc.target import Target
from sdlc_gates._dast import echo, routes
from sdlc_gates._dast.guard import Guard, Plan, guarded
from sdlc_gates._dast.openapi import base_path
from sdlc_gates._dast.redaction import redact
from sdlc_gates._wapiti.options import Module, WapitiOptions
from sdlc_gates._wapiti.report import VERSION, Report, parse

HERE = Path(__file__).parent
SCRIPTING = 79
STORED = ("xss", "permanentxss")
# Kept back of the whole deadline, to write and read the report.
RESERVE_SECONDS = 20.0


class Wapiti(Gate):
    """Finds weaknesses that show in the replies of the running application, without ZAP."""

    kind = "wapiti"
    summary = "weaknesses of the running application, by attacking it without ZAP"
    family = Family.DAST
    uses_target = True
    deadline = 1800
    Options = WapitiOptions
    options: WapitiOptions
    environment = Environment(name=kind, lock=HERE / "locks" / "wapiti.txt", command="wapiti", version=VERSION)

    def probe(self) -> Tool:
        return self.environment.tool()

    def proof_rests_on(self) -> tuple[Path, ...]:
        return (Path(__file__), HERE / "_dast", HERE / "_wapiti", HERE / "locks" / "wapiti.txt")

    def check(self, work: Workspace) -> Answer:
        tool, target, options = self.probe(), self._target(work), self.options
        plan = Plan(
            url=target.url,
            per_second=options.requests_per_second,
            exclude=options.exclude,
            identity=options.identity(),
            page_locations=True,
        )
        planned = rounds(options.modules)
        with guarded(work, plan) as guard:
            runs = [self._round(work, tool, target, guard, planned[number:]) for number in range(len(planned))]
        guard.record(work)
        reports = [read_report(run, "report", Report) for run in runs]
        log = "".join(run.kept["log"].read_text("utf-8", "replace") for run in runs)
        answer = parse(reports[0], reports[-1], log, target, options.modules, options.exclude)
        coverage = (*answer.coverage, *guard.coverage())
        return msgspec.structs.replace(answer, coverage=coverage, notes=(*answer.notes, *guard.notes()))

    def _round(
        self, work: Workspace, tool: Tool, target: Target, guard: Guard, ahead: tuple[tuple[Module, ...], ...]
    ) -> ToolRun:
        """Run Wapiti with the first of the rounds ahead; those after the very first attack what that one found."""
        number = len(rounds(self.options.modules)) - len(ahead) + 1
        report, log = work.scratch / f"report-{number}.json", work.scratch / f"wapiti-{number}.log"
        argv = [*self._argv(work, target, guard, ahead, first=number == 1), "--output", str(report), "--log", str(log)]
        try:
            name = "scan" if number == 1 else f"scan-{number}"
            run = guard.work.run(tool, argv, name=name, keep={"report": report, "log": log})
        finally:
            redact(work, guard.secrets)
        expect_exit(run, 0)
        if "log" not in run.kept:
            raise OutputInvalid(f"Wapiti wrote no log, so nothing tells what it did: {run.last_words}")
        return run

    def _target(self, work: Workspace) -> Target:
        if work.target is None:
            raise NoTarget
        if not work.target.is_local and not self.options.attack_remote:
            raise TargetFailed(
                f"{work.target.url} is not on this machine, and an attack changes data",
                fix="set attack_remote = true if it may be attacked",
            )
        return routes.declared(work.target, work.routes if self.options.code_routes else ())

    def _argv(
        self, work: Workspace, target: Target, guard: Guard, ahead: tuple[tuple[Module, ...], ...], *, first: bool
    ) -> list[str]:
        options = self.options
        left = work.limits.deadline - time.monotonic() - RESERVE_SECONDS
        crawl = min(options.crawl_seconds, left / 2) if first else 0.0
        values = {
            "--url": f"{target.url}/",
            "--scope": "folder",
            "--proxy": guard.url,
            "--module": ",".join(ahead[0]),
            "--level": str(options.level),
            "--depth": str(options.max_depth),
            "--max-scan-time": f"{crawl:.0f}",
            # Few modules need long, so each may take twice its share.
            "--max-attack-time": f"{max(1.0, 2 * (left - crawl) / max(2, sum(map(len, ahead)))):.0f}",
            "--format": "json",
            "--detailed-report": "2",
            "--verbose": "1",
            "--store-session": str(work.scratch / "session"),
            "--store-config": str(work.scratch / "config"),
            # Modules that are off look these up too, and their defaults are the vendor's.
            "--endpoint": f"{target.url}/",
            "--dns-endpoint": "localhost",
        }
        pairs = [*values.items(), *self._seeds(work, target)]
        return ["--no-bugreport", "--flush-session" if first else "--skip-crawl", *(part for pair in pairs for part in pair)]

    def _seeds(self, work: Workspace, target: Target) -> Iterator[tuple[str, str]]:
        """Where to begin beside the first page, and what to leave out."""
        for pattern in self.options.exclude:
            yield "--exclude", f"{target.url}{pattern}"
            yield "--exclude", f"{target.url}{pattern}?*"
        for parameter in self.options.skip:
            yield "--skip", parameter
        for start in routes.starts(target, self.options.exclude):
            yield "--start", start
        if target.openapi:
            described = work.scratch / "openapi.json"
            described.write_text(json.dumps(localized(target.openapi, target.url)), "utf-8")
            yield "--swagger", str(described)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        empty = work.scratch / "planted"
        empty.mkdir()
        # Nobody can log in at the planted page, and what is left out of the project says nothing of it.
        options = msgspec.structs.replace(self.options, exclude=(), login=None, headers_env={}, logged_in=None)
        with echo.planted() as target:
            yield Wapiti(self.id, options), dataclasses.replace(work.narrowed(empty, "canary"), target=target, routes=())

    def caught(self, answer: Answer) -> bool:
        return any(SCRIPTING in finding.rule.cwe for finding in answer.findings)


def rounds(modules: tuple[Module, ...]) -> tuple[tuple[Module, ...], ...]:
    """The modules in the order of their runs: markup that was stored is looked for before the others' payloads bury it.

    In one run Wapiti looks for it last, whatever the order.
    """
    early = tuple(module for module in modules if module in STORED)
    late = tuple(module for module in modules if module not in STORED)
    return tuple(filter(None, (early, late))) if "permanentxss" in early else (modules,)


def localized(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The description with the target's address in place of those it names, which are left alone otherwise."""
    rest = {key: value for key, value in document.items() if key not in ("servers", "host", "schemes", "basePath")}
    base = base_path(document)
    if "swagger" in document:
        scheme, _, place = url.partition("://")
        return {**rest, "host": place, "schemes": [scheme], "basePath": base or "/"}
    return {**rest, "servers": [{"url": url + base}]}
