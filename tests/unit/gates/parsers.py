"""Every parser of every gate, with real output of its tool: what the property tests and benchmarks/fuzz.py run."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sdlc_gates import bandit, schemathesis
from sdlc_gates._sarif.answer import answered
from sdlc_gates._sarif.reading import read as read_sarif
from sdlc_gates._schemathesis.description import operations
from sdlc_gates._schemathesis.faulty import DESCRIPTION
from sdlc_gates._semgrep import languages, rules
from sdlc_gates._semgrep import report as semgrep
from sdlc_gates._semgrep.shape import Report as SemgrepReport
from sdlc_gates._semgrep.targets import Target as SemgrepTarget
from sdlc_gates._wapiti import report as wapiti
from sdlc_gates._wapiti.options import WapitiOptions
from sdlc_gates._zap import alerts
from sdlc_gates.dependencies.model import Pin
from sdlc_gates.load.judge import judge
from sdlc_gates.load.records import read as read_records
from sdlc_gates.osv import audited
from sdlc_gates.osv.server import Served

from sdlc.errors import GateError
from sdlc.gate import Tool, ToolRun, decode
from sdlc.inventory import Inventory
from sdlc.model import Answer, Completed, Coverage, Errored, GateResult, Verdict
from sdlc.policy import Policy, decide
from sdlc.target import Target
from sdlc.threshold import MeasurementLimit

DATA = Path(__file__).parents[2] / "data"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
GATE = "gate"
WHOLE = Coverage(what="parts", measured=1, expected=1)
"""Stands for what a gate learns from elsewhere, so that only the parser can say that something is missing."""


@dataclass(frozen=True)
class Parser:
    """Something that turns a tool's bytes into an answer."""

    recorded: Path
    parse: Callable[[bytes], Answer]
    data: frozenset[str] = frozenset()
    """Keys of objects whose entries are what was found, not parts of one thing: one less is another report."""
    last_words: bytes = b""
    """From here on, what is cut off says nothing."""
    empties: bool = False
    """Whether an empty answer is complete: what was covered is told elsewhere."""


def _bandit(content: bytes) -> Answer:
    project = Inventory(root=DATA / "bandit" / "project", files=("app.py", "broken.py"))
    return bandit.parse([decode(content, bandit.Report)], project)


SEMGREP = DATA / "semgrep" / "1.182.0"
RULES = rules.load(house=False, sources=["rules.json"], exclude=[], root=SEMGREP)
SEMGREP_FILES = ("app.py", "broken.py", "tangle.py")
SEMGREP_TARGETS = tuple(
    SemgrepTarget(path=path, given=Path("/project") / path, languages=languages.known().of(path), marked=False, copied=False)
    for path in SEMGREP_FILES
)


def _semgrep(content: bytes) -> Answer:
    outcome = semgrep.parse(decode(content, SemgrepReport), SEMGREP_TARGETS, RULES)
    files = Inventory(root=Path("/project"), files=SEMGREP_FILES)
    return Answer(findings=outcome.findings, coverage=(files.coverage(set(outcome.read)),))


def _sarif(content: bytes) -> Answer:
    project = Inventory(root=Path("/project"), files=("app.py", "broken.py", ".github/workflows/ci.yml"))
    return answered(read_sarif(content).runs, project, None, Path("/scratch"))


PIPS = DATA / "pip-audit" / "reports"
PINS = {
    ("jinja2", "2.10"): Pin(name="jinja2", version="2.10", manifest="requirements.txt"),
    ("requests", "2.32.0"): Pin(name="requests", version="2.32.0", manifest="requirements.txt"),
}
SERVED = {
    (answer.name, answer.version): answer.advice
    for answer in (decode(line, Served) for line in (PIPS / "answers.jsonl").read_bytes().splitlines())
}


def _pip_audit(content: bytes) -> Answer:
    audit = audited.Audit(pins=PINS, reports=[decode(content, audited.Report)], served=SERVED)
    return Answer(findings=audited.findings(audit), coverage=(audited.coverage(audit, (), ()),))


WAPITI = DATA / "wapiti"
WAPITI_REPORT = decode((WAPITI / "report.json").read_bytes(), wapiti.Report)
WAPITI_TARGET = Target(url=WAPITI_REPORT.infos.target.rstrip("/"), ready="/")


