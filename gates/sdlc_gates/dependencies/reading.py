"""The gate's side of reading and resolving: both happen in processes under the gate's limits."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sdlc.errors import ToolFailed
from sdlc.gate import Tool, Workspace, expect_exit, own_tool, read_report
from sdlc.inventory import Inventory
from sdlc.model import Missing
from sdlc_gates.dependencies import requirements
from sdlc_gates.dependencies.collect import Asked
from sdlc_gates.dependencies.model import Declared, Source, shown

INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_CONFIG_FILE")
"""Where the user's own settings say which index to ask; taken from the caller's environment, never from the project."""


def declared(work: Workspace, files: Inventory, named: Sequence[str], environment: str) -> Declared:
    """What the project declares, read in a process of its own."""
    names = [path for path in files.files if _is_text(path)]
    asked, answer = work.scratch / "asked.json", work.scratch / "declared.json"
    question = Asked(root=str(files.root), files=tuple(names), named=tuple(named), environment=environment)
    asked.write_bytes(msgspec.json.encode(question))
    tool = Tool("sdlc-dependencies", importlib.metadata.version("sdlc-gates"), Path(sys.executable))
    argv = ["-I", "-m", "sdlc_gates.dependencies", str(asked), str(answer)]
    run = work.run(tool, argv, name="declared", keep={"asked": asked, "report": answer})
    expect_exit(run, 0)
    found = read_report(run, "report", Declared)
    if named or environment:
        return found
    nameless = [Missing(item=_printable(path), reason="its name is not UTF-8") for path in files.files if not _is_text(path)]
    return msgspec.structs.replace(found, unread=(*found.unread, *nameless, *files.refused))


def resolved(work: Workspace, found: Declared) -> Declared:
    """The same, with what an installer would choose today for all that is open, transitive dependencies among it.

    Only names and specifiers reach the installer, and it takes no package that it would have to build, so nothing of the
    project's and of any package's runs.
    """
    sources = [source if source.closed else _resolved(work, source, number) for number, source in enumerate(found.sources)]
    pairs = zip(found.sources, sources, strict=True)
    chosen = [after.path for before, after in pairs if after.closed and not before.closed]
    notes = tuple(f"{path}: audited in the versions that uv chose just now; another installation may differ" for path in chosen)
    return msgspec.structs.replace(found, sources=tuple(sources), notes=(*found.notes, *notes))


def _resolved(work: Workspace, source: Source, number: int) -> Source:
    wanted = [*(f"{pin.name}=={pin.version}" for pin in source.pins), *(item.requirement for item in source.loose)]
    if not wanted:
        return source
    tool = own_tool("uv", "uv", ">=0.8")
    folder = work.scratch / f"resolve-{number}"
    folder.mkdir()
    asked, limits, answer = folder / "asked.in", folder / "limits.txt", folder / "resolved.txt"
    asked.write_text("".join(f"{line}\n" for line in wanted))
    limits.write_text("".join(f"{line}\n" for line in source.constraints))
    argv = ["pip", "compile", "--quiet", "--no-build", "--no-header", "--no-annotate", "--no-progress", "--no-cache"]
    argv += ["--python", sys.executable, "--constraints", str(limits), "--output-file", str(answer), str(asked)]
    # Without this, uv looks for settings in the folders above, which are the project's.
    own = {name: os.environ[name] for name in INDEX_VARIABLES if name in os.environ}
    environment = own if "UV_CONFIG_FILE" in own else {"UV_NO_CONFIG": "1", **own}
    kept = {"asked": asked, "limits": limits, "report": answer}
    run = work.run(tool, argv, name=f"resolve-{number}", keep=kept, cwd=folder, env=environment, network=True)
    if run.code != 0 or "report" not in run.kept:
        reason = f"no version of it could be chosen: {shown(' '.join(run.last_words.split()))}"
        labels = [item.label for item in source.loose] or [f"what {source.path} needs in turn"]
        unresolved = tuple(Missing(item=label, reason=reason) for label in labels)
        return msgspec.structs.replace(source, loose=(), missing=(*source.missing, *unresolved))
    chosen = requirements.read(source.path, lambda _: run.kept["report"].read_text(encoding="utf-8"))
    if chosen.loose or chosen.missing:
        raise ToolFailed("uv resolved to something that is not a pin")
    pins = tuple(dict.fromkeys((*source.pins, *chosen.pins)))
    return msgspec.structs.replace(source, pins=pins, loose=(), closed=True)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _printable(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()
