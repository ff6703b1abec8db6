"""Runs a comparison: both sides in turn, each run a load test of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import msgspec

from sdlc.errors import GateError, OutputInvalid
from sdlc.gate import Tool, Workspace
from sdlc.model import Answer, Missing
from sdlc.target import Target
from sdlc_gates.load import requests, running, sides
from sdlc_gates.load.compared import Test, judge
from sdlc_gates.load.comparison import FILE, FORMAT, CompareOptions, Comparison, Run, Side, order
from sdlc_gates.load.faults import LoadRefused
from sdlc_gates.load.plan import LoadOptions, Plan


@dataclass(frozen=True, slots=True)
class Interleaved:
    """A comparison that is about to be made."""

    work: Workspace
    tool: Tool
    options: LoadOptions
    compare: CompareOptions
    plan: Plan

    def run(self, target: Target, left_out: tuple[Missing, ...]) -> Answer:
        """Make it, and judge it; raises a `GateError` that holds what was known by then."""
        self._refuse_long()
        candidate = sides.candidate(self.work, target)
        base = sides.base(self.work, self.compare, candidate.plan)
        self._refuse_elsewhere(base)
        from_description = bool(self.plan.requests) and not self.options.paths
        with sides.instance(self._apart("base-first-start"), base, described=from_description) as first:
            plan, not_shared = shared(self.plan, first)
        whole = Comparison(
            format=FORMAT,
            base=base.words,
            candidate=candidate.words,
            pairs=self.compare.pairs,
            seed=self.options.seed,
            told_apart=self.compare.told_apart,
            fresh=bool(base.plan.run and candidate.plan.run),
            runs=(),
        )
        return self._all(whole, {"base": base, "candidate": candidate}, plan, (*left_out, *not_shared))

    def _all(self, whole: Comparison, both: dict[Side, sides.SideOf], plan: Plan, left_out: tuple[Missing, ...]) -> Answer:
        tests: list[Test] = []
        failure: GateError | None = None
        try:
            for number, (pair, side) in enumerate(order(whole.pairs, whole.seed), start=1):
                self.work.say(f"run {number} of {2 * whole.pairs}: {side}")
                tests.append(self._one(pair, side, both[side], plan))
        except GateError as error:
            failure = error
        whole = msgspec.structs.replace(whole, runs=tuple(run for run, _ in tests))
        file = self.work.scratch / FILE
        file.write_bytes(msgspec.json.encode(whole))
        self.work.directory.keep(self.work.gate, file, FILE)
        answer = judge(whole, tests, self.work.thresholds, left_out)
        if failure:
            failure.answer = answer
            raise failure
        return answer

    def _one(self, pair: int, side: Side, which: sides.SideOf, plan: Plan) -> Test:
        """One run; raises a `GateError` when it could not be made to its end."""
        work = self._apart(f"pair-{pair:03}-{side}")
        with sides.instance(work, which) as target:
            told = sides.version(target, self.compare.told_apart) if self.compare.told_apart else ""
            prepared = msgspec.structs.replace(plan, host=target.url)
            ran = running.run(work, self.tool, self.options, prepared, target)
        if ran.failure:
            raise ran.failure
        return Run(pair=pair, side=side, folder=work.gate.rpartition("/")[2], version=told), ran.records()

    def _apart(self, name: str) -> Workspace:
        """A workspace whose scratch and evidence are one run's own."""
        scratch = self.work.scratch / name
        scratch.mkdir()
        return replace(self.work, gate=f"{self.work.gate}/{name}", scratch=scratch, say=lambda text: None)

    def _refuse_long(self) -> None:
        runs, left = 2 * self.compare.pairs, self.work.limits.deadline - time.monotonic()
        if (needed := runs * self.plan.usual) > left:
            raise LoadRefused(
                f"{runs} runs take about {needed:.0f} s, and {left:.0f} s are left before the gate's deadline",
                fix=f"raise the deadline in [gates.{self.work.gate}], or shorten duration",
            )

    def _refuse_elsewhere(self, base: sides.SideOf) -> None:
        target = Target(url=base.plan.url, ready=base.plan.ready)
        if base.plan.url and not target.is_local and not self.options.allow_remote:
            raise LoadRefused(
                f"{target.url} is not on this machine, and load on somebody's server can harm it",
                fix=f"if you may do that, set allow_remote = true in [gates.{self.work.gate}]",
            )


def shared(plan: Plan, base: Target) -> tuple[Plan, tuple[Missing, ...]]:
    """The plan with those operations of the candidate's description that the base has too, and the others."""
    if base.openapi is None:
        return plan, ()
    known = {request.subject for request in requests.from_openapi(base.openapi)[0]}
    kept = tuple(request for request in plan.requests if request.subject in known)
    new = [request.subject for request in plan.requests if request.subject not in known]
    if not kept:
        raise OutputInvalid("base and candidate have no operation in common, so there is nothing to compare")
    missing = tuple(Missing(item=subject, reason="the base doesn't have it") for subject in new)
    return msgspec.structs.replace(plan, requests=kept), missing
