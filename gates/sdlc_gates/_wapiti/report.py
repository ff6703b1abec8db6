"""Wapiti's report and log as findings and coverage. Pure; tested on recorded output of Wapiti 3.2.3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.model import Answer, Coverage, EndpointLocation, Finding, Missing, Rule, Severity
from sdlc.target import Target
from sdlc_gates._dast import routes
from sdlc_gates._dast.path_values import PathValues
from sdlc_gates._dast.routes import Visit
from sdlc_gates._wapiti.weaknesses import LOOKED_FOR, WEAKNESSES, first_sentence

VERSION = "3.2.3"
SEVERITIES = (Severity.INFO, Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)
PROOF_CHARACTERS = 2000
NO_PATHS = PathValues(())
UNTESTED = (
    "Wapiti has no rule here for weaknesses that call back from the inside (blind SSRF, XXE, Log4Shell), for scripts that "
    "build the page in the browser, for server banners and stack traces, nor for who may see what. It attacks parameters of "
    "URLs, forms and JSON bodies that it was shown, and no headers or cookies."
)


LOG_LINE = re.compile(
    r"^[-\d]{10} [:.\d]{12} \| (?P<level>[A-Z]+) +\| wapitiCore\.[\w.]+:(?P<function>\w+):\d+ - (?P<text>.*)$"
)
LAUNCHED = "[*] Launching module "
OUT_OF_TIME = "Max attack time was reached for module "
UNANSWERED = "requests were skipped due to network issues"
WRITTEN = "A report has been generated"
CRAWL_OUT_OF_TIME = "Max scan time was reached, stopping."


class Request(msgspec.Struct, frozen=True):
    """A request that the crawler made."""

    url: str
    method: str


class Response(msgspec.Struct, frozen=True):
    """What it was answered."""

    status_code: int
    headers: tuple[tuple[str, str], ...]

    @property
    def location(self) -> str:
        """Where it sends the client; empty when it doesn't."""
        return next((value for name, value in self.headers if name.lower() == "location"), "")


class Page(msgspec.Struct, frozen=True):
    """One entry of the crawl."""

    request: Request
    response: Response | None


class Infos(msgspec.Struct, frozen=True):
    """What the report says about the scan."""

    target: str
    version: str
    crawled_pages_nbr: int
    crawled_pages: tuple[Page, ...]


class Classification(msgspec.Struct, frozen=True):
    """A category, described."""

    desc: str
    sol: str
    ref: dict[str, str]


class Entry(msgspec.Struct, frozen=True):
    """One thing that was found."""

    method: str
    path: str
    info: str
    level: int
    parameter: str
    module: str
    curl_command: str


class Report(msgspec.Struct, frozen=True):
    """What `wapiti -f json -dr 2` writes (3.2.3)."""

    classifications: dict[str, Classification]
    vulnerabilities: dict[str, tuple[Entry, ...]]
    anomalies: dict[str, tuple[Entry, ...]]
    additionals: dict[str, tuple[Entry, ...]]
    infos: Infos


def parse(
    reports: Sequence[Report],
    logs: Sequence[str],
    target: Target,
    modules: tuple[str, ...],
    exclude: tuple[str, ...],
    visited: Iterable[Visit] = (),
    paths: PathValues = NO_PATHS,
) -> Answer:
    """What the reports say, and what they leave out: routes not reached, modules that did not run, or not to the end.

    The first report is that of the run that followed the links; later ones repeat its findings. `visited` are requests that
    were made beside them, and `paths` tells what Wapiti was shown in the place of paths with values in them.
    Raises `OutputInvalid` for the report of another version, or one that contradicts itself.
    """
    crawl = reports[0]
    for report in reports:
        if report.infos.version != f"Wapiti {VERSION}":
            raise OutputInvalid(f"the report is by {report.infos.version!r}; this gate reads those of Wapiti {VERSION}")
    unlisted = crawl.infos.crawled_pages_nbr - len(crawl.infos.crawled_pages)
    if unlisted < 0:
        raise OutputInvalid("the report lists more pages than it counts")
    visits = [*visited, *(_visit(page, paths) for page in crawl.infos.crawled_pages)]
    found = dict.fromkeys(finding for report in reports for finding in _findings(report, target.url, paths))
    return Answer(
        findings=tuple(found),
        coverage=(routes.coverage(routes.known(target), visits, exclude), ran(logs, modules, unlisted)),
        notes=(UNTESTED, *switched_off(modules)),
    )


