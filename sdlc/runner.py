"""Runs a plan: static gates share the cores, a load test runs alone, and whatever goes wrong becomes a result."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import math
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from sdlc import proofs
from sdlc.errors import Cancelled, GateError, NothingToScan, OutputInvalid, SdlcError, TargetFailed
from sdlc.evidence import RunDirectory
from sdlc.gate import Gate, Workspace
from sdlc.handlers.link import link
from sdlc.handlers.model import Route
from sdlc.identity import fingerprinted
from sdlc.inventory import Inventory
from sdlc.model import Answer, Canary, Completed, Errored, Evidence, GateResult, Measurement, Skipped, Verdict
from sdlc.plan import Plan, Step
from sdlc.policy import decide
from sdlc.process import Limits
from sdlc.target import Target, started
from sdlc.threshold import MeasurementLimit

UNBOUNDED = sys.float_info.max
"""Written for an infinite bound, which JSON can't hold."""
TRACEBACK_CHARACTERS = 2000


class Observer(Protocol):
    """Someone who watches a run; called from several threads."""

    def started(self, gate: str) -> None:
        """A gate has begun."""

    def said(self, gate: str, text: str) -> None:
        """A gate reports progress."""

    def ended(self, result: GateResult) -> None:
        """A gate has a result."""


@dataclass
class Execution:
    """One run of a plan, on its way."""

    plan: Plan
    files: Inventory
    directory: RunDirectory
    observer: Observer
    cancel: threading.Event
    jobs: int
    """Cores to use."""
    began: datetime.datetime
    """The moment that waivers are judged at."""
    routes: tuple[Route, ...] = ()
    """What the project's code declares."""
    only_prove: bool = False
    """Plant canaries, and leave the project alone."""
    results: dict[str, GateResult] = field(default_factory=dict)
    running: dict[str, Step] = field(default_factory=dict)
    finished: queue.Queue[GateResult] = field(default_factory=queue.Queue)

    def run(self) -> tuple[GateResult, ...]:
        """The results of all steps, in the plan's order; those that were stopped by `cancel` say so."""
        waiting = list(self.plan.steps)
        while waiting or self.running:
            for step in self._startable(waiting):
                waiting.remove(step)
                self._start(step)
            if not self.running:
                continue
            self._take(self.finished.get())
        return tuple(self.results[step.gate.id] for step in self.plan.steps)

    def _startable(self, waiting: list[Step]) -> list[Step]:
        """Steps whose needs have ended, as many as there is room for."""
        ready = [step for step in waiting if all(need in self.results for need in step.needs)]
        if self.cancel.is_set():
            return ready
        if any(step.gate.exclusive for step in self.running.values()):
            return []
        shared = [step for step in ready if not step.gate.exclusive]
        if shared:
            return shared[: max(0, self.jobs - len(self.running))]
        return ready[:1] if not self.running else []

    def _start(self, step: Step) -> None:
        unmet = [need for need in step.needs if not self._kept(need)]
        if unmet:
            self._take(Skipped(gate=step.gate.id, reason=f"it needs {', '.join(unmet)}, which did not pass"))
            return
        self.running[step.gate.id] = step
        self.observer.started(step.gate.id)
        threading.Thread(target=lambda: self.finished.put(self._perform(step)), name=step.gate.id, daemon=True).start()

    def _take(self, result: GateResult) -> None:
        self.running.pop(result.gate, None)
        self.results[result.gate] = result
        self.observer.ended(result)

    def _kept(self, gate: str) -> bool:
        """Whether a gate, judged alone, stands in nobody's way."""
        thresholds = tuple(limit for limit in self.plan.policy.thresholds if limit.gate in ("", gate))
        alone = msgspec.structs.replace(self.plan.policy, required=(gate,), thresholds=thresholds)
        return decide((self.results[gate],), alone, self.began).verdict is Verdict.PASS

    def _perform(self, step: Step) -> GateResult:
        began = time.monotonic()
        evidence: list[Evidence] = []
        gate = step.gate.id
        try:
            answer, canary = self._answer(step, evidence)
            return Completed(
                gate=gate, answer=answer, evidence=tuple(evidence), canary=canary, seconds=round(time.monotonic() - began, 3)
            )
        except NothingToScan as error:
            if self.files.changed_since and not step.gate.uses_target:
                return Skipped(gate=gate, reason=str(error), unaffected=True)
            fault, reason, fix, known = error.fault, str(error), error.fix, error.answer
        except GateError as error:
            fault, reason, fix, known = error.fault, str(error), error.fix, error.answer
        except Cancelled as error:
            fault, reason, fix, known = "cancelled", str(error), "", Answer()
        except SdlcError as error:
            fault, reason, fix, known = "gate-failed", str(error), "", Answer()
        except Exception:  # noqa: BLE001  # the one place where a gate's own bug is turned into a result
            fault, reason = "gate-bug", f"the gate itself broke: {traceback.format_exc()[-TRACEBACK_CHARACTERS:]}"
            fix, known = "report it, with the run directory", Answer()
        return Errored(
            gate=gate,
            fault=fault,
            reason=reason,
            fix=fix,
            answer=_settled(link(known, self.routes), gate),
            evidence=tuple(evidence),
            seconds=round(time.monotonic() - began, 3),
        )

    def _answer(self, step: Step, evidence: list[Evidence]) -> tuple[Answer, Canary | None]:
        gate = step.gate
        if self.cancel.is_set():
            raise Cancelled("stopped before it began")
        work = Workspace(
            gate=gate.id,
            root=self.plan.root,
            files=self.files,
            scratch=self.directory.scratch(gate.id),
            directory=self.directory,
            limits=Limits(deadline=time.monotonic() + step.deadline, memory=step.memory),
            cancel=self.cancel,
            say=lambda text: self.observer.said(gate.id, text),
            jobs=self.jobs,
            routes=self.routes,
            evidence=evidence,
            thresholds=tuple(
                limit for limit in self.plan.policy.thresholds if isinstance(limit, MeasurementLimit) and limit.gate == gate.id
            ),
        )
        if self.only_prove:
            return Answer(), prove(gate, work)
        with self._target(gate, work) as target:
            answer = gate.check(dataclasses.replace(work, target=target))
        answer = _settled(link(answer, self.routes), gate.id)
        return answer, self._prove(gate, work) if self.plan.policy.prove else None

    def _prove(self, gate: Gate, work: Workspace) -> Canary:
        """A proof that still holds, or a new one."""
        if known := proofs.recall(gate, self.began):
            return known
        canary = prove(gate, work)
        proofs.remember(gate, canary, self.began)
        return canary

    @contextlib.contextmanager
    def _target(self, gate: Gate, work: Workspace) -> Iterator[Target | None]:
        """A target of its own for a gate that needs one; its output becomes evidence."""
        if not gate.uses_target:
            yield None
            return
        if self.plan.target is None:
            raise TargetFailed("there is no running application to test", fix="add [target] to sdlc.toml, or give --target URL")
        work.say("starting the target")
        place = work.scratch / "target"
        place.mkdir()
        try:
            with started(self.plan.target, place, work.limits, work.cancel) as target:
                yield target
        finally:
            for output in sorted(place.glob("target.std*")):
                self.directory.keep(gate.id, output, output.name)


