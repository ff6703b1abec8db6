"""SARIF 2.1.0: one run for each tool, and one for the verdict itself."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from sdlc.model import Evidence, Finding, Verdict
from sdlc.policy import Ruling
from sdlc.report import Report
from sdlc.run import Run
from sdlc_reports import sarif_format as sarif
from sdlc_reports.sarif_results import FINGERPRINT, ROOT, artifact, config_file, descriptors, message, result
from sdlc_reports.untrusted import line, visible
from sdlc_reports.view import MEANING, GateView, doubts, gate_views, rulings, summary

NAME = "sdlc"
RUN_DIRECTORY = "%RUNDIR%"
THRESHOLD = "sdlc/threshold"
NO_ANSWER = "sdlc/no-answer"
RULES = (
    sarif.Descriptor(
        id=THRESHOLD,
        name="ThresholdKept",
        short_description=sarif.Message(text="A measurement keeps its threshold."),
        full_description=sarif.Message(text="The whole confidence interval of a measurement must keep its threshold."),
        default_configuration=sarif.Configuration(level="error"),
        properties={"tags": ["performance"]},
    ),
    sarif.Descriptor(
        id=NO_ANSWER,
        name="EveryGateAnswers",
        short_description=sarif.Message(text="Every required gate answers, and covers what it should."),
        full_description=sarif.Message(text="A gate that gave no complete answer proves nothing about this release."),
        default_configuration=sarif.Configuration(level="error"),
        properties={"tags": ["completeness"]},
    ),
)
BASES = {
    ROOT: sarif.ArtifactLocation(description=sarif.Message(text="the project's root")),
    RUN_DIRECTORY: sarif.ArtifactLocation(description=sarif.Message(text="the run directory, where the evidence is kept")),
}


class Sarif(Report):
    """For code-scanning services: a result per finding of a tool, and the same fingerprint in every run."""

    kind = "sarif"
    summary = "SARIF 2.1.0 for code scanning"
    filename = "report.sarif"

    def render(self, run: Run) -> str:
        tools = _tools(run)
        runs = (_own_run(run), *(_tool_run(run, name, views) for name, views in sorted(tools.items())))
        log = sarif.Log(schema=sarif.SCHEMA, version=sarif.VERSION, runs=runs)
        return msgspec.json.format(msgspec.json.encode(log), indent=1).decode()


def _tools(run: Run) -> Mapping[str, list[GateView]]:
    """Each tool that was run or should have been, with its gates.

    A tool that was rightly left alone has no run here: an empty one would close what it found before.
    """
    tools: dict[str, list[GateView]] = {}
    for view in gate_views(run):
        names = {
            finding.tool for ruling in run.decision.rulings for finding in ruling.problem.findings if finding.gate == view.id
        }
        if not names and (view.state == "not affected" or (view.state == "did not run" and not view.doubts)):
            continue
        for name in names or {_tool_of(view)}:
            tools.setdefault(line(name) or view.id, []).append(view)
    return tools


def _tool_of(view: GateView) -> str:
    ran = view.evidence[0].tool if view.evidence else ""
    return (view.planned.tool if view.planned else "") or ran or view.id


def _tool_run(run: Run, name: str, views: Sequence[GateView]) -> sarif.Run:
    ruled = [(ruling, findings) for ruling in rulings(run) for findings in _of_tool(ruling, name, views)]
    rules = descriptors([finding for _, findings in ruled for finding in findings])
    index = {rule.id: number for number, rule in enumerate(rules)}
    results = tuple(result(run, ruling, findings, index[line(findings[0].rule.id)]) for ruling, findings in ruled)
    return sarif.Run(
        tool=sarif.Tool(driver=sarif.Driver(name=name, version=_version(name, views), rules=rules)),
        automation_details=sarif.Automation(id=f"{NAME}/{name}/{visible(run.id)}"),
        invocations=tuple(invocation for view in views for invocation in _invocations(view)),
        results=results,
        original_uri_base_ids=BASES,
        artifacts=_artifacts(views),
        column_kind="unicodeCodePoints",
    )


def _of_tool(ruling: Ruling, name: str, views: Sequence[GateView]) -> Iterator[list[Finding]]:
    """The problem's findings by one tool; the same one by several gates is one result."""
    gates = {view.id for view in views}
    same: dict[str, list[Finding]] = {}
    for finding in ruling.problem.findings:
        if (line(finding.tool) or finding.gate) == name and finding.gate in gates:
            same.setdefault(finding.fingerprint, []).append(finding)
    yield from same.values()


def _version(name: str, views: Sequence[GateView]) -> str | None:
    ran = [item.version for view in views for item in view.evidence if item.tool == name]
    planned = [view.planned.version for view in views if view.planned and view.planned.tool == name]
    return next((line(version) for version in (*ran, *planned) if version), None)


