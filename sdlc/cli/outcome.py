"""What is shown when a run is over: a table, then what stands in the way, the most severe first."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sdlc.cli.console import VERDICT_STYLE, plain, severity_text, verdict_text
from sdlc.cli.progress import summary
from sdlc.model import Verdict
from sdlc.policy import Disposition, Reason
from sdlc.run import Run

SHOWN_REASONS = 20
SHOWN_FINGERPRINT = 8
LONG_TEXT = 120


def show(run: Run, console: Console, pages: list[Path]) -> None:
    """Print the outcome of a run."""
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
        else "nothing found, but this is not a verdict over a release"
    )
    console.print(Text.assemble((verdict.value, VERDICT_STYLE[verdict]), f": {plain(run.subject.name)} {sentence}{scope}"))


def _table(run: Run) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("gate", "verdict", "result"):
        table.add_column(column, overflow="fold")
    table.add_column("time", justify="right")
    verdicts = {judgement.gate: judgement.verdict for judgement in run.decision.judgements}
    results = {result.gate: result for result in run.results}
    for gate, verdict in verdicts.items():
        if not gate:
            continue
        result = results.get(gate)
        seconds = getattr(result, "seconds", 0.0)
        words = summary(result) if result else Text("did not run")
        table.add_row(gate, verdict_text(verdict), words, f"{seconds:.1f} s" if seconds else "")
    return table


def _print_reasons(run: Run, console: Console) -> None:
    reasons = _once(run.decision.reasons)
    if not reasons:
        return
    console.print(Text("What stands in the way:", "bold"))
    for reason, gates in reasons[:SHOWN_REASONS]:
        console.print(_headline(reason, gates))
        if reason.fix:
            console.print(Text(f"      fix: {plain(reason.fix)}", "dim"))
    if len(reasons) > SHOWN_REASONS:
        console.print(f"  and {len(reasons) - SHOWN_REASONS} more in the report")
    if any(reason.fingerprint for reason, _ in reasons):
        console.print(Text("  more on one: sdlc explain FINGERPRINT", "dim"))
    console.print()


def _once(reasons: tuple[Reason, ...]) -> list[tuple[Reason, list[str]]]:
    """A problem that several gates saw is one entry that names them."""
    seen: dict[object, tuple[Reason, list[str]]] = {}
    for number, reason in enumerate(reasons):
        entry = seen.setdefault(reason.fingerprint or number, (reason, []))
        entry[1].append(reason.gate)
    return list(seen.values())


def _headline(reason: Reason, gates: list[str]) -> Text:
    who = ", ".join(gate for gate in gates if gate)
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
