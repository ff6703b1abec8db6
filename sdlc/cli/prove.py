"""`sdlc prove`."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from sdlc import config, document, inventory
from sdlc.cli.console import EXIT, err, out, plain, stop_on_signals
from sdlc.cli.progress import Progress
from sdlc.evidence import RunDirectory
from sdlc.model import Canary, Completed, Stage, Verdict
from sdlc.rulebook import Request
from sdlc.runner import Execution


def command(
    gate: Annotated[list[str] | None, typer.Argument(help="Gates to prove; by default all that are configured.")] = None,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    config_file: Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The configuration to prove.")] = None,
    jobs: Annotated[int, typer.Option(min=1, metavar="N", help="Cores to use.")] = os.cpu_count() or 1,
) -> None:
    """Show that each gate can fail: plant a small defect for it, and see whether it is found.

    Each gate runs with your own configuration against its canary: a file with a shell injection, a pin with a known
    advisory, a page that reflects its input, an endpoint that is slow on purpose. The project itself is not judged.

    Exits 0 when every canary was caught, else 3.
    """
    root = project.resolve()
    request = Request(stage=Stage.RELEASE, gates=tuple(gate or ()), prove=True)
    plan = config.plan(document.find(root, config_file), root, request)
    now = datetime.datetime.now(datetime.UTC)
    directory = RunDirectory.create(root, now)
    with Progress(err, tuple(step.gate.id for step in plan.steps)) as progress:
        execution = Execution(
            plan=plan,
            files=inventory.Inventory(root=root, files=()),
            directory=directory,
            observer=progress,
            cancel=stop_on_signals(),
            jobs=jobs,
            began=now,
            only_prove=True,
        )
        canaries = {result.gate: result.canary if isinstance(result, Completed) else None for result in execution.run()}
    directory.discard()
    _print(canaries)
    proved = bool(canaries) and all(canary is not None and canary.caught for canary in canaries.values())
    raise typer.Exit(EXIT[Verdict.PASS if proved else Verdict.INCONCLUSIVE])


def _print(canaries: dict[str, Canary | None]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("gate", "can fail", "canary"):
        table.add_column(column, overflow="fold")
    table.add_column("time", justify="right")
    for gate, canary in canaries.items():
        caught = canary is not None and canary.caught
        detail = canary.detail if canary else "it did not run"
        seconds = f"{canary.seconds:.1f} s" if canary else ""
        table.add_row(gate, Text("yes", "green") if caught else Text("not shown", "yellow"), plain(detail), seconds)
    out.print(table)
