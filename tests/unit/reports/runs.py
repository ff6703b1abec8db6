"""Runs to render: one with everything in it and a stranger's worst texts, one empty, one that nobody answered."""

from __future__ import annotations

import datetime
import sys

import msgspec

from sdlc.identity import fingerprinted
from sdlc.model import (
    Answer,
    Artifact,
    Band,
    Canary,
    Completed,
    Coverage,
    Curve,
    EndpointLocation,
    Errored,
    Evidence,
    Family,
    Finding,
    GateResult,
    Level,
    Location,
    Measurement,
    Missing,
    PackageLocation,
    Picture,
    Rule,
    Severity,
    Skipped,
    SourceLocation,
    Stage,
)
from sdlc.policy import CoverageFloor, Policy, Suppressions, Waiver, decide
from sdlc.run import FORMAT, PlannedGate, Run, Subject
from sdlc.threshold import FindingLimit, MeasurementLimit

HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=\'owned\'">',
    "</script></style></textarea><script>document.title='owned'</script>",
    "'; document.title='owned'; //",
    "{{ 7 * 7 }} {% raw %} ${7*7} {0}",
    "<!-- --> --> ]]> <!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]> &e; &#64;here &amp;",
    "@maintainers fixes #1 and GH-2, see deadbeefdeadbeefdeadbeefdeadbeefdeadbeef https://evil.example www.evil.example",
    "![x](https://evil.example/x.png) [click](javascript:alert(1)) [click](1) <https://evil.example> [a]: https://evil.example",
    "` `` ``` a|b \\| \\\\| | --- | **bold** _it_ ~~s~~\n\n# head\n- [ ] task\n\n    code\n> quote\n***",
    "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x00\x08\x9b2J \r\n\r over",
    "access \u202etxt.exe\u202c \u2066\u200b\ufeff\u2028 \ufffe \ud800 \udcff",
    "A" * 1_000_000,
)
"""Each harmless as text, and harmful where it isn't one."""
STARTED = datetime.datetime(2026, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
SHA = "0123456789abcdef" * 4


def finding(
    location: Location,
    *,
    tool: str = "bandit",
    rule: Rule | None = None,
    severity: Severity = Severity.HIGH,
    message: str = "a shell is started with text from outside",
    fix: str = "",
    proof: str = "",
    suppression: str = "",
    aliases: tuple[str, ...] = (),
) -> Finding:
    return Finding(
        rule=rule or Rule(id="B602", name="subprocess_shell", help_uri="https://example.org/b602", cwe=(78,)),
        severity=severity,
        message=message,
        location=location,
        tool=tool,
        fix=fix,
        proof=proof,
        suppression=suppression,
        aliases=aliases,
    )


def completed(
    gate: str,
    *findings: Finding,
    coverage: tuple[Coverage, ...] | None = None,
    measurements: tuple[Measurement, ...] = (),
    pictures: tuple[Picture, ...] = (),
) -> Completed:
    whole = (Coverage(what="files", measured=12, expected=12),)
    answer = Answer(
        findings=fingerprinted(findings, gate),
        coverage=whole if coverage is None else coverage,
        measurements=measurements,
        pictures=pictures,
    )
    return Completed(gate=gate, answer=answer, evidence=(evidence(gate),), seconds=1.5)


def evidence(gate: str, exit_code: int = 0, argv: tuple[str, ...] = ()) -> Evidence:
    return Evidence(
        tool=gate,
        version="1.2.3",
        argv=(f"/usr/bin/{gate}", "--quiet", *argv),
        exit_code=exit_code,
        started="2026-03-04T05:06:08.000+00:00",
        seconds=1.25,
        files=(Artifact(path=f"evidence/{gate}/scan-report.json", sha256=SHA, size=4096),),
    )


def bound(metric: str, operator: str, value: float, unit: str, subject: str = "") -> MeasurementLimit:
    return MeasurementLimit(
        gate="locust", metric=metric, operator=operator, bound=value, unit=unit, origin="sdlc.toml:12", subject=subject
    )


def run(
    *results: GateResult,
    policy: Policy | None = None,
    gates: tuple[PlannedGate, ...] | None = None,
    partial: tuple[str, ...] = (),
) -> Run:
    """A run with these results, decided as the engine does."""
    rules = policy or Policy(required=tuple(result.gate for result in results))
    planned = tuple(
        PlannedGate(id=r.gate, kind=r.gate, family=Family.SAST, summary=f"what {r.gate} finds", tool=r.gate, version="1.2.3")
        for r in results
    )
    return Run(
        format=FORMAT,
        id="20260304T050607Z-0a1b2c3d",
        version="0.1.0",
        subject=Subject(name="shop", commit="5f3a9c1e7b2d4f6a8c0e1d3b5a7f9c2e4d6b8a0f"),
        stage=Stage.RELEASE,
        started=STARTED,
        ended=STARTED + datetime.timedelta(seconds=83),
        gates=planned if gates is None else gates,
        results=results,
        policy=rules,
        decision=decide(results, rules, STARTED),
        config="sdlc.toml",
        partial=partial,
    )


def clean_run() -> Run:
    """The only kind that releases."""
    return run(completed("bandit"), completed("semgrep"))


def empty_run() -> Run:
    """Nobody was asked anything."""
    return run(policy=Policy(required=()))


def all_errored_run() -> Run:
    """Everybody was asked, nobody could answer."""
    faults = {"bandit": "tool-missing", "semgrep": "timeout", "pip-audit": "output-invalid"}
    return run(
        *(Errored(gate=gate, fault=fault, reason=f"{gate} went wrong", fix="look at it") for gate, fault in faults.items())
    )


def rich_run() -> Run:
    """Every kind of result, place, decision and threshold, with a hostile text wherever a tool or a repository writes one."""
    results = (*_static(), *_dynamic(), *_silent())
    gates = tuple(
        PlannedGate(id=r.gate, kind=r.gate, family=family, summary=HOSTILE[0], tool=r.gate, version="1.2.3")
        for r, family in zip(results, (Family.SAST, Family.SAST, Family.DAST, Family.LOAD, *[Family.OTHER] * 9), strict=False)
    )
    rich = run(*results, policy=_policy(results), gates=gates, partial=(*HOSTILE[:2], "only changed files were judged"))
    subject = Subject(name=HOSTILE[1], commit="5f3a9c1e7b2d4f6a8c0e1d3b5a7f9c2e4d6b8a0f", modified=True)
    return msgspec.structs.replace(rich, subject=subject, remarks=(HOSTILE[0], "the routes could not be read"))


def _static() -> tuple[Completed, Completed]:
    place = SourceLocation(path="shop/app.py", line=12, end_line=14, snippet="subprocess.call(\n    name,\n    shell=True)")
    odd = SourceLocation(path='a b/"<ü%>\x1b\udcff.py', line=3, snippet="\n".join(HOSTILE[:5]))
    texts = [
        finding(SourceLocation(path=f"shop/hostile_{number}.py", line=number), message=text, fix=text, proof=text)
        for number, text in enumerate(HOSTILE, start=1)
    ]
    links = [
        finding(
            SourceLocation(path="shop/links.py", line=number),
            rule=Rule(id=f"L{number}", name=HOSTILE[0], description=HOSTILE[7], help_uri=uri),
            severity=Severity.LOW,
        )
        for number, uri in enumerate(
            ("javascript:document.title='owned'", "data:text/html,x", "https://github.com@evil.example/", HOSTILE[1]), start=1
        )
    ]
    bandit = completed(
        "bandit",
        finding(place, fix="pass a list of arguments"),
        finding(odd, severity=Severity.CRITICAL, rule=Rule(id=HOSTILE[0], cwe=(79, 80))),
        finding(SourceLocation(path="shop/waived.py", line=1), message="waived"),
        finding(SourceLocation(path="shop/marked.py", line=1), message="marked", suppression=f"# nosec {HOSTILE[1]}"),
        *texts,
        *links,
    )
    notes = tuple(HOSTILE[:3])
    answer = Answer(
        findings=bandit.answer.findings,
        coverage=bandit.answer.coverage,
        notes=notes,
        suppressions=(SourceLocation(path="shop/marked.py", line=1, snippet=f"# nosec {HOSTILE[9]}"),),
    )
    bandit = Completed(
        gate="bandit",
        answer=answer,
        evidence=(evidence("bandit", argv=HOSTILE[:10]), evidence("bandit", exit_code=-9)),
        canary=Canary(caught=True, detail=HOSTILE[2], seconds=0.4),
        seconds=3.5,
    )
    missing = tuple(Missing(item=f"shop/{number}.py", reason=text) for number, text in enumerate(HOSTILE))
    semgrep = completed(
        "semgrep",
        finding(place, tool="semgrep", rule=Rule(id="shell-injection", cwe=(78,)), message="tainted shell"),
        coverage=(Coverage(what="files", measured=88, expected=100, missing=missing, excluded=missing[:2]),),
    )
    return bandit, semgrep


def _dynamic() -> tuple[Completed, Completed]:
    url = f"http://127.0.0.1:8000/search?q={HOSTILE[1]}"
    dast = completed(
        "wapiti",
        finding(
            EndpointLocation(method="GET", url=url, parameter="q"),
            tool="wapiti",
            rule=Rule(id="xss", cwe=(79,)),
            severity=Severity.MEDIUM,
            proof=f"GET {url}\n\n200\n{HOSTILE[0]}",
        ),
        coverage=(Coverage(what="routes", measured=9, expected=9),),
    )
    measurements = (
        Measurement(name="p95", subject="GET /", value=80, low=76, high=85, unit="ms", n=4000),
        Measurement(name="p95", subject=HOSTILE[0], value=420.5, low=400, high=444, unit="ms", n=900),
        Measurement(name="p95", subject="GET /item", value=199, low=190, high=210, unit="ms", n=300, hint=f"more {HOSTILE[0]}"),
        Measurement(name="p99", value=900, low=800, high=sys.float_info.max, unit="ms", n=60),
        Measurement(name="error_rate", value=0, low=0, high=0.0004, unit="ratio", n=8000),
        Measurement(name="requests_per_second", value=180.3, unit="per_second", n=30),
    )
    load = completed(
        "locust",
        coverage=(Coverage(what="requests", measured=5, expected=5),),
        measurements=measurements,
        pictures=(picture(*HOSTILE), picture("GET /", "GET /item")),
    )
    return dast, load


def picture(*names: str) -> Picture:
    """One that is called by each of the names, wherever a picture has a name."""
    points = tuple((float(x), float(x * x % 97)) for x in range(300))
    first = names[0]
    return Picture(
        title=first,
        x=first,
        y=first,
        curves=tuple(Curve(name=f"{kind} of {name}", points=points) for name in names for kind in ("p50", "p95")),
        levels=tuple(Level(name=name, value=50.0 * number, on_x=True) for number, name in enumerate(names)),
        bands=tuple(Band(name=name, start=20.0 * number, end=20.0 * number + 15) for number, name in enumerate(names)),
    )


def confirmed_run() -> Run:
    """An attack that succeeded, on an endpoint whose code holds the same weakness."""
    handler = SourceLocation(path="shop/search.py", line=10, end_line=24)
    attacked = EndpointLocation(method="GET", url="http://127.0.0.1:8000/search", parameter="q", code=(handler,))
    source = SourceLocation(path="shop/search.py", line=19)
    rule = Rule(id="sqli", cwe=(89,))
    return run(
        completed("bandit", finding(source, rule=rule)),
        completed("wapiti", finding(attacked, tool="wapiti", rule=rule)),
    )


def _silent() -> tuple[GateResult, ...]:
    kept = Answer(
        findings=fingerprinted(
            (
                finding(
                    PackageLocation(name="jinja2", version="2.0", manifest="requirements.txt", fixed_in=("2.1", HOSTILE[0])),
                    tool="pip-audit",
                    rule=Rule(id="PYSEC-2019-217", description=HOSTILE[8]),
                    aliases=("CVE-2019-10906", HOSTILE[0]),
                ),
            ),
            "pip-audit",
        )
    )
    return (
        Errored(
            gate="pip-audit",
            fault="output-invalid",
            reason=HOSTILE[0],
            fix=HOSTILE[7],
            answer=kept,
            evidence=(evidence("pip-audit"),),
        ),
        Errored(gate="gitleaks", fault="tool-missing", reason=HOSTILE[9], fix=HOSTILE[1]),
        Skipped(gate="zap", reason=HOSTILE[10]),
        Skipped(gate="trivy", reason="no changed file is its business", unaffected=True),
    )


def _policy(results: tuple[GateResult, ...]) -> Policy:
    bandit = next(result for result in results if isinstance(result, Completed) and result.gate == "bandit")
    prints = {f.message: f.fingerprint for f in bandit.answer.findings}
    day = STARTED.date()

    return Policy(
        required=(*(result.gate for result in results), "codeql"),
        thresholds=(
            FindingLimit(severity=Severity.HIGH, most=0, origin="sdlc.toml:3"),
            FindingLimit(severity=Severity.LOW, most=None, origin="default"),
            FindingLimit(severity=Severity.MEDIUM, most=2, origin="sdlc.toml:20", gate="wapiti"),
            bound("p95", "<=", 100, "ms", "GET /"),
            bound("p95", "<=", 300, "ms", HOSTILE[0]),
            bound("p95", "<=", 200, "ms", "GET /item"),
            bound("p99", "<=", 1500, "ms"),
            bound("error_rate", "<=", 0.001, "ratio"),
            bound("requests_per_second", ">=", 150, "per_second"),
            bound("p95", "<=", 100, "ms", "POST /nowhere"),
        ),
        floors=(CoverageFloor(gate="semgrep", ratio=0.95, origin="sdlc.toml:8"),),
        suppressions=Suppressions.HONOUR,
        waivers=(
            Waiver(
                id="W1",
                reason=HOSTILE[1],
                approved_by=HOSTILE[0],
                expires=day + datetime.timedelta(days=30),
                fingerprint=prints["waived"],
            ),
            Waiver(
                id="W2",
                reason="was enough once",
                approved_by="security",
                expires=day - datetime.timedelta(days=1),
                rule="B602",
                path="shop/app.py",
            ),
            Waiver(id=HOSTILE[0], reason="for nothing", approved_by="security", expires=day, rule="B999", path="*"),
        ),
        prove=True,
    )
