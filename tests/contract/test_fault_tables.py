"""The pages about faults and attacks are made from the tables that the tests run."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.faults import matrix

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fault_table", ROOT / "docs" / "fault_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["faults", "hostile"])
def test_the_page_is_up_to_date(name: str, made: ModuleType) -> None:
    page = ROOT / "docs" / f"{name}.md"
    assert page.read_text(encoding="utf-8") == getattr(made, name)(), "run: python docs/fault_table.py"


def test_every_fault_has_a_cell_for_each_gate_that_it_fits() -> None:
    told = {(cell.fault, cell.gate) for cell in matrix.CELLS}
    assert len(told) == len(matrix.CELLS), "a cell stands twice in the table"
    lacking = {(fault.name, gate) for fault in matrix.OF_TOOLS for gate in matrix.TOOLS} - told
    lacking |= {(fault.name, gate) for fault in matrix.OF_TARGETS for gate in matrix.TARGETED} - told
    lacking |= {(fault.name, gate) for fault in matrix.OF_PROJECTS for gate in matrix.GATES} - told
    assert lacking == matrix.UNFIT
