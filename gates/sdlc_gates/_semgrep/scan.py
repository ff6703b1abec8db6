"""Runs Semgrep over targets, and over some of them again."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sdlc.errors import OutputInvalid, ToolFailed
from sdlc.gate import Tool, ToolRun, Workspace, expect_exit, read_report
from sdlc.inventory import batches
from sdlc_gates._semgrep import backtracking
from sdlc_gates._semgrep.report import Outcome, parse
from sdlc_gates._semgrep.rules import RuleSet
from sdlc_gates._semgrep.shape import Report
from sdlc_gates._semgrep.targets import Target

# Nothing to say; errors of rules or fatal; syntax errors. The report says which.
ANSWERS = (0, 2, 3)
BOUNDS = "give every repetition in the rule's expressions a bound"
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
    *("scan", "--metrics", "off", "--disable-version-check", "--strict", "--debug", "--json", "--time"),
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
        place = _prepared(work, f"{name}-{number}", compiled)
        run = _run(work, tool, ("--jobs", str(jobs), *batch), place, backtracking.WATCHED)
        asked = tuple(given[path] for path in batch)
        outcome = outcome.joined(parse(_report(run, tool), asked, rules))
        if backtracking.gave_up(run.stderr):
            outcome = outcome.joined(_given_up(work, tool, rules, asked, place.name))
    return outcome


def _given_up(work: Workspace, tool: Tool, rules: RuleSet, targets: Sequence[Target], name: str) -> Outcome:
    """In which of the targets a regular expression passed Semgrep's limit, seen by one process that says where it is."""
    work.say("where a regular expression passed its limit")
    chosen = backtracking.with_expressions(rules)
    place = _prepared(work, f"{name}-limits", chosen.compiled())
    paths = {str(target.given): target.path for target in targets}
    run = _run(work, tool, ("--jobs", "1", *paths), place, backtracking.TRACED)
    _report(run, tool)
    places = backtracking.where(run.stderr)
    if not places or not all(given in paths for given, _ in places):
        raise ToolFailed("a regular expression of a rule passed Semgrep's limit, and it does not say where", fix=BOUNDS)
    lost = [
        Outcome(faults={paths[given]: (f"{rule}: a regular expression passed Semgrep's limit; {BOUNDS}",)})
        for given, rule in places
    ]
    return functools.reduce(Outcome.joined, lost)


def _prepared(work: Workspace, name: str, compiled: bytes) -> Path:
    place = work.scratch / name
    place.mkdir()
    (place / "rules.json").write_bytes(compiled)
    return place


def _run(work: Workspace, tool: Tool, arguments: Sequence[str], place: Path, logged: Mapping[str, str]) -> ToolRun:
    config, output = place / "rules.json", place / "report.json"
    run = work.run(
        tool,
        [*FLAGS, "--config", str(config), "--output", str(output), *arguments],
        name=place.name,
        keep={"report": output, "rules": config},
        # Ids of rules that it refuses get the path from here to the rules for a prefix.
        cwd=place,
        env={**ENVIRONMENT, **logged},
    )
    expect_exit(run, *ANSWERS)
    return run


def _report(run: ToolRun, tool: Tool) -> Report:
    report = read_report(run, "report", Report)
    if report.version != tool.version:
        raise OutputInvalid(f"Semgrep {tool.version} is installed, and the report is by {report.version}")
    if run.code and not report.errors:
        raise ToolFailed(f"Semgrep ended with exit code {run.code}, and its report doesn't say why: {run.last_words}")
    return report