def _wapiti(content: bytes) -> Answer:
    log = (WAPITI / "wapiti.log").read_text("utf-8")
    report = decode(content, wapiti.Report)
    return wapiti.parse([report], [log], WAPITI_TARGET, WapitiOptions().modules, ())


def _wapiti_log(content: bytes) -> Answer:
    return Answer(coverage=(wapiti.ran([content.decode("utf-8", "replace")], WapitiOptions().modules),))


def _zap(content: bytes) -> Answer:
    recorded = decode((DATA / "zap" / "alerts.json").read_bytes(), list[alerts.Alert])
    findings, notes = alerts.parse(content, recorded[0].url)
    return Answer(findings=findings, coverage=(WHOLE,), notes=notes)


SCHEMATHESIS = DATA / "schemathesis"


def _schemathesis(content: bytes) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        events = Path(folder) / "events.ndjson"
        events.write_bytes(content)
        kept = {"events": events, "summary": SCHEMATHESIS / "summary.json"}
        run = ToolRun(code=1, stdout=events, stderr=events, kept=kept)
        version = decode((SCHEMATHESIS / "events.ndjson").read_bytes().splitlines()[0], dict[str, dict[str, object]])
        tool = Tool("schemathesis", str(version["Initialize"]["schemathesis_version"]), Path())
        return schemathesis._answer(run, tool, operations(DESCRIPTION), (), "http://127.0.0.1")


def _journal(name: str) -> Callable[[bytes], Answer]:
    def parse(content: bytes) -> Answer:
        with tempfile.TemporaryDirectory() as folder:
            for file in (*(DATA / "load").glob("*.ndjson"), DATA / "load" / "plan.json"):
                (Path(folder) / file.name).write_bytes(content if file.name == name else file.read_bytes())
            return judge(read_records(sorted(Path(folder).iterdir())))

    return parse


PARSERS: Mapping[str, Parser] = {
    "bandit": Parser(DATA / "bandit" / "report.json", _bandit),
    "semgrep": Parser(SEMGREP / "report.json", _semgrep),
    "sarif-bandit": Parser(DATA / "sarif" / "bandit-1.9.4" / "report.sarif", _sarif),
    "sarif-semgrep": Parser(DATA / "sarif" / "semgrep-1.182.0" / "report.sarif", _sarif),
    "sarif-zizmor": Parser(DATA / "sarif" / "zizmor-1.32.0" / "report.sarif", _sarif),
    "pip-audit": Parser(PIPS / "vulnerable.json", _pip_audit),
    "wapiti": Parser(WAPITI / "report.json", _wapiti, data=frozenset({"vulnerabilities", "anomalies", "additionals"})),
    "wapiti-log": Parser(WAPITI / "wapiti.log", _wapiti_log, last_words=b"A report has been generated"),
    "zap": Parser(DATA / "zap" / "alerts.json", _zap, empties=True),
    "schemathesis": Parser(SCHEMATHESIS / "events.ndjson", _schemathesis, data=frozenset({"checks", "cases", "interactions"})),
    "load-worker": Parser(DATA / "load" / "worker-0.ndjson", _journal("worker-0.ndjson")),
    "load-events": Parser(DATA / "load" / "events.ndjson", _journal("events.ndjson")),
    "load-probes": Parser(DATA / "load" / "probes.ndjson", _journal("probes.ndjson")),
}
# What the slowest request took breaks this, so that the whole record is a FAIL.
BROKEN = MeasurementLimit(gate=GATE, metric="p50", operator="<=", bound=0.001, unit="ms", origin="here")


def verdict(parser: Parser, content: bytes) -> tuple[Verdict, GateResult]:
    """What is decided from the bytes, as the runner would; lets out what is no `GateError`."""
    try:
        result: GateResult = Completed(gate=GATE, answer=parser.parse(content))
    except GateError as error:
        result = Errored(gate=GATE, fault=error.fault, reason=str(error), answer=error.answer)
    thresholds = (BROKEN,) if "load" in parser.recorded.parts else ()
    return decide((result,), Policy(required=(GATE,), thresholds=thresholds), NOW).verdict, result
