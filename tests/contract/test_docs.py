"""What the pages say about gates is made from the gates."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path
from types import ModuleType

import jsonschema
import pytest

from sdlc import registry
from sdlc.schema import schema

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


def test_the_published_schema_is_up_to_date() -> None:
    module = tables()
    assert module.SCHEMA.read_text(encoding="utf-8") == module.schema_text(), "run: python docs/tables.py"


@pytest.mark.parametrize("example", ["examples/shop/common/sdlc.toml"])
def test_the_schema_accepts_the_examples(example: str) -> None:
    document = tomllib.loads((ROOT / example).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(document)


@pytest.mark.parametrize(
    "broken", ['[policy]\ntolerat = "low"\n', "[gates.bandit]\nskip = 3\n", "[gates.other]\ncommand = []\n"]
)
def test_the_schema_refuses_what_sdlc_refuses(broken: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(tomllib.loads(broken))
