"""What several gates use of the engine: batches of paths, files that ask to look away, planted folders."""

from __future__ import annotations

import datetime
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sdlc_gates.bandit import Bandit

from sdlc import inventory, proofs
from sdlc.gate import Gate, Workspace
from sdlc.inventory import batches
from sdlc.model import Canary, SourceLocation
from sdlc.source import asking

MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]


def test_batches_hold_every_path_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "ARGUMENT_BYTES", 20)
    paths = [Path(f"/folder/{number}") for number in range(7)] + [Path("/a-path-longer-than-a-whole-batch")]
    cut = batches(paths)
    assert [path for batch in cut for path in batch] == [str(path) for path in paths]
    assert [len(batch) for batch in cut] == [2, 2, 2, 1, 1]
    assert batches([]) == ()


def test_a_name_that_is_not_utf_8_fits_into_a_batch() -> None:
    assert batches([Path("/a\udcff")]) == (("/a\udcff",),)


def test_files_that_ask_to_look_away_are_found_in_every_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".semgrepignore").write_text("*")
    (tmp_path / "x.semgrepignore").write_text("*")
    assert asking(inventory.take(tmp_path), ".semgrepignore") == (
        SourceLocation(path="deep/.semgrepignore", line=1, snippet="the file .semgrepignore"),
    )


def test_a_canary_in_a_folder_that_git_ignores_is_planted_all_the_same(tmp_path: Path, workspace: MakeWorkspace) -> None:
    canary = tmp_path / "project" / ".venv" / "canary"
    canary.mkdir(parents=True)
    (canary / "a.py").write_text("x = 1\n")
    (tmp_path / "project" / ".gitignore").write_text(".venv\n")
    subprocess.run(["git", "init", "--quiet", str(tmp_path / "project")], check=True)
    assert workspace(tmp_path / "project").narrowed(canary, "canary").files.files == ("a.py",)


def test_what_a_proof_rests_on_must_be_known_for_it_to_be_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_gate: MakeGate
) -> None:
    class Elsewhere(Bandit):
        def proof_rests_on(self) -> None:
            return None

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    now = datetime.datetime.now(datetime.UTC)
    for kind, known in ((Bandit, True), (Elsewhere, False)):
        gate = make_gate(kind)
        proofs.remember(gate, Canary(caught=True, detail="found"), now)
        assert (proofs.recall(gate, now) is not None) is known
