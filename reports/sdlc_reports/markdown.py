"""Markdown for a pull request or a job summary: short, the verdict first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sdlc.model import Verdict
from sdlc.policy import Disposition
from sdlc.report import Report
from sdlc.run import Run
from sdlc.tally import Obstacle
from sdlc_reports.untrusted import line
from sdlc_reports.view import EXCUSED, MEANING, GateView, gate_views, obstacles, summary
from sdlc_reports.wording import count, duration

MAX_CHARACTERS = 60_000
"""GitHub refuses a comment longer than 65,536 characters."""
SHOWN_REASONS = (20, 10, 5, 2)
"""As many as fit, so that hostile texts can't make the comment too long; the rest is counted."""
SHOWN_GATES = 30
SHOWN_NOTICES = 10
TEXT = 320
ICONS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.INCONCLUSIVE: "⚠️", None: "·"}
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9_.-]|-(?=-)")
_TICKS = re.compile(r"`+")


class Markdown(Report):
    """A comment on a pull request; its first line is a hidden marker by which a bot finds its own comment again."""

    kind = "markdown"
    summary = "a short comment for a pull request"
    filename = "report.md"

    def render(self, run: Run) -> str:
        drafts = (_draft(run, shown) for shown in SHOWN_REASONS)
        return next((draft for draft in drafts if len(draft) <= MAX_CHARACTERS), _draft(run, 0))


def marker(run: Run) -> str:
    """The hidden first line, the same for every run over one project."""
    return f"<!-- sdlc-report {_UNSAFE_NAME.sub('_', run.subject.name[:100])} -->"


