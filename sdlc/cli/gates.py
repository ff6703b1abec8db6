"""`sdlc gates`."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from sdlc import registry
from sdlc.cli.console import err, out, plain
from sdlc.errors import ConfigError, ToolMissing
from sdlc.gate import Gate
from sdlc.model import Frozen
from sdlc.registry import nearest


class Description(Frozen, frozen=True):
    """A gate as `sdlc gates` shows it."""

    kind: str
    family: str
    summary: str
    tool: str = ""
    version: str = ""
    missing: str = ""
    fix: str = ""
    stages: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


def command(
    install: Annotated[
        list[str] | None,
        typer.Option(metavar="GATE", help="Make the environment of its own that this gate's tool runs in; may be repeated."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List every gate: what it finds, the tool and version found, or what is missing and how to get it."""
    for kind in install or ():
        _install(kind)
    described = [_describe(kind) for kind in registry.gates().values()]
    if json:
        out.file.write(msgspec.json.format(msgspec.json.encode(described)).decode() + "\n")
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("gate", "family", "finds", "tool"):
        table.add_column(column, overflow="fold")
    for gate in described:
        tool = Text(f"{gate.tool} {gate.version}".strip()) if not gate.missing else Text(plain(gate.missing), "yellow")
        if gate.fix:
            tool.append(f"\n{plain(gate.fix)}", "dim")
        table.add_row(gate.kind, gate.family, gate.summary, tool)
    out.print(table)


def _install(kind: str) -> None:
    if kind not in registry.gates():
        raise ConfigError(f"there is no gate {kind!r}{nearest(kind, registry.gates())}")
    environment = registry.gates()[kind].environment
    if environment is None:
        raise ConfigError(f"the tool of {kind!r} has no environment of its own; `sdlc gates` says how to get it")
    err.print(f"making the environment of {kind} …")
    err.print(f"made: {environment.make()}")


def _describe(kind: type[Gate]) -> Description:
    facts = {"tool": "", "version": "", "missing": "", "fix": ""}
    try:
        tool = kind.found()
        facts |= {"tool": tool.name, "version": tool.version}
    except ToolMissing as error:
        facts |= {"missing": str(error), "fix": error.fix}
    except Exception as error:  # noqa: BLE001  # one gate that breaks must not hide the others
        facts |= {"missing": f"the gate itself broke: {error!r}"}
    return Description(
        kind=kind.kind,
        family=kind.family.value,
        summary=kind.summary,
        stages=tuple(stage.value for stage in kind.stages),
        metrics=tuple(metric.name for metric in kind.metrics),
        **facts,
    )
