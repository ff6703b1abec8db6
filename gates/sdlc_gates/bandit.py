"""Static analysis of Python source with Bandit."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.gate import SourceGate, Tool, Workspace, expect_exit, own_tool, read_report
from sdlc.inventory import Inventory, batches
from sdlc.model import Answer, Family, Finding, Frozen, Missing, Rule, Severity, SourceLocation
from sdlc.source import asking, markers, quoted, relative

# Bandit has no critical. UNDEFINED is a plugin that named no severity: not a reason to ignore it.
SEVERITIES = {
    "LOW": Severity.LOW,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "UNDEFINED": Severity.MEDIUM,
}
UNPARSED = "syntax error"
# It is installed beside this project, and parses with the same interpreter.
PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"
SCRIPT = re.compile(rb"#![^\n]*\bpython[\d.]*\b")
NOSEC = re.compile(r"#\s*nosec\b.*", re.IGNORECASE)


class BanditOptions(Frozen, frozen=True):
    """Bandit's keys in `[gates.bandit]`."""

    skip: tuple[str, ...] = ()
    """Ids of tests that are not run (`B101`)."""


class Fault(msgspec.Struct):
    """A file that Bandit could not judge."""

    filename: str
    reason: str


class Cwe(msgspec.Struct):
    """A weakness as Bandit names it; an empty object where it knows none."""

    id: int = 0


class Result(msgspec.Struct):
    """One entry of Bandit's report."""

    test_id: str
    test_name: str
    more_info: str
    issue_severity: str
    issue_confidence: str
    issue_text: str
    issue_cwe: Cwe
    filename: str
    line_number: int
    line_range: list[int]


class Report(msgspec.Struct):
    """What `bandit --format json` writes (1.9)."""

    errors: list[Fault]
    metrics: dict[str, dict[str, Any]]
    results: list[Result]


class Bandit(SourceGate):
    """Finds insecure calls and settings in Python files."""

    kind = "bandit"
    summary = "insecure calls and settings in Python source"
    family = Family.SAST
    covers = frozenset({"files"})
    Options = BanditOptions
    options: BanditOptions
    canary = Path(__file__).parent / "canaries" / "bandit"
    canary_rules = frozenset({"B602"})

    def probe(self) -> Tool:
        return own_tool("bandit", "bandit", ">=1.9,<2")

    def wants(self, path: str) -> bool:
        return path.endswith((".py", ".pyw"))

    def sources(self, work: Workspace) -> Inventory:
        """Files that are called as Python's are, and programs without an ending that say on their first line to be."""
        scripts = frozenset(path for path in work.files.files if "." not in Path(path).name and _is_script(work.root / path))
        if not scripts:
            return super().sources(work)
        return work.files.select(lambda path: self.wants(path) or path in scripts)

    def check(self, work: Workspace) -> Answer:
        tool, files = self.probe(), self.sources(work)
        ini = work.scratch / "own.ini"
        # Without one of ours, Bandit obeys a `.bandit` file that the scanned repository brings.
        ini.write_text("[bandit]\n")
        reports = [self._scan(work, tool, ini, number, batch) for number, batch in enumerate(batches(files.paths()))]
        answer = parse(reports, files)
        findings = quoted(answer.findings, files, NOSEC)
        suppressions = (*markers(files, NOSEC), *asking(work.files, ".bandit"))
        return msgspec.structs.replace(answer, findings=findings, suppressions=suppressions)

    def _scan(self, work: Workspace, tool: Tool, ini: Path, number: int, batch: tuple[str, ...]) -> Report:
        output = work.scratch / f"bandit-{number}.json"
        argv = ["--quiet", "--ignore-nosec", "--ini", str(ini), "--format", "json", "--output", str(output)]
        skip = ["--skip", ",".join(self.options.skip)] if self.options.skip else []
        run = work.run(tool, [*argv, *skip, *batch], name=f"scan-{number}", keep={"report": output})
        expect_exit(run, 0, 1)
        return read_report(run, "report", Report)


def _is_script(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return SCRIPT.match(opened.read(256)) is not None
    except OSError:
        return False


def parse(reports: list[Report], files: Inventory) -> Answer:
    """What the reports say, and which of `files` they speak of."""
    faults = tuple(
        Missing(item=relative(fault.filename, files), reason=_why(fault.reason))
        for report in reports
        for fault in report.errors
    )
    judged = {relative(name, files) for report in reports for name in report.metrics if name != "_totals"}
    findings = tuple(_finding(result, files) for report in reports for result in report.results)
    return Answer(findings=findings, coverage=(files.coverage(judged, faults),))


def _why(reason: str) -> str:
    """Bandit's reason; where it is the syntax, with what to do if that is only too new."""
    newer = f" ({PYTHON}): if it is written for a newer Python, install sdlc-gates under that one"
    return reason + newer if reason.startswith(UNPARSED) else reason


def _finding(result: Result, files: Inventory) -> Finding:
    if result.issue_severity not in SEVERITIES:
        raise OutputInvalid(f"Bandit has a severity that this gate doesn't know: {result.issue_severity!r}")
    return Finding(
        tool="bandit",
        rule=Rule(
            id=result.test_id,
            name=result.test_name,
            help_uri=result.more_info,
            cwe=(result.issue_cwe.id,) if result.issue_cwe.id else (),
        ),
        severity=SEVERITIES[result.issue_severity],
        message=result.issue_text,
        location=SourceLocation(
            path=relative(result.filename, files),
            line=result.line_number,
            end_line=max([result.line_number, *result.line_range]),
        ),
    )
