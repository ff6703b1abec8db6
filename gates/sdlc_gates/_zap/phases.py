"""One scan from its first request to its answer: a scan of ours, or a plan of the user's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdlc.errors import GateError, SdlcError
from sdlc.model import Answer, Coverage, Missing
from sdlc_gates._dast import routes
from sdlc_gates._dast.flows import Replay
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

    flows: Replay | None = None
    """What the project's own flows asked for."""

    @property
    def secrets(self) -> set[str]:
        """What must stand in no evidence."""
        return {*self.headers.values(), *self.variables, *(self.flows.secrets if self.flows else ())}


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
            covered, notes = (_planned if errand.plan else _phases)(scan, installed, errand)
            covered += [*_rules_at_work(scan, installed), *_left_out(installed, left_out)]
            findings, told = store.findings(scan)
            return Answer(findings=findings, coverage=tuple(covered), notes=(*_limits(installed), *notes, *told))
    finally:
        with contextlib.suppress(SdlcError):
            rules.remove(scan.api, scripts)


def _phases(scan: Scan, installed: Installed, errand: Errand) -> tuple[list[Coverage], list[str]]:
    notes = _begun(scan, errand)
    notes += [note] if (note := seeds.sow(scan)) else []
    notes += definitions.sow(scan)
    if scan.options.mode != "api":
        scan.crawl()
    scan.settle()
    # An attack asks for much that is not there, and none of it is a route.
    covered = [_routes(scan, errand.flows)]
    if scan.attacks:
        covered.append(scan.attack(scripted=installed.scripted))
        scan.settle()
    return covered, notes


def _planned(scan: Scan, installed: Installed, errand: Errand) -> tuple[list[Coverage], list[str]]:
    assert errand.plan is not None
    known = frozenset(rule.id for rule in (*installed.active, *installed.passive))
    plan.demand(errand.plan, rules.addons(scan.api), known)
    notes = _begun(scan, errand)
    file = planned.staged(errand.plan, scan.options, scan.work.judging, scan.daemon.inputs)
    covered, told = planned.follow(scan, errand.plan, file, scripted=installed.scripted)
    scan.settle()
    return [_routes(scan, errand.flows), *covered], [*notes, *told]


def _begun(scan: Scan, errand: Errand) -> list[str]:
    scan.access()
    return [seeds.resend(scan, errand.flows.requests)] if errand.flows else []


def _routes(scan: Scan, flows: Replay | None) -> Coverage:
    """How many of the known routes answered, to the flows or to ZAP before it attacked."""
    recorded = [one.visit(scan.target.url) for one in flows.requests] if flows else []
    return scope.coverage(routes.known(scan.target), [*recorded, *scan.visits()], scan.options)


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
