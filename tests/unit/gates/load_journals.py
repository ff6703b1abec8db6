"""What the tests of judging share: a recorded load test, and ways to change what it left."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from sdlc_gates.load.judge import judge
from sdlc_gates.load.records import Cell, Phase, Tick, read

from sdlc.model import Answer, Measurement
from sdlc.threshold import MeasurementLimit

RECORDED = Path(__file__).parents[2] / "data" / "load"


def copied(folder: Path) -> Path:
    """A recorded test of two workers, to be changed."""
    shutil.copytree(RECORDED, folder / "run", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return folder / "run"


def answer(folder: Path, *thresholds: MeasurementLimit) -> Answer:
    return judge(read(sorted(folder.iterdir())), thresholds)


def faults(folder: Path) -> set[str]:
    checks = answer(folder).coverage[0]
    assert checks.measured == checks.expected - len(checks.missing)
    return {missing.item for missing in checks.missing}


def rewrite(file: Path, change: Callable[[list[dict[str, object]]], list[dict[str, object]]]) -> None:
    lines = change([json.loads(line) for line in file.read_text().splitlines()])
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))


def measured(found: Answer, name: str, subject: str = "") -> Measurement:
    (one,) = (m for m in found.measurements if m.name == name and m.subject == subject)
    return one


def ticks(folder: Path, change: Callable[[dict[str, object]], None]) -> None:
    def changed(lines: list[dict[str, object]]) -> list[dict[str, object]]:
        for line in lines:
            if line["kind"] == "tick":
                change(line)
        return lines

    for journal in folder.glob("worker-*.ndjson"):
        rewrite(journal, changed)


def many(folder: Path, slower: Callable[[int], float]) -> None:
    """Each request of the record twentyfold, with its latency changed by the second it began in."""
    start = min(cell.start for journal in read(sorted(folder.iterdir())).workers for cell in cells(journal.lines))

    def change(tick: dict[str, object]) -> None:
        found = tick["cells"]
        assert isinstance(found, list)
        for cell in found:
            cell["ok"] = {str(int(int(us) * slower(cell["start"] - start))): n * 20 for us, n in cell["ok"].items()}

    ticks(folder, change)


def cells(lines: Iterable[object]) -> list[Cell]:
    return [cell for line in lines if isinstance(line, Tick) for cell in line.cells]


def stages(folder: Path, *named: tuple[str, int]) -> None:
    """The judged phase of the record cut into stages of these names and lengths, in the plan and in the events."""
    plan = json.loads((folder / "plan.json").read_text())
    *before, steady = plan["stages"]
    plan["stages"] = [*before, *(steady | {"name": name, "seconds": length} for name, length in named)]
    plan["duration"] = named[-1][1]
    (folder / "plan.json").write_text(json.dumps(plan))

    def cut(lines: list[dict[str, object]]) -> list[dict[str, object]]:
        (at,) = (number for number, line in enumerate(lines) if line.get("name") == "steady")
        begins, cut = int(str(lines[at]["start"])), []
        for name, length in named:
            cut.append(lines[at] | {"name": name, "start": begins, "end": begins + length})
            begins += length
        whole = [*lines[:at], *cut, *lines[at + 1 :]]
        whole[-1] |= {"lines": len(whole)}
        return [line | {"seq": number} for number, line in enumerate(whole)]

    rewrite(folder / "events.ndjson", cut)


def begins(folder: Path, name: str) -> int:
    return next(line.start for line in read(sorted(folder.iterdir())).events if isinstance(line, Phase) and line.name == name)


def cells_of(tick: dict[str, object]) -> list[dict[str, object]]:
    found = tick["cells"]
    assert isinstance(found, list)
    return found
