"""From Schemathesis's report to findings and coverage. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.model import Answer, Coverage, EndpointLocation, Finding, Missing
from sdlc_gates._dast import curl
from sdlc_gates._dast.routes import CLOSED
from sdlc_gates._schemathesis import kinds
from sdlc_gates._schemathesis.description import Operation
from sdlc_gates._schemathesis.events import Failure, Interaction, NonFatal, Recorder, Report, StopReason

MESSAGE_CHARACTERS = 1000
EXCERPT_CHARACTERS = 1000
PROOF_STEPS = 12
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Failed:
    """One failure of a check, and where in the report it stands."""

    operation: str
    failure: Failure
    recorder: Recorder
    case_id: str

    @property
    def cost(self) -> tuple[int, int, str]:
        """The simplest way to see a failure has the least."""
        steps = self.steps()
        size = sum(len(step.request.uri) + len(step.request.body.base64 if step.request.body else "") for step in steps)
        return len(steps), size, steps[-1].request.uri if steps else ""

    def steps(self) -> list[Interaction]:
        """The requests that show it, in order: in a walk, all that came before."""
        recorded = list(self.recorder.interactions)
        case = self.failure.case_id or self.case_id
        if case not in recorded:
            raise OutputInvalid(f"the report names the case {case!r} and doesn't hold its request")
        if not self.recorder.cases[self.case_id].parent_id:
            return [self.recorder.interactions[case]]
        return [self.recorder.interactions[one] for one in recorded[: recorded.index(case) + 1]]


class Group(msgspec.Struct):
    """Failures of one kind, in the summary."""

    code: str
    count: int


class Summary(msgspec.Struct):
    """What `--report json` writes (4.32)."""

    schemathesis_version: str
    complete: bool
    stop_reason: StopReason | Literal["error"]
    exit_code: int
    failures: list[Group]
    warnings: dict[str, list[str]]


def parse(report: Report, described: Sequence[Operation], excluded: Sequence[Missing], url: str) -> Answer:
    """What the report says of the operations `described`, below the address `url`."""
    failed = [one for scenario in report.scenarios for one in _failed(scenario.recorder)]
    best: dict[tuple[str, str], Failed] = {}
    for one in failed:
        key = (one.operation, one.failure.code)
        if key not in best or one.cost < best[key].cost:
            best[key] = one
    findings = tuple(_finding(best[key], url) for key in sorted(best))
    return Answer(findings=findings, coverage=(_coverage(report, described, excluded),), notes=tuple(_notes(report)))


def agreed(report: Report, summary: Summary) -> None:
    """Raise `OutputInvalid` when the events and the summary of a run don't tell the same story."""
    told = {one.failure.code for scenario in report.scenarios for one in _failed(scenario.recorder)}
    counted = {group.code for group in summary.failures}
    if told != counted or not summary.complete:
        raise OutputInvalid(f"the events tell of {sorted(told)} and the summary of {sorted(counted)}")


def warnings(summary: Summary) -> tuple[str, ...]:
    """What Schemathesis itself warns of."""
    return tuple(
        f"schemathesis warns of {kind.replace('_', ' ')}: {', '.join(labels[:SHOWN])}"
        + (f" and {len(labels) - SHOWN} more" if len(labels) > SHOWN else "")
        for kind, labels in sorted(summary.warnings.items())
        if labels
    )


def unreachable(report: Report) -> str:
    """Why the target can't have been tested at all; empty when it gave any reply."""
    interactions = [one for scenario in report.scenarios for one in scenario.recorder.interactions.values()]
    if any(one.response for one in interactions):
        return ""
    return next((f"{fault.value.type}: {fault.value.message}" for fault in report.faults), "it gave no reply")


def _failed(recorder: Recorder) -> Iterator[Failed]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status == "failure":
                if check.failure_info is None:
                    raise OutputInvalid(f"the report says that {check.name} failed, and not how")
                failure = check.failure_info.failure
                yield Failed(failure.operation or recorder.cases[case_id].value.label, failure, recorder, case_id)


