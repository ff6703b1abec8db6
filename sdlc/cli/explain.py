"""`sdlc explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sdlc import pipeline, registry
from sdlc.cli.console import SEVERITY_STYLE, out, plain
from sdlc.errors import ConfigError, SdlcError
from sdlc.evidence import RunDirectory
from sdlc.identity import place
from sdlc.model import Rule, SourceLocation
from sdlc.policy import Ruling
from sdlc.registry import nearest
from sdlc.run import Run

SHOWN_PLACES = 10


def command(
    what: Annotated[str, typer.Argument(help="A rule's id (B602, python-sql-injection), or a finding's fingerprint.")],
    run: Annotated[str, typer.Option(help="The run to look in.")] = "latest",
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Explain a rule, or one finding of a run: what it means, where it is, what proves it, and what to change."""
    stored, unread = _stored(project, run)
    rulings = stored.decision.rulings if stored else ()
    if found := [ruling for ruling in rulings if _is_about(ruling, what)]:
        for ruling in found:
            _print_ruling(ruling)
        return
    rules = _catalogue() | {f.rule.id: f.rule for ruling in rulings for f in ruling.problem.findings}
    if what not in rules:
        raise ConfigError(f"no rule and no finding is called {what!r}{nearest(what, rules)}{unread}")
    _print_rule(rules[what])
    places = [place(f.location) for ruling in rulings for f in ruling.problem.findings if f.rule.id == what]
    for where in places[:SHOWN_PLACES]:
        out.print(Text(f"  at {plain(where)}"))
    if len(places) > SHOWN_PLACES:
        out.print(f"  and at {len(places) - SHOWN_PLACES} more places")


def _stored(project: Path, run: str) -> tuple[Run | None, str]:
    """The run to look in, or why there is none: a rule of the house can be explained without."""
    try:
        return pipeline.load(RunDirectory.find(project, run)), ""
    except SdlcError as error:
        if run != "latest":
            raise
        return None, f"; no run was looked in: {error}"


def _is_about(ruling: Ruling, what: str) -> bool:
    fingerprints = {finding.fingerprint for finding in ruling.problem.findings}
    return len(what) >= 6 and any(fingerprint.startswith(what) for fingerprint in fingerprints)


def _catalogue() -> dict[str, Rule]:
    return {rule.id: rule for kind in registry.gates().values() for rule in kind.rules()}


def _print_rule(rule: Rule) -> None:
    out.print(Text.assemble((plain(rule.id), "bold"), f"  {plain(rule.name)}"))
    if rule.description:
        out.print(Text(f"  {plain(rule.description, 2000)}"))
    for number in rule.cwe:
        out.print(f"  CWE-{number}: https://cwe.mitre.org/data/definitions/{number}.html")
    if rule.help_uri:
        out.print(Text(f"  {plain(rule.help_uri)}"))


def _print_ruling(ruling: Ruling) -> None:
    problem = ruling.problem
    out.print(
        Text.assemble((problem.severity.value, SEVERITY_STYLE[problem.severity]), f"  {plain(place(problem.first.location))}")
    )
    out.print(Text(f"  {ruling.disposition.value}: {plain(ruling.because)}"))
    for finding in problem.findings:
        out.print(Text(f"  {finding.gate}: {plain(finding.rule.id)}  [{finding.fingerprint}]", "bold"))
        out.print(Text(f"    {plain(finding.message, 2000)}"))
        if finding.fix:
            out.print(Text(f"    fix: {plain(finding.fix, 2000)}"))
        snippet = finding.location.snippet if isinstance(finding.location, SourceLocation) else ""
        for line in (snippet or finding.proof).splitlines():
            out.print(Text(f"    | {plain(line)}", "dim"))
        _print_rule(finding.rule)
