"""What the scanned code says at a finding's lines: the text that identifies it, and comments that ask to look away."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.inventory import Inventory
from sdlc.model import Finding, SourceLocation

MAX_SNIPPET_LINES = 12
MAX_SNIPPET_CHARACTERS = 1200


def relative(name: str, files: Inventory) -> str:
    """The path, relative to the project, that a tool means by `name`; raises `OutputInvalid` when it was not asked about it."""
    path = Path(name)
    full = path if path.is_absolute() else files.root / path
    try:
        found = full.relative_to(files.root).as_posix()
    except ValueError as error:
        raise OutputInvalid(f"the report speaks of {name!r}, which is outside the project") from error
    if found not in files.known:
        raise OutputInvalid(f"the report speaks of {name!r}, which the tool was not asked about")
    return found


def quoted(
    findings: tuple[Finding, ...],
    files: Inventory,
    marker: re.Pattern[str] | None = None,
    above: re.Pattern[str] | None = None,
) -> tuple[Finding, ...]:
    """The findings with the text of their lines, and with the comment there that matches `marker`, if any.

    A tool that also obeys a comment on a line of its own above the finding needs `above`, which matches that line's begin.
    A file that the inventory doesn't hold is never opened.
    """
    texts: dict[str, list[str]] = {}
    return tuple(_quoted(finding, files, texts, marker, above) for finding in findings)


def markers(files: Inventory, marker: re.Pattern[str]) -> tuple[SourceLocation, ...]:
    """Every line of the files that matches `marker`."""
    found = []
    for path in files.files:
        for number, line in enumerate(_lines(files.root / path), start=1):
            if match := marker.search(line):
                found.append(SourceLocation(path=path, line=number, snippet=match.group()[:MAX_SNIPPET_CHARACTERS]))
    return tuple(found)


def asking(files: Inventory, *names: str) -> tuple[SourceLocation, ...]:
    """Every file with one of these names, each a tool's own way to be told to look away."""
    found = files.named(*names).files
    return tuple(SourceLocation(path=path, line=1, snippet=f"the file {PurePosixPath(path).name}") for path in found)


def _quoted(
    finding: Finding,
    files: Inventory,
    texts: dict[str, list[str]],
    marker: re.Pattern[str] | None,
    above: re.Pattern[str] | None,
) -> Finding:
    location = finding.location
    if not isinstance(location, SourceLocation) or location.path not in files.known:
        return finding
    if location.path not in texts:
        texts[location.path] = _lines(files.root / location.path)
    lines = texts[location.path]
    last = max(location.line, location.end_line)
    shown = lines[location.line - 1 : min(last, location.line + MAX_SNIPPET_LINES - 1)]
    snippet = "\n".join(shown)[:MAX_SNIPPET_CHARACTERS]
    said = _said(lines, location.line, last, marker, above)
    return msgspec.structs.replace(
        finding,
        location=msgspec.structs.replace(location, snippet=snippet),
        suppression=said[:MAX_SNIPPET_CHARACTERS] or finding.suppression,
    )


def _said(lines: list[str], first: int, last: int, marker: re.Pattern[str] | None, above: re.Pattern[str] | None) -> str:
    """The comment that asks to look away, on the lines or directly above them."""
    here = [match.group() for line in lines[first - 1 : last] if marker and (match := marker.search(line))]
    before = lines[first - 2 : first - 1] if first > 1 else []
    over = [match.group().strip() for line in before if above and (match := above.match(line))]
    return next(iter([*here, *over]), "")


def _lines(path: Path) -> list[str]:
    """The file's lines as the tools count them; only a quotation is made, so undecodable bytes are replaced.

    A file that is gone by now has none.
    """
    try:
        return path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return []
