"""`sdlc init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdlc import config, document, inventory, starter
from sdlc.cli.console import out, plain
from sdlc.detection import look
from sdlc.errors import ConfigError
from sdlc.model import Stage
from sdlc.rulebook import Request


def command(
    project: Annotated[Path, typer.Argument(help="The repository's folder.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Write over an sdlc.toml that is there.")] = False,
    show: Annotated[bool, typer.Option("--print", help="Print it instead of writing it.")] = False,
) -> None:
    """Look at a repository, and write a commented sdlc.toml that runs as it is.

    It reads file names and a few small files: Python packages, requirement and lock files, the web framework, an OpenAPI
    description, a Locust file, a Dockerfile, workflows. It runs nothing of the repository.
    """
    if not project.is_dir():
        raise ConfigError(f"{project} is not a folder")
    root = project.resolve()
    goal = root / document.FILE
    if goal.is_symlink() or (goal.exists() and not (force or show)):
        raise ConfigError(f"{goal} is there already; look at it, or write over it with --force")
    found = look(inventory.take(root))
    text = starter.write(found, root.name)
    if show:
        out.file.write(text)
        return
    goal.write_text(text, encoding="utf-8")
    plan = config.plan(document.read(goal), root, Request(stage=Stage.RELEASE))
    for line in starter.remarks(found):
        out.print(plain(line))
    gates = ", ".join(step.gate.id for step in plan.steps)
    out.print(f"wrote {goal}; gates: {plain(gates)}" if gates else f"wrote {goal}; nothing here is any gate's business yet")
    out.print(
        "next: sdlc run --stage commit, then sdlc run" if gates else "next: add a [gates.ID] table; sdlc gates lists them"
    )
