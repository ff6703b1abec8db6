"""Canaries: a gate that misses its own is no gate; one that caught it is believed for a day."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdlc import proofs
from sdlc.errors import NothingToScan, OutputInvalid
from sdlc.gate import Workspace
from sdlc.model import (
    Answer,
    Canary,
    Completed,
    Coverage,
    Errored,
    Finding,
    GateResult,
    Rule,
    Severity,
    SourceLocation,
    Verdict,
)
from sdlc.plan import Plan
from sdlc.policy import decide

NOW = datetime.datetime(2026, 5, 10, 12, tzinfo=datetime.UTC)
CLEAN = Answer(coverage=(Coverage(what="files", measured=1, expected=1),))
BAD = Finding(rule=Rule(id="R"), severity=Severity.HIGH, message="m", location=SourceLocation(path="a.py", line=1))
Trial = Any
Check = Callable[[Workspace], Answer]


def verdict(results: dict[str, GateResult], plan: Plan) -> Verdict:
    return decide(tuple(results.values()), plan.policy, NOW).verdict


def raising(error: BaseException) -> Check:
    def check(work: Workspace) -> Answer:
        raise error

    return check


def recursing(work: Workspace) -> Answer:
    return recursing(work)


CANARIES: dict[str, tuple[Check, bool, str]] = {
    "caught": (lambda work: Answer(findings=(BAD,)), True, "found"),
    "missed": (lambda work: CLEAN, False, "the planted defect was not found"),
    "broken": (raising(OutputInvalid("cut \udcff short")), False, "output-invalid: cut \\udcff short"),
    "nothing to scan": (raising(NothingToScan("no files")), False, "nothing-to-scan: no files"),
}


@pytest.mark.parametrize(("planted", "caught", "detail"), CANARIES.values(), ids=CANARIES.keys())
def test_a_canary_that_is_not_caught_makes_it_inconclusive(planted: Check, caught: bool, detail: str, trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", planted=staticmethod(planted)), prove=True)
    results = trial.run(plan)
    assert isinstance(results["a"], Completed)
    canary = results["a"].canary
    assert canary is not None
    assert (canary.caught, canary.detail) == (caught, detail)
    assert verdict(results, plan) is (Verdict.PASS if caught else Verdict.INCONCLUSIVE)


def test_a_canary_that_breaks_the_gate_makes_it_inconclusive(trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", planted=staticmethod(raising(SystemExit(0)))), prove=True)
    results = trial.run(plan)
    assert isinstance(results["a"], Errored)
    assert results["a"].fault == "gate-bug"


def test_a_proof_is_not_made_twice_in_a_day(trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made: list[str] = []

    def planted(work: Workspace) -> Answer:
        made.append(work.gate)
        return Answer(findings=(BAD,))

    known = trial.gate("a", planted=staticmethod(planted), proof_rests_on=lambda self: (Path(__file__),))
    for _ in range(2):
        trial.run(trial.plan(known, prove=True))
    assert made == ["a/canary"]
    assert proofs.recall(known, NOW) == Canary(
        caught=True, detail="found at 2026-05-10 12:00 UTC with the same tool, rules and options"
    )
    for moment in (NOW - datetime.timedelta(seconds=1), NOW + proofs.VALID):
        assert proofs.recall(known, moment) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"gate":"a","shown":"2026-05-10T12:00:00","seconds":1}', b"\xff"])
def test_a_proof_that_can_not_be_read_counts_for_nothing(
    content: bytes, trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    known = trial.gate("a", proof_rests_on=lambda self: (Path(__file__),))
    proofs.remember(known, Canary(caught=True, detail=""), NOW)
    (kept,) = (tmp_path / "cache").rglob("*.json")
    kept.write_bytes(content)
    assert proofs.recall(known, NOW) is None
    proofs.remember(known, Canary(caught=False, detail=""), NOW)
    assert kept.read_bytes() == content