def switched_off(modules: Sequence[str]) -> tuple[str, ...]:
    """What is not looked for because its module was not asked for, in a sentence; none where all were."""
    off = [f"{what} ({module})" for module, what in LOOKED_FOR.items() if module not in modules]
    return (f"Not looked for, as the modules are off: {', '.join(off)}.",) if off else ()


def _visit(page: Page, paths: PathValues) -> Visit:
    reply = page.response
    # Wapiti lists addresses without their parameters, and with them the values.
    url = paths.named(page.request.url)
    return Visit(page.request.method, url, reply.status_code if reply else 0, reply.location if reply else "")


def ran(logs: Sequence[str], modules: tuple[str, ...], unlisted: int = 0) -> Coverage:
    """Which modules ran to their end, by the logs of all runs. Wapiti ends with 0 and a whole report when one did not.

    `unlisted` is how many pages were found and not read.
    """
    faults = dict.fromkeys(modules, "it was not launched")
    others = [Missing(item="the crawl", reason=f"{unlisted} pages were found and not read")] if unlisted else []
    for log in logs:
        others += _read(log, faults)
    missing = (*(Missing(item=name, reason=reason) for name, reason in faults.items()), *others)
    expected = len(modules) + len(others)
    return Coverage(what="modules", measured=expected - len(missing), expected=expected, missing=missing)


def _read(log: str, faults: dict[str, str]) -> list[Missing]:
    """What was wrong in one run with something else than a module; `faults` is brought up to date."""
    others: list[Missing] = []
    current, whole = "", False
    for line in filter(None, map(LOG_LINE.match, log.splitlines())):
        text = line["text"]
        if line["function"] == "run_attack_module" and text.startswith(LAUNCHED):
            current, whole = text.removeprefix(LAUNCHED), False
            faults.pop(current, None)
        elif text.startswith(OUT_OF_TIME) or text.endswith(UNANSWERED):
            faults[current] = text
        elif text.startswith(WRITTEN):
            whole = True
        elif text == CRAWL_OUT_OF_TIME:
            others.append(Missing(item="the crawl", reason="its time was over before every link was followed"))
        elif line["level"] in ("ERROR", "CRITICAL") and current:
            faults[current] = f"an attack broke off: {text}"
        elif line["level"] in ("ERROR", "CRITICAL"):
            others.append(Missing(item="Wapiti", reason=text[:200]))
    if not whole:
        others.append(Missing(item="Wapiti", reason="its log ends before its report was written"))
    return others


def _findings(report: Report, url: str, paths: PathValues) -> Iterator[Finding]:
    for categories in (report.vulnerabilities, report.anomalies, report.additionals):
        for category, entries in categories.items():
            for entry in entries:
                yield _finding(category, entry, report.classifications, url, paths)


def _finding(
    category: str, entry: Entry, classifications: Mapping[str, Classification], url: str, paths: PathValues
) -> Finding:
    if not 0 <= entry.level < len(SEVERITIES):
        raise OutputInvalid(f"Wapiti has a level that this gate doesn't know: {entry.level}")
    described, weakness = classifications.get(category), WEAKNESSES.get(category)
    return Finding(
        tool="wapiti",
        rule=Rule(
            id=re.sub(r"[^a-z0-9]+", "-", category.lower()).strip("-"),
            name=category,
            description=described.desc if described else "",
            help_uri=next(iter(described.ref.values()), "") if described else "",
            cwe=(weakness.cwe,) if weakness else (),
        ),
        severity=SEVERITIES[entry.level],
        message=paths.restored(entry.info).replace(url, ""),
        location=EndpointLocation(
            method=entry.method, url=url + paths.template(entry.path.partition("?")[0]), parameter=entry.parameter
        ),
        fix=weakness.fix if weakness else first_sentence(described.sol) if described else "",
        proof=paths.restored(entry.curl_command)[:PROOF_CHARACTERS],
    )
