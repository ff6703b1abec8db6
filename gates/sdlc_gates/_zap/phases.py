"""One scan from its first request to its answer: a scan of ours, or a plan of the user's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdlc.errors import GateError, SdlcError
from sdlc.model import Answer, Coverage, Missing
from sdlc_gates._dast import routes
from sdlc_gates._zap import definitions, plan, planned, rules, scope, seeds, store
from sdlc_gates._zap.fence import fenced
from sdlc_gates._zap.headers import carrying
from sdlc_gates._zap.plan import Blueprint
from sdlc_gates._zap.rules import Installed
from sdlc_gates._zap.scan import SCRIPTED_ACTIVE, Scan
from sdlc_gates._zap.tuning import tuned


@dataclass(frozen=True, slots=True)
class Errand:
    """What a scan does beside what its options say."""

    headers: Mapping[str, str]
    """Sent with every request."""
    plan: Blueprint | None = None
    """Run instead of a scan of ours."""
    variables: frozenset[str] = frozenset()
    """The secret ones of the plan."""

    @property
    def secrets(self) -> set[str]:
        """What must stand in no evidence."""
        return {*self.headers.values(), *self.variables}


def answered(scan: Scan, errand: Errand) -> Answer:
    """What the scan says; a `GateError` that ends it carries what was known by then."""
    try:
        with fenced(scan) as inside:
            return _looked(inside, errand)
    except GateError as error:
        error.answer = _known_so_far(scan)
        raise


def _looked(scan: Scan, errand: Errand) -> Answer:
    scripts = (*rules.chosen(scan.options, attacks=scan.attacks), *carrying(errand.headers, scan.target.url))
    rules.load(scan.daemon, scan.options, scripts)
    try:
        with tuned(scan.api, scan.options) as left_out:
            installed = rules.installed(scan.api, scan.options, scripts, attacks=scan.attacks)
            _record(scan, installed)
            covered, notes = _planned(scan, installed, errand.plan) if errand.plan else _phases(scan, installed)
            covered += [*_rules_at_work(scan, installed), *_left_out(installed, left_out)]
            findings, told = store.findings(scan)
            return Answer(findings=findings, coverage=tuple(covered), notes=(*_limits(installed), *notes, *told))
    finally:
        with contextlib.suppress(SdlcError):
            rules.remove(scan.api, scripts)


def _phases(scan: Scan, installed: Installed) -> tuple[list[Coverage], list[str]]:
    scan.access()
    notes = [note] if (note := seeds.sow(scan)) else []
    notes += definitions.sow(scan)
    if scan.options.mode != "api":
        scan.crawl()
    scan.settle()
    covered = [scope.coverage(routes.known(scan.target), scan.visits(), scan.options)]
    if scan.attacks:
        covered.append(scan.attack(scripted=installed.scripted))
        scan.settle()
    return covered, notes


def _planned(scan: Scan, installed: Installed, blueprint: Blueprint) -> tuple[list[Coverage], list[str]]:
    plan.demand(blueprint, rules.addons(scan.api), frozenset(rule.id for rule in (*installed.active, *installed.passive)))
    scan.access()
    file = planned.staged(blueprint, scan.options, scan.work.root, scan.daemon.inputs)
    covered, notes = planned.follow(scan, blueprint, file, scripted=installed.scripted)
    scan.settle()
    return [scope.coverage(routes.known(scan.target), scan.visits(), scan.options), *covered], list(notes)


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


def _rules_at_work(scan: Scan, installed: Installed) -> Iterator[Coverage]:
    if not installed.house:
        return
    yield rules.after(scan.api, installed.house)
    if lost := rules.unanswered(scan.api):
        asked = scan.messages()
        yield Coverage(what="probes", measured=max(asked - len(lost), 0), expected=asked, missing=lost)


def _left_out(installed: Installed, left_out: tuple[Missing, ...]) -> Iterator[Coverage]:
    if left_out:
        own = sum(rule.enabled for rule in (*installed.active, *installed.passive)) + len(installed.house)
        yield Coverage(what="rules switched on", measured=own, expected=own, excluded=left_out)


def _limits(installed: Installed) -> Iterator[str]:
    """What a reviewer should know about the rules that were there."""
    own = sum(rule.enabled and rule.id != SCRIPTED_ACTIVE for rule in (*installed.active, *installed.passive))
    if not own:
        ours = sum(rule.judges for rule in installed.house)
        yield f"only our {ours} script rules looked; none of ZAP's own was installed or switched on"


def _known_so_far(scan: Scan) -> Answer:
    """What was found before it ended without an answer; empty when the daemon no longer tells."""
    try:
        findings, notes = store.findings(scan, "alerts-so-far.json")
    except (SdlcError, OSError):
        return Answer()
    return Answer(findings=findings, notes=notes)
