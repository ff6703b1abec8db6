"""`sdlc run`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from sdlc import config, document, pipeline, registry
from sdlc.cli import outcome
from sdlc.cli.console import EXIT, err, out, stop_on_signals
from sdlc.cli.progress import Progress
from sdlc.errors import ConfigError
from sdlc.evidence import RunDirectory
from sdlc.model import Severity, Stage, Verdict
from sdlc.registry import nearest
from sdlc.rulebook import Request
from sdlc.run import Run

ProjectFolder = Annotated[Path, typer.Argument(help="The project's folder.")]
StageToRun = Annotated[Stage, typer.Option(metavar="STAGE", help="How much to run: what commit, pr or release asks for.")]
Gates = Annotated[list[str] | None, typer.Option(metavar="ID", help="Only this gate; may be repeated.")]
ChangedSince = Annotated[
    str, typer.Option(metavar="REF", help="Static gates judge only files that changed since this git revision.")
]
TargetUrl = Annotated[str, typer.Option(metavar="URL", help="Test an application that runs already.")]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Cores to use.")]
CONFIG_HELP = "The configuration; from a protected branch in CI, so that a change can't judge itself."
ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=CONFIG_HELP)]
POLICY_HELP = "Take thresholds, waivers and required gates from this file instead."
PolicyFile = Annotated[Path | None, typer.Option(metavar="FILE", help=POLICY_HELP)]
TOLERATE_HELP = "The most severe finding that does not block: info, low, medium, high or critical."
Tolerate = Annotated[Severity | None, typer.Option(metavar="SEVERITY", help=TOLERATE_HELP)]
THRESHOLD_HELP = "A threshold more, such as 'p95 <= 300 ms'; may be repeated."
Thresholds = Annotated[list[str] | None, typer.Option(metavar="TEXT", help=THRESHOLD_HELP)]
PROVE_HELP = "Require each gate to catch a planted defect (default: at release)."
Prove = Annotated[bool | None, typer.Option("--prove/--no-prove", help=PROVE_HELP)]
RUNS_HELP = "Keep run directories below this folder's .sdlc/ instead."
Runs = Annotated[Path | None, typer.Option(metavar="FOLDER", help=RUNS_HELP)]
FORMAT_HELP = "Write only this report; may be repeated. Default: all."
Formats = Annotated[list[str] | None, typer.Option(metavar="NAME", help=FORMAT_HELP)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the run as JSON on standard output, and nothing else there.")]


def command(
    project: ProjectFolder = Path(),
    stage: StageToRun = Stage.RELEASE,
    gate: Gates = None,
    changed_since: ChangedSince = "",
    target: TargetUrl = "",
    jobs: Jobs = os.cpu_count() or 1,
    config_file: ConfigFile = None,
    policy: PolicyFile = None,
    tolerate: Tolerate = None,
    threshold: Thresholds = None,
    prove: Prove = None,
    runs: Runs = None,
    format: Formats = None,
    json: AsJson = False,
) -> None:
    """Run the gates, and decide whether this may be released.

    Each gate's raw answers are kept and hashed in `.sdlc/runs/ID/`, next to the reports. `sdlc decide ID` draws the
    verdict from them again.

    For example:

    - `sdlc run --stage commit --changed-since origin/main`
    - `sdlc run --gate bandit --gate semgrep`
    - `sdlc run --target http://127.0.0.1:8000 --threshold 'error_rate <= 0.1 %'`
    """
    if not project.is_dir():
        raise ConfigError(f"{project} is not a folder")
    root = project.resolve()
    request = Request(
        stage=stage,
        gates=tuple(gate or ()),
        target=target,
        tolerate=tolerate,
        thresholds=tuple(threshold or ()),
        prove=prove,
    )
    formats = chosen_formats(format)
    judge = document.read(policy) if policy else None
    plan = config.plan(document.find(root, config_file), root, request, judge)
    cancel = stop_on_signals()
    gates = tuple(step.gate.id for step in plan.steps)
    with Progress(err, gates) as progress:
        run, directory = pipeline.execute(plan, progress, cancel, jobs=jobs, changed_since=changed_since, runs=runs)
    written = write_reports(run, directory, formats)
    if json:
        out.file.write(registry.reports()["json"]().render(run) + "\n")
    else:
        pages = [path for path in written if path.suffix == ".html"]
        outcome.show(run, out, pages)
    raise typer.Exit(EXIT[run.decision.verdict if run.results else Verdict.INCONCLUSIVE])


def chosen_formats(names: list[str] | None) -> tuple[str, ...]:
    """The report formats asked for; raises `ConfigError` for one that isn't installed."""
    for name in names or ():
        if name not in registry.reports():
            raise ConfigError(f"there is no report format {name!r}{nearest(name, registry.reports())}")
    return tuple(names or registry.reports())


def write_reports(run: Run, directory: RunDirectory, formats: tuple[str, ...]) -> list[Path]:
    """Render the run in each format into its directory."""
    chosen = [registry.reports()[name]() for name in formats]
    return [directory.write(report.filename, report.render(run).encode("utf-8", "replace")) for report in chosen]
