"""Attacking the running application with ZAP, a dynamic scanner."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sdlc.errors import GateError, NoDescription, NoTarget, TargetFailed
from sdlc.gate import Gate, Tool, Workspace
from sdlc.model import Answer, Family, Stage
from sdlc.target import Target
from sdlc_gates._dast import echo, routes
from sdlc_gates._dast.client import redacted
from sdlc_gates._dast.flows import replayed
from sdlc_gates._dast.guard import Guard, Plan, guarded
from sdlc_gates._dast.login import from_environment
from sdlc_gates._dast.redaction import redact
from sdlc_gates._zap import daemon, definitions, planned, rules
from sdlc_gates._zap.daemon import Daemon
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates._zap.passage import through
from sdlc_gates._zap.phases import Errand, answered
from sdlc_gates._zap.scan import Scan

HERE = Path(__file__).parent
# What the planted page shows to who attacks it, and to who only looks.
SCRIPTING = 79
UNPROTECTED = frozenset({693, 1021})
PLANTED = {"paths": {"/search": {"get": {"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]}}}}


class Zap(Gate):
    """Finds weaknesses that show in the replies of the running application."""

    kind = "zap"
    summary = "weaknesses of the running application, by attacking it"
    family = Family.DAST
    covers = frozenset({"routes"})
    stages = (Stage.PR, Stage.RELEASE)
    uses_target = True
    deadline = 1800
    Options = ZapOptions
    options: ZapOptions

    def probe(self) -> Tool:
        if self.options.url:
            return Tool(name="zap", version="", path=Path(self.options.url))
        launcher = daemon.find(self.options)
        return Tool(name="zap", version=launcher.version, path=Path(launcher.argv[0]))

    def proof_rests_on(self) -> tuple[Path, ...]:
        return (Path(__file__), HERE / "_zap", HERE / "_dast", rules.FOLDER)

    def check(self, work: Workspace) -> Answer:
        options, target, identity = self.options, self._target(work), self.options.identity()
        errand = self._errand(work, target)
        flows = errand.flows
        # What ZAP does by itself is kept to the target by its own bans; what others wrote for it is not.
        if identity is None and not (flows or errand.plan or options.graphql or options.soap):
            return self._scanned(work, target, errand, None)
        journal = str(flows.journal) if flows else ""
        with guarded(work, Plan(url=target.url, exclude=options.exclude, identity=identity, flows=journal)) as guard:
            answer = self._scanned(work, target, errand, guard)
        guard.record(work)
        coverage = (*answer.coverage, *(flows.coverage if flows else ()), *guard.coverage())
        notes = (*answer.notes, *(flows.notes if flows else ()), *guard.notes())
        return msgspec.structs.replace(answer, coverage=coverage, notes=notes)

    def _scanned(self, work: Workspace, target: Target, errand: Errand, guard: Guard | None) -> Answer:
        """What a scan says that reaches the target through the guard, if there is one; no secret is in any of its files."""
        attacks = errand.plan.attacks if errand.plan else self.options.mode != "baseline"
        inner = guard.work if guard else work
        try:
            with self._daemon(inner) as running, through(running.api, guard.url if guard else ""):
                answer = answered(Scan(running, target, self.options, inner, attacks), errand)
        except GateError as error:
            error.answer = hushed(error.answer, _secrets(errand, guard))
            raise
        finally:
            redact(work, _secrets(errand, guard))
        return hushed(answer, _secrets(errand, guard))

    def _errand(self, work: Workspace, target: Target) -> Errand:
        """What is done beside an ordinary scan; raises `ConfigError` or `TargetFailed` when that can't be."""
        options = self.options
        headers = from_environment(options.request_headers_env, "header")
        plan = planned.blueprint(options, work.judging, target.url) if options.plan else None
        variables = frozenset(plan.values[name] for name in options.plan_env) if plan else frozenset[str]()
        flows = replayed(work, target, options, options.exclude, options.requests_per_second) if options.flows else None
        return Errand(headers, plan, variables, flows)

    def _target(self, work: Workspace) -> Target:
        target, options = work.target, self.options
        if target is None:
            raise NoTarget
        if not target.is_local and not options.attack_remote:
            raise TargetFailed(
                f"{target.url} is not on this machine, and a scan changes data: even one that only looks follows every link",
                fix="set attack_remote = true if it may be scanned",
            )
        if options.mode == "api" and not (target.openapi or options.graphql or options.soap):
            raise NoDescription
        own = work.routes if options.code_routes and options.mode != "api" else ()
        return definitions.routed(routes.declared(target, own), options)

    def _daemon(self, work: Workspace) -> contextlib.AbstractContextManager[Daemon]:
        if self.options.url:
            return daemon.attached(self.options, work)
        return daemon.started(daemon.find(self.options), self.options, work)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        empty = work.scratch / "planted"
        empty.mkdir()
        with echo.planted() as target:
            # In mode api only what is described is asked for.
            described = dataclasses.replace(target, openapi=PLANTED)
            planted = dataclasses.replace(work.narrowed(empty, "canary"), target=described, routes=())
            yield Zap(self.id, planted_options(self.options, work.judging)), planted

    def caught(self, answer: Answer) -> bool:
        weaknesses = {cwe for finding in answer.findings for cwe in finding.rule.cwe}
        return bool(weaknesses & UNPROTECTED) if self.options.mode == "baseline" else SCRIPTING in weaknesses


def planted_options(options: ZapOptions, root: Path) -> ZapOptions:
    """The options for the planted page: the same ZAP and rules, without what is said of the user's own application.

    A plan names the user's pages, so a scan of ours takes its place: one that attacks where the plan does.
    """
    mode = options.mode
    if options.plan:
        mode = "full" if planned.attacks(options, root) else "baseline"
    return msgspec.structs.replace(
        options,
        mode=mode,
        plan="",
        plan_vars={},
        plan_env={},
        include=(),
        exclude=(),
        context_file="",
        graphql=None,
        soap=None,
        filters=(),
        login=None,
        headers_env={},
        logged_in=None,
        flows="",
    )


def _secrets(errand: Errand, guard: Guard | None) -> set[str]:
    return errand.secrets | (guard.secrets if guard else set())


def hushed(answer: Answer, secrets: set[str]) -> Answer:
    """The answer without the secrets: a page may show what it was sent."""
    findings = tuple(
        msgspec.structs.replace(finding, message=redacted(finding.message, secrets), proof=redacted(finding.proof, secrets))
        for finding in answer.findings
    )
    return msgspec.structs.replace(answer, findings=findings)
