"""`sdlc report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sdlc import pipeline, registry
from sdlc.cli.console import out
from sdlc.cli.run import chosen_formats
from sdlc.evidence import RunDirectory


def command(
    run: Annotated[str, typer.Argument(help="A run's id, the beginning of one, a path to its folder, or `latest`.")] = "latest",
    format: Annotated[
        str, typer.Option(metavar="NAME", help="html, sarif, junit, markdown, json, or an installed one.")
    ] = "html",
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here instead of to standard output.")] = None,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
) -> None:
    """Render a stored run in one format.

    Exits 0 when it was rendered: it shows a verdict and draws none. To act on the verdict, use `sdlc decide`.
    """
    (name,) = chosen_formats([format])
    text = registry.reports()[name]().render(pipeline.load(RunDirectory.find(project, run)))
    if output:
        output.write_text(text, encoding="utf-8", errors="replace")
    else:
        out.file.write(text)
