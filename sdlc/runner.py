"""Runs a plan: static gates share the cores, a load test runs alone, and whatever goes wrong becomes a result."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import queue
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from sdlc import proofs
from sdlc.errors import Cancelled, GateError, NoTarget, NothingToScan, SdlcError
from sdlc.evidence import RunDirectory, storable
from sdlc.gate import Gate, Workspace
from sdlc.handlers.link import link
from sdlc.handlers.model import Route
from sdlc.inventory import Inventory
from sdlc.model import Answer, Canary, Completed, Errored, Evidence, GateResult, Skipped, Verdict
from sdlc.plan import Plan, Step
from sdlc.policy import decide
from sdlc.process import Limits
from sdlc.settling import accounted, settled
from sdlc.target import Target, started
from sdlc.threshold import MeasurementLimit

TRACEBACK_CHARACTERS = 2000
STUCK_SECONDS = 45.0
"""How long a gate may take beyond its deadline, or after everything was asked to stop, to end what it started."""
POLL_SECONDS = 0.5


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
    """The moment that waivers, and the age of whatever has one, are judged at."""
    routes: tuple[Route, ...] = ()
    """What the project's code declares."""
    only_prove: bool = False
    """Plant canaries, and leave the project alone."""
    results: dict[str, GateResult] = field(default_factory=dict)
    running: dict[str, Step] = field(default_factory=dict)
    finished: queue.Queue[GateResult] = field(default_factory=queue.Queue)
    give_up: dict[str, float] = field(default_factory=dict)
    """When a running gate is no longer waited for, by `time.monotonic()`."""

    def run(self) -> tuple[GateResult, ...]:
        """The results of all steps, in the plan's order; those that were stopped by `cancel` say so."""
        waiting = list(self.plan.steps)
        while waiting or self.running:
            startable = self._startable(waiting)
            for step in startable:
                waiting.remove(step)
                self._start(step)
            if self.running:
                self._wait()
            elif not startable:
                for step in waiting:
                    self._take(Skipped(gate=step.gate.id, reason=f"what it needs never ends: {', '.join(step.needs)}"))
                waiting.clear()
        return tuple(self.results[step.gate.id] for step in self.plan.steps)

    def _wait(self) -> None:
        """Take the next result, or give up on a gate whose own code does not end."""
        with contextlib.suppress(queue.Empty):
            result = self.finished.get(timeout=POLL_SECONDS)
            if result.gate in self.running:
                self._take(result)
        now = time.monotonic()
        for gate in list(self.running):
            if self.cancel.is_set():
                self.give_up[gate] = min(self.give_up[gate], now + STUCK_SECONDS)
            if now > self.give_up[gate]:
                reason = "the gate's own code did not end; it was left behind"
                self._take(Errored(gate=gate, fault="cancelled" if self.cancel.is_set() else "timeout", reason=reason))

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
        self.give_up[step.gate.id] = time.monotonic() + step.deadline + STUCK_SECONDS
        self.observer.started(step.gate.id)
        threading.Thread(target=lambda: self.finished.put(self._perform(step)), name=step.gate.id, daemon=True).start()

    def _take(self, result: GateResult) -> None:
        self.running.pop(result.gate, None)
        self.results[result.gate] = result
        self.observer.ended(result)

    def _kept(self, gate: str) -> bool:
        """Whether a gate, judged alone, stands in nobody's way."""
        result = self.results[gate]
        if isinstance(result, Skipped):
            return result.unaffected
        thresholds = tuple(limit for limit in self.plan.policy.thresholds if limit.gate in ("", gate))
        alone = msgspec.structs.replace(self.plan.policy, required=(gate,), thresholds=thresholds)
        return decide((result,), alone, self.began).verdict is Verdict.PASS

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
            if self._is_unaffected(step.gate):
                return Skipped(gate=gate, reason=storable(str(error)), unaffected=True)
            failure: BaseException = error
        except BaseException as error:  # noqa: BLE001  # whatever a gate raises, sys.exit(0) among it, is no answer
            failure = error
        return self._errored(gate, failure, tuple(evidence), round(time.monotonic() - began, 3))

    def _is_unaffected(self, gate: Gate) -> bool:
        """Whether it was shown that no changed file is the gate's business."""
        mine = self.files.select(gate.wants)
        return bool(self.files.changed_since) and not gate.uses_target and not mine.files and not mine.refused

    def _errored(self, gate: str, failure: BaseException, evidence: tuple[Evidence, ...], seconds: float) -> Errored:
        """What a gate raised, as a result."""
        fault, reason, fix, known = "gate-failed", str(failure), "", Answer()
        if isinstance(failure, GateError):
            fault, fix, known = failure.fault, failure.fix, failure.answer
        elif isinstance(failure, Cancelled):
            fault = "cancelled"
        elif not isinstance(failure, SdlcError):
            told = "".join(traceback.format_exception(failure))[-TRACEBACK_CHARACTERS:]
            short = traceback.format_exception_only(failure)[-1].strip()
            fault, reason, fix = "gate-bug", f"the gate itself broke: {short}\n{told}", "report it, with the run directory"
        try:
            known = settled(link(known, self.routes), gate)
        except Exception as error:  # noqa: BLE001  # a gate's last words may be as broken as the gate
            known, reason = Answer(), f"{reason}; what it knew can't be kept: {error}"
        return Errored(
            gate=gate,
            fault=fault,
            reason=storable(reason),
            fix=storable(fix),
            answer=known,
            evidence=evidence,
            seconds=seconds,
        )

    def _answer(self, step: Step, evidence: list[Evidence]) -> tuple[Answer, Canary | None]:
        gate = step.gate
        if self.cancel.is_set():
            raise Cancelled("stopped before it began")
        work = Workspace(
            gate=gate.id,
            root=self.plan.root,
            beside=self.plan.beside,
            files=self.files,
            scratch=self.directory.scratch(gate.id),
            directory=self.directory,
            limits=Limits(deadline=time.monotonic() + step.deadline, memory=step.memory),
            cancel=self.cancel,
            say=lambda text: self.observer.said(gate.id, text),
            jobs=self.jobs,
            routes=self.routes,
            target_plan=self.plan.target if step.gate.uses_target else None,
            evidence=evidence,
            began=self.began,
            thresholds=tuple(
                limit for limit in self.plan.policy.thresholds if isinstance(limit, MeasurementLimit) and limit.gate == gate.id
            ),
        )
        if self.only_prove:
            return Answer(), prove(gate, work)
        with self._target(gate, work) as target:
            answer = gate.check(dataclasses.replace(work, target=target))
        answer = settled(link(accounted(answer, gate.covers), self.routes), gate.id)
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
            raise NoTarget
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
        caught, detail = False, f"{error.fault}: {error}" + (f"; {error.fix}" if error.fix else "")
    return Canary(caught=caught, detail=storable(detail), seconds=round(time.monotonic() - began, 3))
