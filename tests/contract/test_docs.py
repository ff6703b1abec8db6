"""What the pages say about gates is made from the gates."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from sdlc import registry

ROOT = Path(__file__).parents[2]


def tables() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tables", ROOT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "docs/gates/README.md"])
def test_the_table_of_gates_is_up_to_date(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "<!-- gates -->" in text
    assert tables().filled(ROOT / page) == text, "run: python docs/tables.py"


def test_every_gate_has_a_page() -> None:
    missing = [name for name in registry.gates() if not (ROOT / "docs" / "gates" / f"{name}.md").is_file()]
    assert not missing
