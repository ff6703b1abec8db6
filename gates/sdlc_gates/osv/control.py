"""A question whose answer is known, put to a service on the network beside the others: one that answers all alike fails it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from sdlc.model import Coverage, Missing
from sdlc_gates.dependencies.model import Pin
from sdlc_gates.osv.audited import Dependency, Key, Report

CONTROL: Key = ("jinja2", "2.10")
ADVISORY = "PYSEC-2019-217"
REASON = f"the service did not tell of {ADVISORY}, so its silence about the others means nothing"


def beside(pins: Mapping[Key, Pin]) -> Mapping[Key, Pin]:
    """The pins, and the one that is asked about for control; nothing where there is nothing else to ask."""
    name, version = CONTROL
    return {**pins, CONTROL: Pin(name=name, version=version, manifest="")} if pins else {}


def taken_out(reports: Sequence[Report], pins: Mapping[Key, Pin]) -> tuple[list[Report], Coverage]:
    """The reports on the pins alone, and whether the control question was answered."""
    told = any(_tells(dependency) for report in reports for dependency in report.dependencies)
    coverage = Coverage(
        what="control questions",
        measured=int(told),
        expected=1,
        missing=() if told else (Missing(item="==".join(CONTROL), reason=REASON),),
    )
    return [_without(report, pins) for report in reports], coverage


def _tells(dependency: Dependency) -> bool:
    ids = {id for vuln in dependency.vulns or () for id in (vuln.id, *vuln.aliases)}
    return (dependency.name, dependency.version) == CONTROL and ADVISORY in ids


def _without(report: Report, pins: Mapping[Key, Pin]) -> Report:
    own = CONTROL in pins
    # One that was skipped is named without its version.
    named = any(name == CONTROL[0] for name, _ in pins)
    kept = [
        dependency
        for dependency in report.dependencies
        if own or dependency.name != CONTROL[0] or (dependency.version != CONTROL[1] and named)
    ]
    return msgspec.structs.replace(report, dependencies=kept)
