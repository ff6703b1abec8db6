"""HTML: one page that holds everything, works without a network and without scripts, and trusts no text in it."""

from __future__ import annotations

import base64
import functools
import hashlib
import shlex
from importlib.resources import files

import jinja2
from markupsafe import Markup

from sdlc import quantity
from sdlc.identity import place
from sdlc.model import EndpointLocation, Measurement, PackageLocation, Severity, SourceLocation
from sdlc.policy import Disposition
from sdlc.report import Report
from sdlc.run import Run
from sdlc_reports import plot, view
from sdlc_reports.interval_chart import WIDTH, chart
from sdlc_reports.measured import measured
from sdlc_reports.untrusted import block, line, visible, web_link
from sdlc_reports.wording import count, duration, moment

TEMPLATES = "templates"
SHOWN_OBSTACLES = 25
SHOWN_ITEMS = 500
"""Of each list of files; the rest is counted, and in run.json."""


class Html(Report):
    """For people: verdict, what stands in the way, every problem with its proof, and the evidence behind it."""

    kind = "html"
    summary = "one self-contained page for people"
    filename = "report.html"

    def render(self, run: Run) -> str:
        obstacles = view.obstacles(run)
        findings = [item for item in obstacles if item.reason.fingerprint]
        hidden = {id(item) for item in findings[SHOWN_OBSTACLES:]}
        gates = view.gate_views(run)
        rulings = view.rulings(run)
        return (
            _environment()
            .get_template("report.html.j2")
            .render(
                run=run,
                meaning=view.MEANING[run.decision.verdict],
                summary=view.summary(run),
                obstacles=[item for item in obstacles if id(item) not in hidden],
                obstacles_left=len(hidden),
                gates=gates,
                rulings=rulings,
                by_severity=[
                    (severity, sum(r.problem.severity is severity for r in rulings)) for severity in reversed(Severity)
                ],
                by_disposition=[(kind, sum(r.disposition is kind for r in rulings)) for kind in Disposition],
                finding_gates=sorted({gate for ruling in rulings for gate in ruling.problem.gates}),
                confirmed={ruling.problem.fingerprint for ruling in rulings if ruling.problem.confirmed},
                limits=view.limit_views(run),
                measured=tuple(measured(gates)),
                size=plot,
                waivers=view.waiver_views(run),
                suppressions=[(gate.id, spot) for gate in gates for spot in gate.suppressions],
                shown_items=SHOWN_ITEMS,
                chart_width=WIDTH,
                style=_resource("style.css"),
                script=_resource("script.js"),
                policy=content_security_policy(),
            )
        )


def content_security_policy() -> str:
    """Nothing may be loaded, and only our own style and script may act: they are named by their hashes."""
    style, script = (_source_hash(_resource(name)) for name in ("style.css", "script.js"))
    return f"default-src 'none'; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"


def _source_hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


@functools.cache
def _resource(name: str) -> Markup:
    # Our own file, and what it means would change if it were escaped.
    return Markup(files("sdlc_reports").joinpath(TEMPLATES, name).read_text(encoding="utf-8").strip())


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sdlc_reports", TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "amount": quantity.show,
        "block": block,
        "chart": chart,
        "duration": duration,
        "interval": _interval,
        "kind": _kind,
        "line": line,
        "moment": moment,
        "numbered": _numbered,
        "place": place,
        "shell": shlex.join,
        "web_link": web_link,
    }
    environment.globals |= {"count": count}
    return environment


def _finalize(value: object) -> object:
    """Whatever the templates print: a text that no filter has cleaned is cleaned here."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return visible(value)


def _kind(location: SourceLocation | PackageLocation | EndpointLocation) -> str:
    match location:
        case SourceLocation():
            return "source"
        case PackageLocation():
            return "package"
        case EndpointLocation():
            return "endpoint"


def _numbered(location: SourceLocation) -> str:
    """The quoted lines, each with its number."""
    lines = block(location.snippet).split("\n")
    width = len(str(location.line + len(lines) - 1))
    return "\n".join(f"{number:>{width}}  {text}" for number, text in enumerate(lines, start=location.line))


def _interval(measured: Measurement) -> str:
    if measured.low is None and measured.high is None:
        return "no interval"
    low, high = (None if end is None or abs(end) > quantity.LARGEST else end for end in (measured.low, measured.high))
    if low is not None and high is not None:
        return f"{quantity.show(low, measured.unit)} to {quantity.show(high, measured.unit)}"
    if low is None and high is None:
        return "too few observations for any bound"
    bound = low if high is None else high
    shown = quantity.show(bound or 0.0, measured.unit)
    return f"at least {shown}; no upper bound" if high is None else f"at most {shown}; no lower bound"
