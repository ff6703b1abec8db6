"""Writes what is made from the code into docs/: the table of gates and the JSON Schema. `python docs/tables.py`."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sdlc import registry
from sdlc.schema import schema

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", ROOT / "docs" / "gates" / "README.md")
SCHEMA = ROOT / "docs" / "sdlc.schema.json"
BLOCK = re.compile(r"(<!-- gates -->\n).*?(<!-- /gates -->)", re.DOTALL)


def table(folder: str) -> str:
    """The gates as a Markdown table, with links to their pages below `folder`."""
    rows = ["| gate | family | finds | stages | measures |", "|---|---|---|---|---|"]
    for name, kind in registry.gates().items():
        stages = ", ".join(stage.value for stage in kind.stages)
        metrics = ", ".join(f"`{metric.name}`" for metric in kind.metrics)
        rows.append(f"| [{name}]({folder}{name}.md) | {kind.family.value} | {kind.summary} | {stages} | {metrics} |")
    return "\n".join(rows) + "\n"


def filled(page: Path) -> str:
    """The page's text with its table up to date."""
    folder = "docs/gates/" if page.parent == ROOT else ""
    return BLOCK.sub(lambda match: match[1] + table(folder) + match[2], page.read_text(encoding="utf-8"))


def schema_text() -> str:
    """The JSON Schema of sdlc.toml as it is published."""
    return json.dumps(schema(), indent=2) + "\n"


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
