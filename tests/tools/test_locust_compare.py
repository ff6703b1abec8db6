"""Two builds set against each other by the real Locust, run against run."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sdlc_gates.load.compared import judge, read
from sdlc_gates.load.faults import LoadRefused
from sdlc_gates.locust import Locust

from sdlc.errors import TargetFailed
from sdlc.gate import Workspace
from sdlc.model import Answer, Verdict
from sdlc.target import Target, TargetPlan
from sdlc.threshold import MeasurementLimit
from tests.tools.load_support import SERVER, SHORT, MakeGate, MakeWorkspace, blocked, faults, measured, serving

pytestmark = pytest.mark.tool
BRIEF = SHORT | {"users": 6, "spawn_rate": 60.0, "duration": "1 s", "wait": "20 ms", "paths": ["/"]}
LIMIT = MeasurementLimit(gate="gate", metric="p50_slowdown", operator="<=", bound=0.1, unit="ratio", origin="test")


def compared(work: Workspace, make_gate: MakeGate, **compare: object) -> Answer:
    gate = make_gate(Locust, **BRIEF, compare={"pairs": 5, **compare})
    return gate.check(replace(work, thresholds=(LIMIT,)))


def repository(root: Path, *delays: float) -> Callable[..., None]:
    """A project of which each commit serves with another delay."""
    root.mkdir()

    def git(*arguments: str) -> None:
        own = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)

    git("init", "-q", "-b", "main")
    for number, delay in enumerate(delays):
        (root / "serve.py").write_text(
            f"import runpy, sys\nsys.argv = ['serve', sys.argv[1], '{delay}']\nrunpy.run_path({str(SERVER)!r})\n"
        )
        git("add", "serve.py")
        git("commit", "-q", "-m", f"takes {delay} s")
        git("tag", f"v{number}")
    return git


def test_a_slower_build_than_the_commit_it_came_from_does_not_pass(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    root = tmp_path / "p"
    repository(root, 0.05, 0.07)
    plan = TargetPlan(root=root, run=(sys.executable, "serve.py", "{port}"), ready="/ready")
    with serving(0.07) as (running, _):
        work = replace(workspace(root, target=running, seconds=900), target_plan=plan)
        answer = compared(work, make_gate, base="v0", prepare=[sys.executable, "-c", "open('made', 'w')"])
    assert not faults(answer)
    assert not blocked(answer)
    found = measured(answer, "p50_slowdown")
    assert LIMIT.judge(found) is not Verdict.PASS
    assert found.value > 0.2
    assert found.n == 5
    assert "nine times out of ten" in found.hint
    folder = work.directory.path / "evidence" / "gate"
    assert (folder / "comparison.json").is_file()
    assert len(list(folder.glob("pair-00*/worker-*.ndjson"))) == 10
    assert any("(v0)" in note for note in answer.notes)
    assert judge(*read(folder), (LIMIT,)) == answer


def test_a_commit_is_not_compared_with_itself(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    root = tmp_path / "p"
    repository(root, 0.01)
    plan = TargetPlan(root=root, run=(sys.executable, "serve.py", "{port}"), ready="/ready")
    nowhere = Target(url="http://127.0.0.1:1", ready="/")
    work = replace(workspace(root, target=nowhere, seconds=900), target_plan=plan)
    with pytest.raises(LoadRefused, match="the same commit"):
        compared(work, make_gate, base="v0")
    (root / "serve.py").write_text("raise SystemExit('changed')")
    work = replace(workspace(root, target=nowhere, seconds=900), target_plan=plan)
    with pytest.raises(TargetFailed, match="exit code 3"):
        compared(work, make_gate, base="v0", prepare=[sys.executable, "-c", "raise SystemExit(3)"])


def test_a_base_that_dies_gives_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "p").mkdir()
    with serving() as (base, process), serving() as (candidate, _):
        plan = TargetPlan(root=tmp_path, url=candidate.url, ready=candidate.ready, ready_within=1)
        work = replace(workspace(tmp_path / "p", target=candidate, seconds=900), target_plan=plan)

        def end(text: str) -> None:
            if text.startswith("run 2"):
                process.kill()
                process.wait()

        with pytest.raises(TargetFailed) as failure:
            compared(replace(work, say=end), make_gate, url=base.url)
    assert any(item.item == "runs-missing" for part in failure.value.answer.coverage for item in part.missing)
    assert not [m for m in failure.value.answer.measurements if LIMIT.judge(m) is Verdict.PASS]


def test_a_slower_page_is_its_canary(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    gate = make_gate(Locust, **SHORT, compare={"base": "main"})
    nowhere = Target(url="http://127.0.0.1:1", ready="/")
    with gate.plant(workspace(tmp_path, target=nowhere, seconds=900)) as (planted_gate, planted):
        assert planted_gate.caught(planted_gate.check(planted))


def test_what_cannot_be_compared_is_refused_at_once(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    work = workspace(tmp_path, target=Target(url="http://127.0.0.1:1", ready="/"), seconds=900)
    absolute = MeasurementLimit(gate="gate", metric="p95", operator="<=", bound=100, unit="ms", origin="sdlc.toml:3")
    with pytest.raises(LoadRefused, match="a comparison doesn't measure it"):
        make_gate(Locust, paths=["/"], compare={"url": "http://127.0.0.1:2"}).check(replace(work, thresholds=(absolute,)))
    with pytest.raises(LoadRefused, match="it takes a comparison"):
        make_gate(Locust, paths=["/"]).check(replace(work, thresholds=(LIMIT,)))
    with pytest.raises(LoadRefused, match="20 runs take about"):
        make_gate(Locust, paths=["/"], duration="100 s", compare={"url": "http://127.0.0.1:2"}).check(work)
    with pytest.raises(LoadRefused, match="not on this machine"):
        make_gate(Locust, paths=["/"], duration="1 s", compare={"url": "http://192.0.2.1"}).check(work)
