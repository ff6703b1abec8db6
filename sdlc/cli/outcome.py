"""What is shown when a run is over: a table, then what stands in the way, the most severe first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sdlc.cli.console import VERDICT_STYLE, plain, severity_text, verdict_text
from sdlc.cli.progress import summary
from sdlc.model import Verdict
from sdlc.policy import Disposition
from sdlc.run import Run
from sdlc.tally import Obstacle, obstacles

SHOWN_REASONS = 20
SHOWN_ALIKE = 3
SHOWN_FINGERPRINT = 8
LONG_TEXT = 120


def show(run: Run, console: Console, pages: list[Path]) -> None:
    """Print the outcome of a run."""
    if run.results:
        console.print(_table(run))
    _print_reasons(run, console)
    _print_remarks(run, console)
    for page in pages:
        console.print(f"report: {page}")
    scope = f" ({'; '.join(run.partial)})" if run.partial else ""
    words = {
        Verdict.PASS: "may be released",
        Verdict.FAIL: "must not be released",
        Verdict.INCONCLUSIVE: "can't be judged, so it is blocked",
    }
    verdict = run.decision.verdict
    sentence = (
        words[verdict]
        if not run.partial or verdict is not Verdict.PASS
        else "has nothing in its way here, but this is not a verdict over a release"
    )
    console.print(Text.assemble((verdict.value, VERDICT_STYLE[verdict]), f": {plain(run.subject.name)} {sentence}{scope}"))


def _table(run: Run) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("gate", "verdict", "result"):
        table.add_column(column, overflow="fold")
    table.add_column("time", justify="right")
    verdicts = {judgement.gate: judgement.verdict for judgement in run.decision.judgements}
    problems = [ruling.problem for ruling in run.decision.rulings]
    results = {result.gate: result for result in run.results}
    for gate, verdict in verdicts.items():
        if not gate:
            continue
        result = results.get(gate)
        seconds = getattr(result, "seconds", 0.0)
        words = summary(result, problems) if result else Text("did not run")
        table.add_row(gate, verdict_text(verdict), words, f"{seconds:.1f} s" if seconds else "")
    return table


def _print_reasons(run: Run, console: Console) -> None:
    entries = obstacles(run.decision.reasons)
    if not entries:
        return
    findings = [entry for entry in entries if entry.reason.fingerprint]
    console.print(Text("What stands in the way:", "bold"))
    left = SHOWN_REASONS
    for alike in _alike(findings):
        if left > 0:
            _print_alike(alike, min(left, SHOWN_ALIKE), console)
        left -= min(len(alike), SHOWN_ALIKE)
    if left < 0:
        console.print(f"  … and more findings in the report, {len(findings)} in all")
    # How many findings there are must never hide that a threshold is broken, or that a gate did not answer.
    others = [entry for entry in entries if not entry.reason.fingerprint]
    for entry in others[:SHOWN_REASONS]:
        console.print(_headline(entry))
        _print_fix(entry, console)
    if len(others) > SHOWN_REASONS:
        console.print(f"  … and {len(others) - SHOWN_REASONS} more reasons in the report")
    if findings:
        console.print(Text("  more on a finding: sdlc explain, with the word at the end of its line", "dim"))
    console.print()


def _print_alike(alike: Sequence[Obstacle], most: int, console: Console) -> None:
    """The first findings of a rule, what to do about them, and how many more there are."""
    for entry in alike[:most]:
        console.print(_headline(entry))
    _print_fix(alike[0], console)
    if len(alike) > most:
        console.print(Text(f"      … and {len(alike) - most} more of {plain(alike[0].rule, 80)}", "dim"))


def _print_fix(entry: Obstacle, console: Console) -> None:
    if entry.reason.fix:
        console.print(Text(f"      fix: {plain(entry.reason.fix)}", "dim"))


def _alike(entries: Sequence[Obstacle]) -> list[list[Obstacle]]:
    """Findings of one rule and severity, with the same fix, together; in the order of the first."""
    groups: dict[object, list[Obstacle]] = {}
    for entry in entries:
        groups.setdefault((entry.reason.severity, entry.rule, entry.reason.fix), []).append(entry)
    return list(groups.values())


def _headline(entry: Obstacle) -> Text:
    reason = entry.reason
    who = ", ".join(entry.gates)
    mark = severity_text(reason.severity) if reason.severity else verdict_text(reason.verdict)
    where = f"{plain(reason.where)}  " if reason.where else ""
    tags = "  ".join(tag for tag in (f"[{who}]" if who else "", reason.fingerprint[:SHOWN_FINGERPRINT]) if tag)
    return Text.assemble(
        "  ",
        mark,
        "  ",
        (where, "bold"),
        plain(_first_sentence(reason.text) if reason.fingerprint else reason.text),
        (f"  {tags}", "dim"),
    )


def _first_sentence(text: str) -> str:
    """As much of a finding's message as fits a list; the report and `sdlc explain` have the rest."""
    return text.split(". ", maxsplit=1)[0] if len(text) > LONG_TEXT else text


def _print_remarks(run: Run, console: Console) -> None:
    """What does not block and should be known all the same."""
    counts = {d: sum(ruling.disposition is d for ruling in run.decision.rulings) for d in Disposition}
    quiet = [f"{counts[d]} {d.value}" for d in (Disposition.TOLERATED, Disposition.WAIVED, Disposition.SUPPRESSED) if counts[d]]
    if quiet:
        console.print(f"findings that don't block: {', '.join(quiet)}")
    asked = sum(len(result.answer.suppressions) for result in run.results if hasattr(result, "answer"))
    if asked:
        console.print(f"comments in the code that ask a tool to look away: {asked}")
    for waiver in run.decision.unused_waivers:
        console.print(f"waiver {plain(waiver)} covers nothing any more")
    for outcome in run.decision.outcomes:
        if outcome.verdict is Verdict.PASS:
            console.print(
                Text(f"kept: {plain(outcome.threshold.text)} ({outcome.threshold.origin}), {plain(outcome.because)}", "dim")
            )
