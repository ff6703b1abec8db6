"""Writes docs/faults.md and docs/hostile.md from the tables that the tests run: `python docs/fault_table.py`."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.faults import matrix  # noqa: E402  # the tests are a part of the repository, and of no package
from tests.hostile.table import ATTACKS  # noqa: E402

FAULTS = ROOT / "docs" / "faults.md"
HOSTILE = ROOT / "docs" / "hostile.md"
HEAD_OF_FAULTS = """# What happens when measuring breaks

Made from `tests/faults/` by `python docs/fault_table.py`; each cell is a test that runs the gate, with the real tool broken
in that way, to its stored and replayed verdict. In every one of them the verdict is not PASS, the reason names the fault,
and no process, thread, port, temporary file or change to the project is left. Without a fault, each gate passes over the
same project.

A cell holds the kind of error that the run reports. `answered` means that the gate answered, and that its coverage says
what is missing. An empty cell: the fault doesn't fit the gate.
"""
HEAD_OF_HOSTILE = """# What a hostile repository can do

Made from `tests/hostile/` by `python docs/fault_table.py`; each row is a test that runs real gates on a real repository.
In every one of them nothing of the repository is run by anything but the application and the load test that it is asked
for, nothing is written outside the run directory, and nothing is left. What isn't held off yet says so.

"the hole is reported" means that a planted defect, which the attack tries to hide, is in the report with its place, and
the verdict is FAIL. "INCONCLUSIVE, naming it" means that something could not be judged and the reasons say what. "without
effect" means that the verdict is PASS, as it is without the attack.
"""
MEASURED = """## Measured once

A tree of 1,000,000 empty files in 1,000 folders, beside one file with the hole: `sdlc run --stage commit` with bandit ends with
exit code 2 ("holds more than 200000 files; name a smaller folder or exclude some") after 11.2 s wall and 3.3 s CPU, at 241 MiB
resident (`/usr/bin/time -v`, two cores that others used too). The suite itself tries 20,000 files, and that the limit holds.
"""


def faults() -> str:
    """The page about broken tools, targets and networks."""
    parts = [HEAD_OF_FAULTS, "## The tool\n", _cells(matrix.OF_TOOLS, matrix.TOOLS)]
    parts += ["## The application under test\n", _cells(matrix.OF_TARGETS, matrix.TARGETED)]
    parts += ["## What there is to judge\n", _cells(matrix.OF_PROJECTS, matrix.GATES)]
    parts += ["## The service that pip-audit asks\n", _listed(matrix.OF_NETWORKS)]
    parts += ["## A real ZAP daemon, in the middle of its scan\n", _listed((*matrix.OF_DAEMONS, *matrix.OF_APIS))]
    parts += ["## The machine, and the configuration\n", _listed(matrix.OF_MACHINES)]
    return "\n".join(parts)


def _listed(rows: tuple[matrix.Fault, ...]) -> str:
    """Faults in a list; unless it says otherwise, each ends INCONCLUSIVE."""
    return "| fault | |\n|---|---|" + "".join(f"\n| {fault.name} | {fault.what} |" for fault in rows) + "\n"


def _cells(rows: tuple[matrix.Fault, ...], gates: tuple[str, ...]) -> str:
    said = {(cell.fault, cell.gate): cell for cell in matrix.CELLS}
    lines = [f"| what happens | {' | '.join(gates)} |", "|---" * (len(gates) + 1) + "|"]
    for fault in rows:
        cells = [said.get((fault.name, gate)) for gate in gates]
        shown = [f"{cell.verdict.value}, {cell.code}" if cell else "" for cell in cells]
        lines.append(f"| {fault.what} | {' | '.join(text.removeprefix('INCONCLUSIVE, ') for text in shown)} |")
    return "\n".join(lines) + "\n"


def hostile() -> str:
    """The page about attacks."""
    lines = [HEAD_OF_HOSTILE, "| the repository brings | gates | what comes of it |", "|---|---|---|"]
    for attack in ATTACKS:
        outcome = f"**not held off yet**: {attack.open}" if attack.open else attack.outcome
        lines.append(f"| {attack.what} | {', '.join(attack.gates)} | {outcome} |")
    return "\n".join(lines) + "\n\n" + MEASURED


if __name__ == "__main__":
    FAULTS.write_text(faults(), encoding="utf-8")
    HOSTILE.write_text(hostile(), encoding="utf-8")