def prove(gate: Gate, work: Workspace) -> Canary:
    """Plant the gate's canary and see whether the gate, with the same options and the same tool, finds it."""
    began = time.monotonic()
    work.say("looking for its canary")
    try:
        with gate.plant(work) as (planted_gate, planted):
            caught = planted_gate.caught(planted_gate.check(planted))
        detail = "found" if caught else "the planted defect was not found"
    except GateError as error:
        caught, detail = False, f"{error.fault}: {error}"
    return Canary(caught=caught, detail=detail, seconds=round(time.monotonic() - began, 3))


def _settled(answer: Answer, gate: str) -> Answer:
    """The answer as it is stored: findings marked, bounds finite; raises `OutputInvalid` for what isn't a number."""
    return msgspec.structs.replace(
        answer,
        findings=fingerprinted(answer.findings, gate),
        measurements=tuple(_finite(measurement) for measurement in answer.measurements),
    )


def _finite(measurement: Measurement) -> Measurement:
    numbers = {"value": measurement.value, "low": measurement.low, "high": measurement.high}
    if any(number is not None and math.isnan(number) for number in numbers.values()):
        raise OutputInvalid(f"{measurement.name} of {measurement.subject or 'all together'} is not a number")
    bounded = {
        name: math.copysign(UNBOUNDED, number) if number is not None and math.isinf(number) else number
        for name, number in numbers.items()
    }
    return msgspec.structs.replace(measurement, **bounded)
