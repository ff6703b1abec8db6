"""Testing the running API against its OpenAPI description with Schemathesis."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from sdlc.errors import GateError, NoDescription, NoTarget, OutputInvalid, SdlcError, TargetFailed, ToolFailed
from sdlc.gate import Gate, Tool, ToolRun, Workspace, expect_exit, own_tool, read_report
from sdlc.model import Answer, Family, Missing, Stage
from sdlc.target import Target
from sdlc_gates._dast import redaction
from sdlc_gates._dast.client import Bounds, Client
from sdlc_gates._dast.login import from_environment, log_in, secrets_in
from sdlc_gates._schemathesis import events, faulty, outcome, settings
from sdlc_gates._schemathesis.description import Operation, address, confined, excluding, operations
from sdlc_gates._schemathesis.events import Report
from sdlc_gates._schemathesis.settings import SchemathesisOptions

HERE = Path(__file__).parent
# Enough for the planted API, whose defects show without luck.
EXAMPLES = 5
FILES = {"config": "own.toml", "description": "openapi.json", "events": "events.ndjson", "summary": "summary.json"}


class Schemathesis(Gate):
    """Finds where an API breaks, and where it breaks its own description."""

    kind = "schemathesis"
    summary = "server errors, broken promises and ignored authentication of an API, from its OpenAPI description"
    family = Family.DAST
    covers = frozenset({"operations"})
    stages = (Stage.PR, Stage.RELEASE)
    uses_target = True
    deadline = 1200
    Options = SchemathesisOptions
    options: SchemathesisOptions

    def probe(self) -> Tool:
        return own_tool("schemathesis", "schemathesis", ">=4.32,<5")

    def proof_rests_on(self) -> tuple[Path, ...]:
        return (Path(__file__), HERE / "_dast", HERE / "_schemathesis")

    def check(self, work: Workspace) -> Answer:
        tool, target = self.probe(), self._target(work)
        document = target.openapi or {}
        described = operations(document)
        left_out = tuple(self._left_out(described))
        url = address(target, document)
        files = {name: work.scratch / file for name, file in FILES.items()}
        files["description"].write_text(json.dumps(confined(document, url), default=str), "utf-8")
        headers = self._headers(work, target)
        files["config"].write_text(settings.config(self.options, tuple(headers)), "utf-8")
        argv = settings.argv(self.options, files, url, [item.item for item in left_out])
        told = {name: files[name] for name in ("events", "summary")}
        try:
            run = _run(work, tool, argv, told, headers)
        except GateError as error:
            error.answer = _known_so_far(work, described, left_out, url)
            raise
        return _answer(run, tool, described, left_out, url)

    def _target(self, work: Workspace) -> Target:
        if work.target is None:
            raise NoTarget
        if not work.target.openapi:
            raise NoDescription
        if not work.target.is_local and not self.options.attack_remote:
            raise TargetFailed(
                f"{work.target.url} is not on this machine, and the test changes data",
                fix="set attack_remote = true if it may be tested",
            )
        return work.target

    def _left_out(self, described: tuple[Operation, ...]) -> Iterator[Missing]:
        for operation in described:
            if pattern := excluding(operation, self.options.exclude):
                yield Missing(item=operation.label, reason=f"excluded by configuration: {pattern}")

    def _headers(self, work: Workspace, target: Target) -> dict[str, str]:
        """What every request carries to be let in."""
        headers = from_environment(self.options.headers_env, "header")
        if login := self.options.login:
            bounds = Bounds(work.limits.deadline, work.cancel, seconds=self.options.request_seconds)
            headers |= dict(log_in(Client(target.url, bounds, folder=work.root), login, login.credentials()))
        return headers

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        empty = work.scratch / "planted"
        empty.mkdir()
        # The planted API knows neither the project's operations nor who may use them.
        options = msgspec.structs.replace(self.options, exclude=(), headers_env={}, login=None, max_examples=EXAMPLES)
        with faulty.planted() as target:
            yield Schemathesis(self.id, options), dataclasses.replace(work.narrowed(empty, "canary"), target=target)

    def caught(self, answer: Answer) -> bool:
        looked_for = {code for code, check in faulty.PLANTED.items() if check in self.options.checks}
        return bool(looked_for) and looked_for <= {finding.rule.id for finding in answer.findings}


def _run(work: Workspace, tool: Tool, argv: Sequence[str], told: Mapping[str, Path], headers: Mapping[str, str]) -> ToolRun:
    try:
        return work.run(tool, argv, keep=told, env=settings.environment(headers))
    finally:
        # Before anything quotes it: a reply may echo what it was sent.
        redaction.redact(work, secrets_in(headers))


def _answer(run: ToolRun, tool: Tool, described: tuple[Operation, ...], left_out: tuple[Missing, ...], url: str) -> Answer:
    if "events" not in run.kept:
        raise ToolFailed(f"Schemathesis ended with exit code {run.code} and wrote no report: {run.last_words}")
    report = events.read(run.kept["events"])
    answer = outcome.parse(report, described, left_out, url)
    try:
        _refuse_unfinished(report, tool, run)
    except GateError as error:
        error.answer = answer
        raise
    summary = read_report(run, "summary", outcome.Summary)
    outcome.agreed(report, summary)
    return msgspec.structs.replace(answer, notes=(*answer.notes, *outcome.warnings(summary)))


def _refuse_unfinished(report: Report, tool: Tool, run: ToolRun) -> None:
    if report.version != tool.version:
        raise OutputInvalid(f"the report is of Schemathesis {report.version}, and {tool.version} was run")
    if report.fatal or report.loaded is None:
        raise ToolFailed(f"Schemathesis could not test: {report.fatal or run.last_words}")
    if report.ended is None:
        raise OutputInvalid(f"the report ends before the run did: {run.last_words}")
    if reason := outcome.unreachable(report):
        raise TargetFailed(f"the target answered no request: {reason}")
    if report.ended.stop_reason == "server_unavailable":
        raise TargetFailed(f"the target stopped answering: {'; '.join(answer_of(report))}")
    if report.ended.stop_reason != "completed":
        raise ToolFailed(f"Schemathesis stopped early: {report.ended.stop_reason}")
    expect_exit(run, 0, 1)


def answer_of(report: Report) -> Iterator[str]:
    """What Schemathesis says about the target as a whole."""
    yield from (fault.value.message for fault in report.faults if not fault.related_to_operation)


def _known_so_far(work: Workspace, described: tuple[Operation, ...], left_out: tuple[Missing, ...], url: str) -> Answer:
    """What was found before it was killed."""
    files = [artifact.path for evidence in work.evidence[-1:] for artifact in evidence.files]
    written = next((work.directory.path / name for name in files if name.endswith(Path(FILES["events"]).suffix)), None)
    try:
        return outcome.parse(events.read(written, cut=True), described, left_out, url) if written else Answer()
    except SdlcError:
        return Answer()
