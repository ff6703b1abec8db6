"""A plan that runs: in which order, side by side or alone, and whatever goes wrong becomes a result."""

from __future__ import annotations

import dataclasses
import datetime
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sdlc import inventory, pipeline, runner
from sdlc.errors import ConfigError, EvidenceInvalid, GateError, LimitExceeded, NothingToScan, OutputInvalid, ToolTimeout
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.model import (
    Answer,
    Completed,
    Coverage,
    Errored,
    Finding,
    GateResult,
    Measurement,
    Rule,
    Severity,
    Skipped,
    SourceLocation,
    Verdict,
)
from sdlc.plan import Plan
from sdlc.policy import decide
from sdlc.runner import Execution
from sdlc.target import TargetPlan

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


FAULTS: dict[str, tuple[Check, str, str]] = {
    "an exception": (raising(KeyError("x")), "gate-bug", "KeyError: 'x'"),
    "too deep a recursion": (recursing, "gate-bug", "RecursionError"),
    "no memory": (raising(MemoryError()), "gate-bug", "MemoryError"),
    "an exit with 0": (lambda work: sys.exit(0), "gate-bug", "SystemExit: 0"),
    "an exit with nothing": (lambda work: sys.exit(), "gate-bug", "SystemExit"),
    "an interrupt": (raising(KeyboardInterrupt()), "gate-bug", "KeyboardInterrupt"),
    "the end of a generator": (raising(GeneratorExit()), "gate-bug", "GeneratorExit"),
    "half a character in its words": (raising(ValueError("\udcff")), "gate-bug", "\\udcff"),
    "no answer": (lambda work: None, "gate-bug", "the gate itself broke"),  # type: ignore[dict-item, return-value]
    "a deadline": (raising(ToolTimeout("too late", fix="wait")), "timeout", "too late"),
    "a limit": (raising(LimitExceeded("too much")), "limit-exceeded", "too much"),
    "a report that is none": (raising(OutputInvalid("cut short")), "output-invalid", "cut short"),
    "nothing to scan": (raising(NothingToScan("no files")), "nothing-to-scan", "no files"),
    "an error of ours that is no gate's": (raising(ConfigError("odd")), "gate-failed", "odd"),
    "evidence that is none": (raising(EvidenceInvalid("a link")), "gate-failed", "a link"),
    "a measurement that is no number": (
        lambda work: Answer(measurements=(Measurement(name="p95", value=math.nan, unit="ms", n=1),)),
        "output-invalid",
        "p95 of all together is not a number",
    ),
    "a bound that is no number": (
        lambda work: Answer(measurements=(Measurement(name="p", value=1, unit="ms", n=1, high=math.nan, subject="s"),)),
        "output-invalid",
        "p of s is not a number",
    ),
    "text that can't be stored": (lambda work: Answer(notes=("\ud800",)), "output-invalid", "can't be stored"),
    "a list where none belongs": (lambda work: Answer(notes=["x"]), "output-invalid", "read as another"),  # type: ignore[arg-type]
    "a file name that is not UTF-8": (raising(GateError("bad \udcfe", fix="\udcff")), "gate-failed", "bad \\udcfe"),
    "last words that are broken": (
        raising(GateError("first", answer=Answer(measurements=(Measurement(name="p", value=math.nan, unit="ms", n=1),)))),
        "gate-failed",
        "first; what it knew can't be kept",
    ),
}


