"""From SARIF runs to an answer with coverage."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sdlc.errors import ToolFailed
from sdlc.inventory import Inventory
from sdlc.model import Answer, Coverage, Finding, Missing, SourceLocation
from sdlc.source import quoted
from sdlc_gates._sarif.findings import Findings
from sdlc_gates._sarif.notices import Notices, noticed
from sdlc_gates._sarif.places import Places, is_outside
from sdlc_gates._sarif.shape import Run

SHOWN = 3


def answered(runs: Sequence[Run], files: Inventory, business: Inventory | None, cwd: Path) -> Answer:
    """What the runs say; `business` holds the files that they must list as looked at, None where nobody said which.

    Raises `ToolFailed`, with what is known, when a run says that it did not succeed.
    """
    placed = [(run, Places.of(run, files, cwd)) for run in runs]
    findings = quoted(tuple(finding for run, places in placed for finding in Findings(run, places).all()), files)
    notices = [noticed(run, places) for run, places in placed]
    listed = {path for run, places in placed for path in _listed(run, places)} & files.known
    answer = Answer(
        findings=findings,
        coverage=(_runs(notices), *_files(notices, listed, findings, business)),
        notes=(*_notes(placed, listed, findings, business), *(f"{n.name}: {text}" for n in notices for text in n.remarks)),
    )
    if failures := [f"{notice.name}: {text}" for notice in notices for text in notice.failures]:
        raise ToolFailed(_shown(failures), answer=answer)
    return answer


def _listed(run: Run, places: Places) -> list[str]:
    return [places.path(artifact.location) for artifact in run.artifacts]


def _runs(notices: Sequence[Notices]) -> Coverage:
    missing = tuple(
        Missing(item=f"run {number} by {notice.name}", reason=_shown(notice.doubts))
        for number, notice in enumerate(notices, start=1)
        if notice.doubts
    )
    return Coverage(what="runs", measured=len(notices) - len(missing), expected=len(notices), missing=missing)


def _files(
    notices: Sequence[Notices], listed: set[str], findings: Sequence[Finding], business: Inventory | None
) -> list[Coverage]:
    reasons: dict[str, list[str]] = {}
    for notice in notices:
        for path, texts in notice.unread.items():
            reasons.setdefault(path, []).extend(texts)
    faults = tuple(Missing(item=path, reason=_shown(texts)) for path, texts in sorted(reasons.items()))
    if business is not None:
        found_in = {finding.location.path for finding in findings if isinstance(finding.location, SourceLocation)}
        return [business.coverage(listed | found_in, faults)]
    if not faults:
        return []
    measured = len(listed - reasons.keys())
    return [Coverage(what="files", measured=measured, expected=measured + len(faults), missing=faults)]


def _notes(
    placed: Sequence[tuple[Run, Places]], listed: set[str], findings: Sequence[Finding], business: Inventory | None
) -> list[str]:
    notes = []
    names = ", ".join(dict.fromkeys(run.tool.driver.name for run, _ in placed))
    if business is None and listed:
        notes.append(f"{names} lists {len(listed)} files of the project; `covers` would say which it must list")
    elif business is None:
        notes.append(f"{names} does not say what was read, so nothing shows that it was everything")
    outside = sum(1 for finding in findings if isinstance(finding.location, SourceLocation) and is_outside(finding.location))
    if outside:
        notes.append(f"{outside} findings are in files outside the project, which were not opened")
    return notes


def _shown(texts: Sequence[str]) -> str:
    unique = list(dict.fromkeys(texts))
    return "; ".join(unique[:SHOWN]) + (f"; and {len(unique) - SHOWN} more" if len(unique) > SHOWN else "")
