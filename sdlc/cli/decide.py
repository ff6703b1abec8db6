"""`sdlc decide`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sdlc import config, document, pipeline, registry
from sdlc.cli import outcome
from sdlc.cli.console import EXIT, out, plain
from sdlc.errors import ConfigError
from sdlc.evidence import RunDirectory
from sdlc.gate import Gate
from sdlc.identity import place
from sdlc.policy import Decision, Policy
from sdlc.rulebook import Request
from sdlc.run import Run

UNSIGNED = "the evidence agrees with its manifest; nothing is signed, so this does not show where, or by whom, it was made"


def command(
    run: Annotated[str, typer.Argument(help="A run's id, the beginning of one, a path to its folder, or `latest`.")] = "latest",
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Decide under the policy of this sdlc.toml instead.")
    ] = None,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    json: Annotated[bool, typer.Option("--json", help="Print the run with its new decision as JSON.")] = False,
) -> None:
    """Draw the verdict again from stored evidence, and say what changed.

    All evidence is compared with the run's manifest first; a run that was changed since is INCONCLUSIVE, and so is one that
    the repository brings along, or that was stopped. `latest` is the run that began last here, by this user. The same
    evidence and the same policy give the same verdict on any machine. With `--policy`, see what another would have said.
    """
    stored = pipeline.load(RunDirectory.find(project, run))
    again = pipeline.decide_again(stored, _policy(stored, policy) if policy else None)
    if json:
        out.file.write(registry.reports()["json"]().render(again) + "\n")
    else:
        outcome.show(again, out, [])
        _print_changes(stored.decision, again.decision)
        out.print(Text(UNSIGNED, "dim"))
    raise typer.Exit(EXIT[again.decision.verdict])


def _policy(stored: Run, file: Path) -> Policy:
    """The policy of a file for the gates of a run; its waivers are judged at the run's own time."""
    kinds: list[tuple[str, type[Gate]]] = []
    for gate in stored.gates:
        if gate.kind not in registry.gates():
            raise ConfigError(f"the run used the gate {gate.kind!r}, which is not installed here")
        kinds.append((gate.id, registry.gates()[gate.kind]))
    return config.policy(document.read(file), kinds, Request(stage=stored.stage))


def _print_changes(before: Decision, after: Decision) -> None:
    changes = [f"verdict: {before.verdict.value} before, {after.verdict.value} now"] if before.verdict != after.verdict else []
    old = {ruling.problem.fingerprint: ruling for ruling in before.rulings}
    for ruling in after.rulings:
        was = old.get(ruling.problem.fingerprint)
        if was and was.disposition != ruling.disposition:
            where = plain(place(ruling.problem.first.location))
            changes.append(f"{where}: {was.disposition.value} before, {ruling.disposition.value} now ({plain(ruling.because)})")
    kept = {(outcome.threshold.gate, outcome.threshold.text): outcome.verdict for outcome in before.outcomes}
    for result in after.outcomes:
        then = kept.get((result.threshold.gate, result.threshold.text))
        if then != result.verdict:
            changes.append(f"{result.threshold.text}: {then.value if then else 'not asked'} before, {result.verdict.value} now")
    out.print(Text("nothing changed" if not changes else "what changed:", "bold"))
    for change in changes:
        out.print(Text(f"  {change}"))