def _invocations(view: GateView) -> Iterator[sarif.Invocation]:
    """One for each run of the tool; the last says what could not be answered."""
    complete = not view.doubts
    notices = tuple(
        sarif.Notification(level="error", message=message(doubt.text + (f" Fix: {doubt.fix}" if doubt.fix else "")))
        for doubt in view.doubts
    )
    notices += tuple(sarif.Notification(level="note", message=message(note)) for note in view.notes)
    *earlier, last = view.evidence or (None,)
    yield from (_invocation(view, item, complete, ()) for item in earlier)
    yield _invocation(view, last, complete, notices)


def _invocation(
    view: GateView, item: Evidence | None, complete: bool, notices: tuple[sarif.Notification, ...]
) -> sarif.Invocation:
    properties: sarif.Properties = {"gate": line(view.id), "state": view.state}
    if item is None:
        return sarif.Invocation(execution_successful=complete, tool_execution_notifications=notices, properties=properties)
    start, end = _times(item)
    return sarif.Invocation(
        execution_successful=complete,
        arguments=tuple(map(visible, item.argv[1:])),
        exit_code=item.exit_code if item.exit_code >= 0 else None,
        exit_signal_number=-item.exit_code if item.exit_code < 0 else None,
        start_time_utc=start,
        end_time_utc=end,
        tool_execution_notifications=notices,
        properties=properties | {"executable": visible(item.argv[0])} if item.argv else properties,
    )


def _times(item: Evidence) -> tuple[str | None, str | None]:
    try:
        start = datetime.datetime.fromisoformat(item.started)
        return _utc(start), _utc(start + datetime.timedelta(seconds=item.seconds))
    except (ValueError, OverflowError):
        return None, None


def _utc(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _artifacts(views: Sequence[GateView]) -> tuple[sarif.Artifact, ...]:
    files = {file.path: file for view in views for item in view.evidence for file in item.files}
    return tuple(
        sarif.Artifact(
            location=artifact(file.path, RUN_DIRECTORY),
            length=file.size,
            roles=("resultFile",),
            hashes={"sha-256": file.sha256},
        )
        for file in files.values()
    )


def _own_run(run: Run) -> sarif.Run:
    verdict, unanswered = run.decision.verdict, doubts(run)
    partial = [f"not a verdict over the whole release: {why}" for why in run.partial]
    notices = tuple(sarif.Notification(level="warning", message=message(text)) for text in partial)
    notices += tuple(sarif.Notification(level="error", message=message(f"{d.gate}: {d.text}")) for d in unanswered)
    invocation = sarif.Invocation(
        execution_successful=not unanswered,
        start_time_utc=_utc(run.started),
        end_time_utc=_utc(run.ended),
        tool_execution_notifications=notices,
    )
    said = f"{verdict.value}. {MEANING[verdict]} {summary(run)}"
    return sarif.Run(
        tool=sarif.Tool(driver=sarif.Driver(name=NAME, version=line(run.version), rules=RULES)),
        automation_details=sarif.Automation(id=f"{NAME}/verdict/{visible(run.id)}", description=message(said)),
        invocations=(invocation,),
        results=tuple(_own_results(run)),
        original_uri_base_ids=BASES,
        column_kind="unicodeCodePoints",
        properties={
            "verdict": verdict.value,
            "stage": run.stage.value,
            "project": line(run.subject.name),
            "commit": line(run.subject.commit),
            "modified": run.subject.modified,
        },
    )


def _own_results(run: Run) -> Iterator[sarif.Result]:
    for outcome in run.decision.outcomes:
        if outcome.verdict is not Verdict.PASS:
            text = f"{outcome.threshold.text} ({outcome.threshold.origin}): {outcome.because}"
            yield _own_result(run, 0, outcome.threshold.gate, text, outcome.threshold.text, outcome.verdict)
    for number, doubt in enumerate(doubts(run)):
        said = f"{doubt.gate or 'the release'}: {doubt.text}" + (f"\n\nFix: {doubt.fix}" if doubt.fix else "")
        yield _own_result(run, 1, doubt.gate, said, str(number), doubt.verdict)


def _own_result(run: Run, rule: int, gate: str, text: str, identity: str, verdict: Verdict) -> sarif.Result:
    place = sarif.PhysicalLocation(artifact_location=artifact(config_file(run)), region=sarif.Region(start_line=1))
    key = "\x1f".join((RULES[rule].id, gate, identity))
    return sarif.Result(
        rule_id=RULES[rule].id,
        rule_index=rule,
        kind="fail",
        level="error",
        message=message(text),
        locations=(sarif.Location(physical_location=place),),
        partial_fingerprints={FINGERPRINT: hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:20]},
        suppressions=(),
        properties={"gate": line(gate), "verdict": verdict.value, "disposition": "blocking"},
    )
