"""Attacking the running application with Wapiti, a dynamic scanner that needs nothing but Python.

Wapiti is GPL, so it is never imported: it runs as a process in an environment of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sdlc.environments import Environment
from sdlc.errors import GateError, NoTarget, TargetFailed
from sdlc.gate import Gate, Tool, Workspace, read_report
from sdlc.model import Answer, Family, Stage
from sdlc.target import Target
from sdlc_gates._dast import echo, routes
from sdlc_gates._dast.flows import Replay, replayed
from sdlc_gates._dast.guard import Plan, guarded
from sdlc_gates._dast.path_values import PathValues
from sdlc_gates._wapiti.description import templates
from sdlc_gates._wapiti.options import WapitiOptions
from sdlc_gates._wapiti.report import VERSION, Report, parse
from sdlc_gates._wapiti.scan import Scan

HERE = Path(__file__).parent
# What the planted page lacks or lets happen, by the module that must say so.
PLANTED = {"xss": 79, "csp": 693, "http_headers": 1021}


class Wapiti(Gate):
    """Finds weaknesses that show in the replies of the running application, without ZAP."""

    kind = "wapiti"
    summary = "weaknesses of the running application, by attacking it without ZAP"
    family = Family.DAST
    covers = frozenset({"routes", "modules"})
    stages = (Stage.PR, Stage.RELEASE)
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
        flows = replayed(work, target, options, options.exclude, options.requests_per_second) if options.flows else None
        values = PathValues(templates(target.openapi or {}, target.routes) if options.path_values else (), options.values)
        with guarded(work, self._plan(target, flows, values)) as guard:
            if flows:
                guard.known |= flows.secrets
            runs = Scan(tool, target, options, guard, flows.requests if flows else (), values).run()
        guard.record(work)
        reports = [read_report(run, "report", Report) for run in runs]
        logs = [run.kept["log"].read_text("utf-8", "replace") for run in runs]
        visited = [one.visit(target.url) for one in flows.requests] if flows else []
        answer = parse(reports, logs, target, options.modules, options.exclude, visited, values)
        coverage, notes = guard.coverage(), guard.notes()
        if flows:
            coverage, notes = (*flows.coverage, *coverage), (*flows.notes, *notes)
        return msgspec.structs.replace(answer, coverage=(*answer.coverage, *coverage), notes=(*answer.notes, *notes))

    def _plan(self, target: Target, flows: Replay | None, values: PathValues) -> Plan:
        return Plan(
            url=target.url,
            per_second=self.options.requests_per_second,
            exclude=self.options.exclude,
            identity=self.options.identity(),
            flows=str(flows.journal) if flows else "",
            templates=values.templates,
            page_locations=True,
        )

    def _target(self, work: Workspace) -> Target:
        if work.target is None:
            raise NoTarget
        if not work.target.is_local and not self.options.attack_remote:
            raise TargetFailed(
                f"{work.target.url} is not on this machine, and an attack changes data",
                fix="set attack_remote = true if it may be attacked",
            )
        return routes.declared(work.target, work.routes if self.options.code_routes else ())

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        if not PLANTED.keys() & set(self.options.modules):
            raise GateError(f"none of the modules that find the planted defect is on: add one of {', '.join(PLANTED)}")
        empty = work.scratch / "planted"
        empty.mkdir()
        # Nobody can log in at the planted page, and what is left out of the project or known of it says nothing of it.
        options = msgspec.structs.replace(self.options, exclude=(), login=None, headers_env={}, logged_in=None, flows="")
        with echo.planted() as target:
            # So little to attack is not worth a start of Wapiti for each core.
            yield (
                Wapiti(self.id, options),
                dataclasses.replace(work.narrowed(empty, "canary"), target=target, routes=(), jobs=1),
            )

    def caught(self, answer: Answer) -> bool:
        wanted = {weakness for module, weakness in PLANTED.items() if module in self.options.modules}
        return bool(wanted) and wanted <= {weakness for finding in answer.findings for weakness in finding.rule.cwe}
