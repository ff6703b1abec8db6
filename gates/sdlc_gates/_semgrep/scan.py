"""Runs Semgrep over targets, and over some of them again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from sdlc.errors import OutputInvalid, ToolFailed
from sdlc.gate import Tool, Workspace, expect_exit, read_report
from sdlc.inventory import batches
from sdlc_gates._semgrep.report import Outcome, parse
from sdlc_gates._semgrep.rules import RuleSet
from sdlc_gates._semgrep.shape import Report
from sdlc_gates._semgrep.targets import Target

# Nothing to say; errors of rules or fatal; syntax errors. The report says which.
ANSWERS = (0, 2, 3)
ATTEMPTS = 2
"""How often files are looked at again on which Semgrep's clock ran out."""
ENVIRONMENT = {
    "SEMGREP_SEND_METRICS": "off",
    # Offline, its question for a newer version takes minutes, and not every part of it obeys the option.
    "SEMGREP_ENABLE_VERSION_CHECK": "0",
    # It asks git about the folder it runs in; no repository's configuration is to be read.
    "GIT_DIR": os.devnull,
}
FLAGS = (
    *("scan", "--metrics", "off", "--disable-version-check", "--strict", "--verbose", "--json", "--time"),
    *("--disable-nosem", "--no-git-ignore", "--max-target-bytes", "0", "--no-rewrite-rule-ids"),
    # Its clocks would make the answer depend on how busy the machine is; the engine's limits rule.
    *("--timeout", "0", "--timeout-threshold", "0", "--max-memory", "0"),
    # Processes. Its threads wait for each other: two of them on a busy machine take three times as long as one.
    "--x-parmap",
)


def scanned(work: Workspace, tool: Tool, rules: RuleSet, targets: Sequence[Target], jobs: int) -> Outcome:
    """What Semgrep says about the targets, looked at in `jobs` processes."""
    work.say(f"{len(rules.rules)} rules over {len(targets)} files")
    outcome = _scan(work, tool, rules, targets, jobs, "scan")
    for attempt in range(ATTEMPTS):
        late = [target for target in targets if target.path in outcome.overrun]
        if not late:
            break
        work.say(f"{len(late)} files again, alone")
        outcome = outcome.corrected(_scan(work, tool, rules, late, 1, f"again-{attempt}"))
    return outcome


def _scan(work: Workspace, tool: Tool, rules: RuleSet, targets: Sequence[Target], jobs: int, name: str) -> Outcome:
    compiled, outcome = rules.compiled(), Outcome()
    given = {str(target.given): target for target in targets}
    for number, batch in enumerate(batches(target.given for target in targets)):
        place = work.scratch / f"{name}-{number}"
        place.mkdir()
        (place / "rules.json").write_bytes(compiled)
        report = _run(work, tool, ("--jobs", str(jobs), *batch), place)
        outcome = outcome.joined(parse(report, tuple(given[path] for path in batch), rules))
    return outcome


def _run(work: Workspace, tool: Tool, arguments: Sequence[str], place: Path) -> Report:
    config, output = place / "rules.json", place / "report.json"
    run = work.run(
        tool,
        [*FLAGS, "--config", str(config), "--output", str(output), *arguments],
        name=place.name,
        keep={"report": output, "rules": config},
        # Ids of rules that it refuses get the path from here to the rules for a prefix.
        cwd=place,
        env=ENVIRONMENT,
    )
    expect_exit(run, *ANSWERS)
    report = read_report(run, "report", Report)
    if report.version != tool.version:
        raise OutputInvalid(f"Semgrep {tool.version} is installed, and the report is by {report.version}")
    if run.code and not report.errors:
        raise ToolFailed(f"Semgrep ended with exit code {run.code}, and its report doesn't say why: {run.last_words}")
    return report
