"""What ZAP has found, read from its store."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sdlc.model import Finding
from sdlc_gates._zap import alerts, filters
from sdlc_gates._zap.scan import Scan


def findings(scan: Scan, name: str = "alerts.json") -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Its alerts as findings, with notes on what was not judged or was filtered; `name` is that of the evidence."""
    listed = scan.api.ask(list[dict[str, Any]], lambda zap: zap.core.alerts())
    kept = scan.daemon.keep(scan.work, name, [*listed, *_hidden(scan, {str(one.get("id")) for one in listed})])
    found, notes = alerts.parse(kept, scan.target.url)
    changed, told = filters.applied(found, scan.options.filters)
    return changed, (*notes, *told)


def _hidden(scan: Scan, listed: set[str]) -> Iterator[dict[str, Any]]:
    """The alerts that ZAP marks as false positives, by a person or a filter: its list leaves them out without a word."""
    tree = scan.api.ask(list[dict[str, list[Any]]], lambda zap: zap.alert.alerts_by_risk())
    for number in dict.fromkeys(_numbers(tree)):
        if number not in listed:
            yield scan.api.ask(dict[str, Any], partial(_alert, number=number))


def _numbers(tree: object) -> Iterator[str]:
    """The ids in the answer of `alert/view/alertsByRisk` (2.17): by severity, then by name, then one entry each."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict) and "id" in node and "risk" in node:
            yield str(node["id"])
        elif isinstance(node, dict):
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _alert(zap: Any, number: str) -> object:
    return zap.alert.alert(number)
