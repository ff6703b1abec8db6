"""Open requirements, resolved by the real uv against an index on loopback."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates.pip_audit import PipAudit

from sdlc.gate import Gate, Workspace
from sdlc.model import PackageLocation

pytestmark = pytest.mark.tool


def advisories(folder: Path) -> Path:
    folder.mkdir()
    affected = [{"package": {"ecosystem": "PyPI", "name": "vulnerable-package"}, "versions": ["1.0"]}]
    (folder / "X-1.json").write_text(json.dumps({"id": "X-1", "modified": "2026-01-01T00:00:00Z", "affected": affected}))
    return folder


@pytest.fixture
def index(web: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A package index on loopback: `top` needs `vulnerable-package`, and `unbuilt` comes as source only."""
    ran = tmp_path / "built"
    files = {
        "top-1.0-py3-none-any.whl": wheel("top", "1.0", "Requires-Dist: vulnerable-package<1.9"),
        "vulnerable_package-1.0-py3-none-any.whl": wheel("vulnerable-package", "1.0"),
        "unbuilt-1.0.tar.gz": sdist("unbuilt", f"open({str(ran)!r}, 'w').close()"),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def answer(path: str) -> tuple[int, dict[str, str], str]:
        package = path.strip("/").rpartition("/")[2].replace("-", "_")
        links = [f'<a href="{(tmp_path / name).as_uri()}">{name}</a>' for name in files if name.startswith(f"{package}-")]
        return (200 if links else 404), {"Content-Type": "text/html"}, "<!DOCTYPE html>" + "".join(links)

    site = web(answer)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{site.url}/simple")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return site


def wheel(name: str, version: str, *metadata: str) -> bytes:
    buffer, folder = io.BytesIO(), f"{name.replace('-', '_')}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *metadata]
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(f"{folder}/METADATA", "\n".join(lines) + "\n")
        archive.writestr(f"{folder}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{folder}/RECORD", "")
    return buffer.getvalue()


def sdist(name: str, setup: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        entry = tarfile.TarInfo(f"{name}-1.0/setup.py")
        entry.size = len(setup)
        archive.addfile(entry, io.BytesIO(setup.encode()))
    return buffer.getvalue()


def test_open_versions_are_chosen_on_request_with_what_they_need_in_turn(
    workspace: Callable[..., Workspace], make_gate: Callable[..., Gate], index: Any, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "uv.toml").write_text("[pip]\nindex-url = 'http://127.0.0.1:9/evil'\n")
    (project / "requirements.txt").write_text("--index-url http://127.0.0.1:9/evil\ntop>=1\n")
    (project / "requirements-source.txt").write_text("unbuilt\n")
    gate = make_gate(PipAudit, resolve=True, advisories=str(advisories(tmp_path / "advisories")))
    answer = gate.check(workspace(project))
    dependencies = next(coverage for coverage in answer.coverage if coverage.what == "dependencies")
    assert {f.location.name for f in answer.findings if isinstance(f.location, PackageLocation)} == {"vulnerable-package"}
    assert dependencies.measured == 2
    assert [missing.item for missing in dependencies.missing] == ["unbuilt (requirements-source.txt)"]
    assert "could be chosen" in dependencies.missing[0].reason
    assert any("uv chose" in note for note in answer.notes)
    assert "/simple/top/" in index.asked
    assert not (tmp_path / "built").exists()