@pytest.mark.parametrize(("doing", "fault", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_whatever_a_gate_raises_is_no_answer(doing: Check, fault: str, words: str, trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", doing), trial.gate("b"))
    results = trial.run(plan)
    result = results["a"]
    assert isinstance(result, Errored)
    assert result.fault == fault
    assert words in result.reason
    assert isinstance(results["b"], Completed)
    assert verdict(results, plan) is Verdict.INCONCLUSIVE
    assert trial.watcher.told[-1][1] in ("Errored", "Completed")


def test_what_was_found_before_it_broke_is_kept(trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", raising(GateError("broke", answer=Answer(findings=(BAD,))))))
    results = trial.run(plan)
    assert isinstance(results["a"], Errored)
    assert results["a"].answer.findings[0].gate == "a"
    assert verdict(results, plan) is Verdict.FAIL


def test_an_infinite_bound_is_stored_as_unbounded(trial: Trial) -> None:
    measured = Measurement(name="p95", value=1, unit="ms", n=1, low=-math.inf, high=math.inf)
    result = trial.run(trial.plan(trial.gate("a", lambda work: Answer(measurements=(measured,)))))["a"]
    assert isinstance(result, Completed)
    (stored,) = result.answer.measurements
    assert (stored.low, stored.high) == (-sys.float_info.max, sys.float_info.max)


def test_a_gate_that_does_not_end_is_left_behind(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STUCK_SECONDS", 0.2)
    free = threading.Event()
    plan = trial.plan(trial.gate("a", lambda work: (free.wait(30), CLEAN)[1]), trial.gate("b"), deadline=0.1)
    results = trial.run(plan)
    free.set()
    assert isinstance(results["a"], Errored)
    assert results["a"].fault == "timeout"
    assert "did not end" in results["a"].reason
    assert isinstance(results["b"], Completed)


def test_a_gate_that_ignores_the_order_to_stop_is_left_behind(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "STUCK_SECONDS", 0.2)
    free = threading.Event()

    def deaf(work: Workspace) -> Answer:
        trial.cancel.set()
        free.wait(30)
        return CLEAN

    results = trial.run(trial.plan(trial.gate("a", deaf), trial.gate("b", exclusive=True)))
    free.set()
    assert [getattr(result, "fault", "") for result in results.values()] == ["cancelled", "cancelled"]


def test_a_run_that_is_cancelled_before_it_begins_says_so(trial: Trial) -> None:
    trial.cancel.set()
    plan = trial.plan(trial.gate("a"), trial.gate("b", exclusive=True), trial.gate("c"), needs={"c": ("a",)})
    results = trial.run(plan, jobs=1)
    assert [type(result).__name__ for result in results.values()] == ["Errored", "Errored", "Skipped"]
    assert verdict(results, plan) is Verdict.INCONCLUSIVE


def test_gates_share_the_cores_and_an_exclusive_one_is_alone(trial: Trial) -> None:
    lock, running, seen = threading.Lock(), set[str](), dict[str, int]()

    def busy(work: Workspace) -> Answer:
        with lock:
            running.add(work.gate)
            for name in running:
                seen[name] = max(seen.get(name, 0), len(running))
        time.sleep(0.1)
        with lock:
            running.remove(work.gate)
        return CLEAN

    shared = [trial.gate(name, busy) for name in "abcd"]
    trial.run(trial.plan(trial.gate("x", busy, exclusive=True), *shared, trial.gate("y", busy, exclusive=True)), jobs=2)
    assert (seen["x"], seen["y"]) == (1, 1)
    assert max(seen[name] for name in "abcd") == 2


def order(trial: Trial) -> list[str]:
    return [gate for gate, what in trial.watcher.told if what == "started"]


def test_a_gate_waits_for_what_it_needs(trial: Trial) -> None:
    plan = trial.plan(*map(trial.gate, "abcd"), needs={"a": ("b",), "b": ("d",), "c": ("a", "d")})
    results = trial.run(plan, jobs=4)
    assert order(trial) == ["d", "b", "a", "c"]
    assert list(results) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("first", [raising(GateError("broke")), lambda work: Answer(), lambda work: Answer(findings=(BAD,))])
def test_a_gate_is_skipped_when_what_it_needs_did_not_pass(first: Check, trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", first), trial.gate("b"), trial.gate("c"), needs={"b": ("a",), "c": ("b",)})
    results = trial.run(plan)
    assert results["b"] == Skipped(gate="b", reason="it needs a, which did not pass")
    assert results["c"] == Skipped(gate="c", reason="it needs b, which did not pass")
    assert order(trial) == ["a"]


def test_needs_that_can_never_be_met_end_the_run(trial: Trial) -> None:
    plan = trial.plan(trial.gate("a"), trial.gate("b"), trial.gate("c"), needs={"a": ("b",), "b": ("a",), "c": ("nowhere",)})
    results = trial.run(plan)
    assert all(isinstance(result, Skipped) and not result.unaffected for result in results.values())
    assert verdict(results, plan) is Verdict.INCONCLUSIVE


def test_what_no_change_affects_does_not_hold_up_what_needs_it(trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", raising(NothingToScan("none"))), trial.gate("b"), needs={"b": ("a",)})
    results = trial.run(plan, changed_since="main")
    assert results["a"] == Skipped(gate="a", reason="none", unaffected=True)
    assert isinstance(results["b"], Completed)
    assert verdict(results, plan) is Verdict.PASS


def test_a_gate_of_the_running_application_is_never_unaffected(trial: Trial) -> None:
    lost = trial.gate("a", raising(NothingToScan("no routes")), uses_target=False)
    refused = inventory.Inventory(root=trial.root, files=("changed.py",), changed_since="main")
    plan = trial.plan(lost)
    execution = Execution(
        plan=plan,
        files=refused,
        directory=RunDirectory.create(trial.root, NOW),
        observer=trial.watcher,
        cancel=trial.cancel,
        jobs=1,
        began=NOW,
    )
    (result,) = execution.run()
    assert isinstance(result, Errored)


def test_a_gate_that_needs_an_application_fails_without_one(trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", uses_target=True))
    results = trial.run(plan)
    assert isinstance(results["a"], Errored)
    assert results["a"].fault == "nothing-to-scan"
    assert "--target URL" in results["a"].fix
    assert verdict(results, plan) is Verdict.INCONCLUSIVE


def test_what_the_application_said_is_evidence_even_if_it_did_not_start(trial: Trial) -> None:
    plan = trial.plan(trial.gate("a", uses_target=True))
    target = TargetPlan(root=trial.root, run=("{python}", "-c", "print('no database'); raise SystemExit(3)"))
    run, directory = pipeline.execute(dataclasses.replace(plan, target=target), trial.watcher, trial.cancel, jobs=1)
    assert run.decision.verdict is Verdict.INCONCLUSIVE
    assert "exit code 3. no database" in run.decision.reasons[0].text
    assert (directory.path / "evidence" / "a" / "target.stdout").read_text() == "no database\n"
    assert pipeline.load(directory) == run


def test_each_gate_has_a_folder_of_its_own_that_is_gone_afterwards(trial: Trial) -> None:
    places: dict[str, Path] = {}

    def writing(work: Workspace) -> Answer:
        (work.scratch / "x").touch()
        places[work.gate] = work.scratch
        work.say("writing")
        return CLEAN

    run, directory = pipeline.execute(
        trial.plan(trial.gate("a", writing), trial.gate("b", writing)), trial.watcher, trial.cancel, jobs=2
    )
    assert places["a"] != places["b"]
    assert not places["a"].exists()
    assert ("a", "writing") in trial.watcher.told
    assert pipeline.load(directory) == run
    assert pipeline.decide_again(run).decision == run.decision
    assert set(os.listdir(directory.path)) == {"manifest.json", "run.json"}


def test_a_kind_of_coverage_that_was_promised_and_not_told_is_no_pass(trial: Trial) -> None:
    plan = trial.plan(trial.gate(covers=frozenset({"files", "rules"})))
    results = trial.run(plan)
    decision = decide(tuple(results.values()), plan.policy, NOW)
    assert decision.verdict is Verdict.INCONCLUSIVE
    (reason,) = decision.reasons
    assert reason.text == "it measured 0 of 1 rules; missing: rules (the gate does not speak of them)"
    kept = trial.plan(trial.gate(covers=frozenset({"files"})))
    assert verdict(trial.run(kept), kept) is Verdict.PASS
