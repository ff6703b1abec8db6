"""Gates that this repository does not hold: one from another package, one from six lines of TOML."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SDLC = str(Path(sys.executable).parent / "sdlc")
EXAMPLE = re.compile(r"```python\n(.*?)```", re.DOTALL)
SARIF_GATE = """\
[gates.ruff]
uses = "sarif"
command = ["ruff", "check", "--isolated", "--select", "S", "--output-format", "sarif", "--output-file", "{output}", "{root}"]
answers = [0, 1]
version = ["ruff", "--version"]
"""


def sdlc(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: os.environ[name] for name in ("PATH", "HOME")} | environment
    clean["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
    return subprocess.run([SDLC, *arguments], cwd=project, env=clean, capture_output=True, text=True, check=False)


def run(project: Path, **environment: str) -> tuple[int, dict[str, Any]]:
    done = sdlc(project, "run", "--json", "--no-prove", **environment)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The example of docs/writing-a-gate.md, as an installed package is seen: a module and its metadata."""
    place = tmp_path / "site"
    source = EXAMPLE.search((ROOT / "docs" / "writing-a-gate.md").read_text(encoding="utf-8"))
    assert source
    (place / "your_package" / "canary").mkdir(parents=True)
    (place / "your_package" / "__init__.py").touch()
    (place / "your_package" / "gate.py").write_text(source[1])
    (place / "your_package" / "canary" / "conflict.txt").write_text("<<<<<<< HEAD\n")
    metadata = place / "your_package-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: your_package\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[sdlc.gates]\nmerge-conflicts = your_package.gate:MergeConflicts\n")
    return place


@pytest.fixture
def project(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    place.mkdir()
    return place


@pytest.mark.parametrize(("text", "code"), [("<<<<<<< HEAD\n", 1), ("all is well\n", 0)])
def test_the_gate_of_the_documentation_works(package: Path, project: Path, text: str, code: int) -> None:
    (project / "sdlc.toml").write_text("[gates.merge-conflicts]\n")
    (project / "notes.txt").write_text(text)
    assert run(project, PYTHONPATH=str(package))[0] == code
    assert sdlc(project, "prove", PYTHONPATH=str(package)).returncode == 0
    assert "merge-conflicts" in sdlc(project, "gates", PYTHONPATH=str(package)).stdout


@pytest.mark.tool
@pytest.mark.parametrize(("source", "code"), [("import os\nos.system(input())\n", 1), ("x = 1\n", 0)])
def test_six_lines_of_toml_make_a_gate(project: Path, source: str, code: int) -> None:
    (project / "sdlc.toml").write_text(SARIF_GATE)
    (project / "a.py").write_text(source)
    answered, told = run(project)
    assert answered == code
    (result,) = told["results"]
    assert [finding["location"]["path"] for finding in result["answer"].get("findings", ())] == (["a.py"] if code else [])
