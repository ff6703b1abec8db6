"""Attacking the running application with ZAP, a dynamic scanner."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from sdlc.errors import GateError, NoDescription, NoTarget, SdlcError, TargetFailed
from sdlc.gate import Gate, Tool, Workspace
from sdlc.model import Answer, Coverage, Family, Finding
from sdlc.target import Target
from sdlc_gates._dast import echo, routes
from sdlc_gates._dast.guard import Plan, guarded
from sdlc_gates._dast.redaction import redact
from sdlc_gates._zap import alerts, daemon, rules, seeds
from sdlc_gates._zap.daemon import Daemon
from sdlc_gates._zap.fence import fenced
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates._zap.passage import through
from sdlc_gates._zap.rules import Installed
from sdlc_gates._zap.scan import SCRIPTED_ACTIVE, Scan

HERE = Path(__file__).parent
# What the planted page shows to who attacks it, and to who only looks.
SCRIPTING = 79
UNPROTECTED = frozenset({693, 1021})


class Zap(Gate):
    """Finds weaknesses that show in the replies of the running application."""

    kind = "zap"
    summary = "weaknesses of the running application, by attacking it"
    family = Family.DAST
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
        target, identity = self._target(work), self.options.identity()
        if identity is None:
            return self._scanned(work, target, "")
        with guarded(work, Plan(url=target.url, exclude=self.options.exclude, identity=identity)) as guard:
            try:
                answer = self._scanned(guard.work, target, guard.url)
            finally:
                redact(work, guard.secrets)
        guard.record(work)
        coverage, notes = (*answer.coverage, *guard.coverage()), (*answer.notes, *guard.notes())
        return msgspec.structs.replace(answer, coverage=coverage, notes=notes)

    def _scanned(self, work: Workspace, target: Target, proxy: str) -> Answer:
        """What a scan says that reaches the target through `proxy`, if there is one."""
        with self._daemon(work) as running, through(running.api, proxy):
            scan = Scan(running, target, self.options, work)
            try:
                return _scanned(scan)
            except GateError as error:
                error.answer = _known_so_far(scan)
                raise

    def _target(self, work: Workspace) -> Target:
        if work.target is None:
            raise NoTarget
        if not work.target.is_local and self.options.mode != "baseline" and not self.options.attack_remote:
            raise TargetFailed(
                f"{work.target.url} is not on this machine, and an attack changes data",
                fix="set attack_remote = true if it may be attacked",
            )
        if self.options.mode == "api" and not work.target.openapi:
            raise NoDescription
        return routes.declared(work.target, work.routes if self.options.code_routes and self.options.mode != "api" else ())

    def _daemon(self, work: Workspace) -> contextlib.AbstractContextManager[Daemon]:
        if self.options.url:
            return daemon.attached(self.options, work)
        return daemon.started(daemon.find(self.options), self.options, work)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        empty = work.scratch / "planted"
        empty.mkdir()
        # Nobody can log in at the planted page, and what is left out of the project says nothing of it.
        options = msgspec.structs.replace(self.options, exclude=(), login=None, headers_env={}, logged_in=None)
        with echo.planted() as target:
            yield Zap(self.id, options), dataclasses.replace(work.narrowed(empty, "canary"), target=target, routes=())

    def caught(self, answer: Answer) -> bool:
        weaknesses = {cwe for finding in answer.findings for cwe in finding.rule.cwe}
        return bool(weaknesses & UNPROTECTED) if self.options.mode == "baseline" else SCRIPTING in weaknesses


def _scanned(scan: Scan) -> Answer:
    """Every phase in turn; raises when one of them has no answer."""
    with fenced(scan.api, scan.target, scan.options) as context:
        installed = rules.prepare(scan.daemon, scan.options)
        try:
            _record(scan, installed)
            return _phases(scan, installed, context)
        finally:
            with contextlib.suppress(SdlcError):
                rules.remove(scan.api, installed.house)


def _phases(scan: Scan, installed: Installed, context: str) -> Answer:
    scan.access()
    notes = [note] if (note := seeds.sow(scan)) else []
    if scan.options.mode != "api":
        scan.crawl()
    scan.settle()
    covered = [routes.coverage(routes.known(scan.target), scan.visits(), scan.options.exclude)]
    if scan.options.mode != "baseline":
        covered.append(scan.attack(context, installed.scripted))
        scan.settle()
    covered += _rules_at_work(scan, installed)
    findings, elsewhere = _alerts(scan)
    return Answer(findings=findings, coverage=tuple(covered), notes=(*_limits(installed), *notes, *elsewhere))


def _record(scan: Scan, installed: Installed) -> None:
    """Keep which ZAP this was: its add-ons and its rules."""
    addons = scan.api.ask(list[dict[str, Any]], lambda zap: zap.autoupdate.installed_addons)
    scan.daemon.keep(
        scan.work,
        "zap.json",
        {
            "version": scan.daemon.version,
            "addons": {str(addon.get("id")): str(addon.get("version")) for addon in addons},
            "active": [f"{rule.id} {rule.name}" for rule in installed.active if rule.enabled],
            "passive": [f"{rule.id} {rule.name}" for rule in installed.passive if rule.enabled],
            "house": [rule.name for rule in installed.house],
        },
    )


def _rules_at_work(scan: Scan, installed: Installed) -> list[Coverage]:
    if not installed.house:
        return []
    lost = rules.unanswered(scan.api)
    asked = scan.api.ask(int, lambda zap: zap.core.number_of_messages())
    replies = Coverage(what="probes", measured=max(asked - len(lost), 0), expected=asked, missing=lost)
    return [rules.after(scan.api, installed.house), *([replies] if lost else [])]


def _alerts(scan: Scan, name: str = "alerts.json") -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    found = scan.api.ask(list[dict[str, Any]], lambda zap: zap.core.alerts())
    return alerts.parse(scan.daemon.keep(scan.work, name, found), scan.target.url)


def _limits(installed: Installed) -> Iterator[str]:
    """What a reviewer should know about the rules that were there."""
    own = sum(rule.enabled and rule.id != SCRIPTED_ACTIVE for rule in (*installed.active, *installed.passive))
    if not own:
        yield f"only our {len(installed.house)} script rules looked; none of ZAP's own was installed or switched on"


def _known_so_far(scan: Scan) -> Answer:
    """What was found before it ended without an answer; empty when the daemon no longer tells."""
    try:
        findings, notes = _alerts(scan, "alerts-so-far.json")
    except (SdlcError, OSError):
        return Answer()
    return Answer(findings=findings, notes=notes)