def code(text: str, limit: int = TEXT) -> str:
    """Untrusted text as a code span, in which nothing is a mention, a reference, a link, an image or markup.

    The span is opened with more backticks than the text has in a row, so the text can't close it.
    """
    shown = line(text, limit)
    if not shown:
        return ""
    longest = max((len(ticks) for ticks in _TICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def cell(text: str, limit: int = TEXT) -> str:
    """Untrusted text as a code span in a table, where only a backslash keeps a pipe from ending the cell."""
    # A backslash before a pipe would take the escape's effect away on some renderers.
    return code(text.replace("\\|", "\\ |"), limit).replace("|", "\\|")


def _draft(run: Run, shown: int) -> str:
    views = gate_views(run)
    sections = [
        _head(run),
        _reasons(obstacles(run), shown),
        _gates(views, min(SHOWN_GATES, 2 * shown)),
        _thresholds(run, shown),
        _notes(views, shown),
        _foot(run),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _head(run: Run) -> str:
    verdict, subject = run.decision.verdict, run.subject
    of = f" of {code(subject.commit[:12])}" if subject.commit else ""
    with_changes = " with uncommitted changes" if subject.commit and subject.modified else ""
    lines = [
        marker(run),
        f"## {ICONS[verdict]} {verdict.value}: {code(subject.name, 100) or 'unnamed project'}{of}{with_changes}",
        "",
        f"{MEANING[verdict]} In this run, stage {run.stage.value}: {summary(run)}",
    ]
    for why in run.partial[:SHOWN_NOTICES]:
        lines += ["", f"> **Not a verdict over the whole release:** {code(why)}"]
    if left := len(run.partial) - SHOWN_NOTICES:
        lines += ["", f"> … and {left:,} more such limits in the HTML report."] if left > 0 else []
    for remark in run.remarks[:SHOWN_NOTICES]:
        lines += ["", f"> {code(remark)}"]
    return "\n".join(lines)


def _reasons(all: Sequence[Obstacle], most: int) -> str:
    if not all:
        return ""
    # How many findings there are must never hide that a threshold is broken, or that a gate did not answer.
    findings = [obstacle for obstacle in all if obstacle.reason.fingerprint]
    others = [obstacle for obstacle in all if not obstacle.reason.fingerprint]
    shown = [*findings[:most], *others[:most]]
    lines = ["### What stands in the way", "", *(_reason(obstacle) for obstacle in shown)]
    if left := len(all) - len(shown):
        lines += ["", f"… and {left:,} more in the HTML report."]
    return "\n".join(lines)


def _reason(obstacle: Obstacle) -> str:
    reason = obstacle.reason
    kind = reason.severity.value if reason.severity else reason.verdict.value
    where = f" at {code(reason.where)}" if reason.where else ""
    by = ", ".join(code(gate, 40) for gate in obstacle.gates[:3])
    entry = f"- **{kind}**{where}" + (f" ({by})" if by else "") + f": {code(reason.text)}"
    return entry + (f"\\\n  Fix: {code(reason.fix)}" if reason.fix else "")


def _gates(views: Sequence[GateView], most: int) -> str:
    if not views:
        return ""
    shown = views[:most]
    lines = ["### Gates", "", "| Gate | Verdict | Answer | Findings | Covered | Time |", "|---|---|---|---|---|---|"]
    lines += [_row(view) for view in shown]
    if left := len(views) - len(shown):
        lines += ["", f"… and {left:,} more gates in the HTML report."]
    return "\n".join(lines)


def _row(view: GateView) -> str:
    answer = view.state + (f": {cell(view.said, 120)}" if view.said else "")
    found = ", ".join(f"{number:,} {severity.value}" for severity, number in view.counts) or "none"
    covered = ", ".join(
        f"{c.coverage.measured:,}/{c.coverage.expected:,} {cell(c.coverage.what, 40)}" for c in view.coverage[:4]
    )
    verdict = view.verdict.value if view.verdict else "not judged"
    cells = [cell(view.id, 60), f"{ICONS[view.verdict]} {verdict}", answer, found, covered, duration(view.seconds)]
    return f"| {' | '.join(cells)} |"


def _thresholds(run: Run, most: int) -> str:
    outcomes = run.decision.outcomes
    if not outcomes:
        return ""
    lines = ["### Thresholds", "", "| Threshold | Verdict | Why |", "|---|---|---|"]
    for outcome in outcomes[:most]:
        wanted = f"{cell(outcome.threshold.gate, 60)} {cell(outcome.threshold.text, 120)}"
        lines.append(f"| {wanted} | {ICONS[outcome.verdict]} {outcome.verdict.value} | {cell(outcome.because)} |")
    if (left := len(outcomes) - most) > 0:
        lines += ["", f"… and {count(left, 'more threshold', 'more thresholds')} in the HTML report."]
    return "\n".join(lines)


def _notes(views: Sequence[GateView], most: int) -> str:
    notes = [(view.id, note) for view in views for note in view.notes]
    if not notes:
        return ""
    lines = ["### Notes of the gates", "", *(f"- {code(gate, 60)}: {code(note)}" for gate, note in notes[:most])]
    if (left := len(notes) - most) > 0:
        lines += ["", f"… and {count(left, 'more note', 'more notes')} in the HTML report."]
    return "\n".join(lines)


def _foot(run: Run) -> str:
    return "\n\n".join([*_tally(run), f"Run {code(run.id, 80)}, sdlc {code(run.version, 40)}."])


def _tally(run: Run) -> Iterator[str]:
    by = {kind: sum(ruling.disposition is kind for ruling in run.decision.rulings) for kind in Disposition}
    if excused := [f"{by[kind]:,} {kind.value}" for kind in (*EXCUSED, Disposition.TOLERATED) if by[kind]]:
        number = sum(by.values()) - by[Disposition.BLOCKING]
        yield f"Not blocking: {count(number, 'finding', 'findings')} ({', '.join(excused)})."
    asked = sum(len(view.suppressions) for view in gate_views(run))
    if asked:
        yield f"The code asks in {count(asked, 'place', 'places')} not to be judged; each is listed in the HTML report."
