"""The two builds: what is in them, and what the tools that read source say to it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.shop.conftest import Shop

SOURCE = Path(__file__).parents[3] / "examples" / "shop"
MARK = re.compile(r"(WEAKNESS|FIXED) (CWE-\d+)")


def marks(variant: str) -> dict[str, set[tuple[str, str]]]:
    """The marked places of a variant: file name -> word and CWE."""
    folder = SOURCE / "variants" / variant
    files = [path for path in folder.rglob("*") if path.suffix in {".py", ".txt"}]
    return {path.relative_to(folder).as_posix(): set(MARK.findall(path.read_text())) for path in files}


def test_each_weakness_is_marked_at_the_place_where_it_is_fixed() -> None:
    weak, fixed = marks("vulnerable"), marks("fixed")
    assert all(weak.values())
    assert {name: {("FIXED", cwe) for _, cwe in found} for name, found in weak.items()} == fixed


def test_the_readme_lists_every_marked_place() -> None:
    rows = re.findall(r"^\|[^|]+\| (\d+) \| ([^|]+) \|", (SOURCE / "README.md").read_text(), re.MULTILINE)
    listed = {(f"CWE-{number}", name) for number, names in rows for name in re.findall(r"`([^`]+)`", names)}
    marked = {(cwe, Path(name).name) for name, found in marks("vulnerable").items() for _, cwe in found}
    assert listed == marked


def test_a_build_is_an_ordinary_repository(either: Shop) -> None:
    expected = {"shop/__main__.py", "shop/search.py", "requirements.txt", "openapi.json", "locustfile.py"}
    assert expected <= {path.relative_to(either.folder).as_posix() for path in either.folder.rglob("*")}


def run_build(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SOURCE / "build.py"), *arguments], capture_output=True, text=True, check=False)


def test_a_folder_with_something_in_it_is_not_built_into(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    refused = run_build("fixed", str(tmp_path))
    assert refused.returncode == 2
    assert "is not empty" in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_unknown_variant_is_refused(tmp_path: Path) -> None:
    assert run_build("broken", str(tmp_path / "out")).returncode == 2
    assert not (tmp_path / "out").exists()


@pytest.mark.tool
def test_bandit_finds_weaknesses_in_the_vulnerable_build_alone(vulnerable: Shop, fixed: Shop, tmp_path: Path) -> None:
    found = {}
    for shop in (vulnerable, fixed):
        out = tmp_path / f"{shop.variant}.json"
        command = [sys.executable, "-m", "bandit", "--quiet", "-r", str(shop.folder), "-f", "json", "-o", str(out)]
        subprocess.run(command, check=False, capture_output=True)
        report = json.loads(out.read_text())
        assert report["errors"] == []
        found[shop.variant] = {result["test_id"] for result in report["results"]}
    assert found["vulnerable"] >= {"B105", "B301", "B324", "B608", "B704"}
    assert found["fixed"] == set()


@pytest.mark.tool
def test_the_locust_file_shops_without_a_failure(fixed: Shop, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "locust", "-f", str(fixed.folder / "locustfile.py"), "--headless", "--only-summary"]
    limits = ["-u", "10", "-r", "10", "-t", "6s", "--csv", "out", "--host", f"http://127.0.0.1:{fixed.port}"]
    done = subprocess.run(command + limits, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = [line.split(",")[:4] for line in (tmp_path / "out_stats.csv").read_text().splitlines()[1:-1]]
    names = {"GET /", "GET /search", "GET /products/{id}", "POST /basket", "GET /basket", "POST /checkout"}
    assert {f"{method} {name}" for method, name, _, _ in rows} == names
    assert {failures for _, _, _, failures in rows} == {"0"}
