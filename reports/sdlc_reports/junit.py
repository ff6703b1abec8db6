"""JUnit XML: a test suite for each gate, so that what understands test results understands a verdict."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET  # only writes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdlc.identity import place
from sdlc.model import Verdict
from sdlc.policy import Disposition, Outcome, Ruling
from sdlc.report import Report
from sdlc.run import Run
from sdlc_reports.untrusted import block, line
from sdlc_reports.view import EXCUSED, MEANING, GateView, gate_views, obstacles, summary

SUITE = "release"
"""The suite that holds the verdict itself."""


@dataclass(frozen=True, slots=True)
class Case:
    """A test case before it is XML."""

    name: str
    outcome: str = ""
    """The element that says how it ended: `failure`, `error`, `skipped`; empty when it passed."""
    message: str = ""
    text: str = ""


class JUnit(Report):
    """FAIL is a failure, INCONCLUSIVE an error, a waived finding is skipped; green exactly when the verdict is PASS."""

    kind = "junit"
    summary = "JUnit XML for a CI system's test view"
    filename = "report.junit.xml"

    def render(self, run: Run) -> str:
        suites = [_suite(run, SUITE, [_verdict(run)], (run.ended - run.started).total_seconds())]
        suites += [_suite(run, view.id, list(_cases(run, view)), view.seconds) for view in gate_views(run)]
        root = ET.Element("testsuites", name=line(run.subject.name) or "sdlc")
        for name in ("tests", "failures", "errors"):
            root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
        root.set("time", _seconds((run.ended - run.started).total_seconds()))
        root.extend(suites)
        ET.indent(root)
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(run: Run, name: str, cases: Sequence[Case], seconds: float) -> ET.Element:
    suite = ET.Element(
        "testsuite",
        name=line(name),
        tests=str(len(cases)),
        failures=str(sum(case.outcome == "failure" for case in cases)),
        errors=str(sum(case.outcome == "error" for case in cases)),
        skipped=str(sum(case.outcome == "skipped" for case in cases)),
        time=_seconds(seconds),
        timestamp=f"{run.started.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%S}",
    )
    for case in cases:
        element = ET.SubElement(suite, "testcase", classname=f"sdlc.{line(name)}", name=line(case.name))
        if case.outcome:
            ET.SubElement(element, case.outcome, type=case.outcome, message=line(case.message)).text = block(case.text)
        elif case.text:
            ET.SubElement(element, "system-out").text = block(case.text)
    return suite


def _verdict(run: Run) -> Case:
    verdict = run.decision.verdict
    partial = [f"Not a verdict over the whole release: {why}" for why in run.partial]
    reasons = [
        f"{o.reason.verdict.value}: {line(o.reason.text)}" + (f" at {line(o.reason.where)}" if o.reason.where else "")
        for o in obstacles(run)
    ]
    text = "\n".join([f"{verdict.value}. {MEANING[verdict]}", summary(run), *partial, *reasons])
    return Case("verdict", _ending(verdict), f"{verdict.value}: {summary(run)}", text)


def _cases(run: Run, view: GateView) -> Iterator[Case]:
    if view.state != "answered" and not view.doubts:
        yield Case("answers", "skipped", view.said or view.state)
    elif view.doubts:
        doubts = [block(reason.text) + (f"\nFix: {line(reason.fix)}" if reason.fix else "") for reason in view.doubts]
        yield Case("answers", "error", view.doubts[0].text, "\n".join(doubts))
    else:
        yield Case("answers", text="\n".join(view.notes))
    for item in view.coverage:
        coverage = item.coverage
        covered = f"{coverage.measured} of {coverage.expected} {coverage.what}"
        yield Case(f"covers {coverage.what}", "error" if item.shortfall else "", item.shortfall, covered)
    for canary in view.canaries:
        yield Case("catches its canary", "" if canary.caught else "error", canary.detail, canary.detail)
    yield from (_threshold(outcome) for outcome in run.decision.outcomes if outcome.threshold.gate == view.id)
    yield from (_problem(ruling) for ruling in run.decision.rulings if view.id in ruling.problem.gates)


def _threshold(outcome: Outcome) -> Case:
    text = f"{outcome.because}\nset by {outcome.threshold.origin}"
    return Case(f"threshold {outcome.threshold.text}", _ending(outcome.verdict), outcome.because, text)


def _problem(ruling: Ruling) -> Case:
    first = ruling.problem.first
    by = ", ".join(sorted({f"{finding.tool} {finding.rule.id}" for finding in ruling.problem.findings}))
    fix = next((finding.fix for finding in ruling.problem.findings if finding.fix), "")
    lines = [
        line(first.message),
        f"{ruling.problem.severity.value}, {ruling.disposition.value}: {line(ruling.because)}",
        f"reported by {line(by)}; fingerprint {ruling.problem.fingerprint}",
        *([f"Fix: {line(fix)}"] if fix else []),
        *([block(first.proof)] if first.proof else []),
    ]
    outcome = "failure" if ruling.disposition is Disposition.BLOCKING else "skipped" if ruling.disposition in EXCUSED else ""
    message = first.message if outcome == "failure" else ruling.because
    return Case(f"{first.rule.id} at {place(first.location)}", outcome, message, "\n".join(lines))


def _ending(verdict: Verdict) -> str:
    return {Verdict.PASS: "", Verdict.FAIL: "failure", Verdict.INCONCLUSIVE: "error"}[verdict]


def _seconds(seconds: float) -> str:
    return f"{max(0.0, seconds):.3f}"