def _finding(failed: Failed, url: str) -> Finding:
    kind = kinds.kind(failed.failure.code)
    method, _, path = failed.operation.partition(" ")
    said = " ".join(failed.failure.message.split())[:MESSAGE_CHARACTERS]
    return Finding(
        tool="schemathesis",
        rule=kinds.rule(failed.failure.code),
        severity=kind.severity,
        message=f"{kind.title}: {said}" if said else kind.title,
        location=EndpointLocation(method=method, url=url + path),
        proof=_proof(failed.steps()),
    )


def _proof(steps: Sequence[Interaction]) -> str:
    """The commands that send it again, and what came back last."""
    shown = steps[-PROOF_STEPS:]
    lines = [f"({len(steps) - len(shown)} requests before these)"] if len(shown) < len(steps) else []
    lines += [_command(step) for step in shown]
    reply = shown[-1].response
    if reply is None:
        return "\n".join([*lines, "(no reply)"])
    body = reply.content.bytes().decode("utf-8", "replace") if reply.content else ""
    return "\n".join([*lines, f"HTTP {reply.status_code}", body[:EXCERPT_CHARACTERS]]).rstrip()


def _command(step: Interaction) -> str:
    headers = [(name, value) for name, values in step.request.headers.items() for value in values]
    body = step.request.body.bytes() if step.request.body else b""
    return curl.line(step.request.method, step.request.uri, headers, body)


def _coverage(report: Report, described: Sequence[Operation], excluded: Sequence[Missing]) -> Coverage:
    left_out = {item.item for item in excluded}
    expected = [operation for operation in described if operation.label not in left_out]
    replies: dict[str, set[int]] = {}
    broken = {fault.label: f"{fault.value.type}: {fault.value.message}" for fault in report.faults}
    for scenario in report.scenarios:
        for label, status in _replies(scenario.recorder):
            replies.setdefault(label, set()).add(status)
        broken |= dict(_broken_checks(scenario.recorder))
    missing = tuple(
        Missing(item=operation.label, reason=" ".join(reason.split())[:MESSAGE_CHARACTERS])
        for operation in expected
        if (reason := broken.get(operation.label) or why_not_exercised(operation, replies.get(operation.label, set())))
    )
    return Coverage(
        what="operations",
        measured=len(expected) - len(missing),
        expected=len(expected),
        missing=missing,
        excluded=tuple(excluded),
    )


def _replies(recorder: Recorder) -> Iterator[tuple[str, int]]:
    for case_id, interaction in recorder.interactions.items():
        yield recorder.cases[case_id].value.label, interaction.response.status_code if interaction.response else 0


def _broken_checks(recorder: Recorder) -> Iterator[tuple[str, str]]:
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.status in ("error", "interrupted"):
                yield recorder.cases[case_id].value.label, f"the check {check.name} broke"


def why_not_exercised(operation: Operation, statuses: set[int]) -> str:
    """Why replies with these statuses don't show what an operation does; empty when they do.

    One request must have been let in: by a success, or by a redirect where the description knows nothing better.
    """
    if not statuses:
        return "no request was sent to it"
    redirects = not any(status.startswith("2") for status in operation.documented)
    if any(200 <= status < 300 or (redirects and 300 <= status < 400) for status in statuses):
        return ""
    said = "; ".join(CLOSED.get(status, str(status)) for status in sorted(statuses))
    return f"it let no request in ({said})"


def _notes(report: Report) -> Iterator[str]:
    for phase in report.phases:
        if phase.status == "skip":
            yield f"the phase {phase.phase.name} had nothing to test"
    unrelated = [fault for fault in report.faults if not fault.related_to_operation]
    yield from (_said(fault) for fault in unrelated)


def _said(fault: NonFatal) -> str:
    return f"{fault.label}: {fault.value.type}: {fault.value.message}"[:MESSAGE_CHARACTERS]
