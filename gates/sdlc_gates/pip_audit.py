"""Known vulnerabilities of the packages that a project declares, with pip-audit."""

from __future__ import annotations

import contextlib
import datetime
import fnmatch
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from sdlc import quantity
from sdlc.errors import NothingToScan, ToolFailed
from sdlc.gate import Gate, Tool, Workspace, expect_exit, own_tool, read_report
from sdlc.model import Answer, Coverage, Family, Frozen, Missing
from sdlc_gates.dependencies import reading
from sdlc_gates.dependencies.collect import is_manifest
from sdlc_gates.dependencies.model import NOT_PINNED, Declared, Pin, Source
from sdlc_gates.osv import control
from sdlc_gates.osv.audited import Audit, Key, Report, coverage, findings, layers
from sdlc_gates.osv.database import Summary
from sdlc_gates.osv.loopback import Loopback, serving

CANARIES = Path(__file__).parent / "canaries" / "pip-audit"
PLANTED = frozenset({"SDLC-CANARY-1", "PYSEC-2019-217"})
"""The advisory of our own database on disk, and one that every service on the network knows."""
SOCKET_SECONDS = 60
# Clocks differ, and dates of advisories are given in other zones; more than a day ahead, one of the two is wrong.
AHEAD = datetime.timedelta(days=1)
ON_LOOPBACK = {"NO_PROXY": "127.0.0.1"}


class PipAuditOptions(Frozen, frozen=True):
    """pip-audit's keys in `[gates.pip-audit]`."""

    requirements: tuple[str, ...] = ()
    """Files to read, relative to the project; unless given, those whose names say that they declare dependencies."""
    environment: str = ""
    """An environment whose installed packages are audited (`.venv`)."""
    service: Literal["pypi", "osv"] | None = None
    """Who is asked on the network, `pypi` unless given; not together with `advisories`."""
    advisories: str = ""
    """A folder or zip of OSV JSON, named from the configuration's folder, asked instead of a service."""
    max_age: str = "7 d"
    """How old the newest advisory on disk may be."""
    resolve: bool = False
    """Whether versions that are open are chosen as an installer would today."""
    internal: tuple[str, ...] = ()
    """Shell patterns for names of your own packages, which no public service knows (`our-*`)."""

    def __post_init__(self) -> None:
        quantity.parse(self.max_age, "seconds")
        if self.service and self.advisories:
            raise ValueError("service and advisories can't both be asked; leave one out")


class PipAudit(Gate):
    """Finds declared packages with known vulnerabilities."""

    kind = "pip-audit"
    summary = "known vulnerabilities of the packages a project declares"
    family = Family.SCA
    covers = frozenset({"dependency files", "dependencies"})
    Options = PipAuditOptions
    options: PipAuditOptions

    def probe(self) -> Tool:
        return own_tool("pip-audit", "pip-audit", ">=2.10,<3")

    def wants(self, path: str) -> bool:
        return bool(self.options.environment) or path in self.options.requirements or is_manifest(path)

    def check(self, work: Workspace) -> Answer:
        tool, files = self.probe(), work.files.select(self.wants)
        found = reading.declared(work, files, self.options.requirements, self.options.environment)
        found, internal = without_internal(found, self.options.internal)
        if self.options.resolve:
            found = reading.resolved(work, found)
        if not any(source.pins or source.loose or source.missing for source in found.sources) and not found.unread:
            names = ", ".join(source.path for source in found.sources[:5])
            raise NothingToScan(
                f"{names} declare no dependency" if names else "no file here declares dependencies",
                fix=f"remove [gates.{self.id}], or name the files: requirements = [...]",
            )
        pins = asked(found)
        questions = pins if self.options.advisories else control.beside(pins)
        with self._service(work) as (arguments, loopback):
            reports = [self._audit(work, tool, arguments, n, layer) for n, layer in enumerate(layers(questions))]
        if loopback:
            audit = Audit(pins=pins, reports=reports, served=loopback.served)
            answer = described(found, audit, internal, files.excluded)
            return self._dated(answer, loopback.ready.database, work.began)
        reports, controlled = control.taken_out(reports, pins)
        answer = described(found, Audit(pins=pins, reports=reports), internal, files.excluded)
        return self._remarked(answer, controlled if pins else None)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        """A planted pin, with a database on disk that knows it; or a pin that the configured service must know."""
        on_disk = bool(self.options.advisories)
        options = PipAuditOptions(
            requirements=("pins-on-disk.txt" if on_disk else "pins-online.txt",),
            service=self.options.service,
            advisories=str(CANARIES / "advisories") if on_disk else "",
        )
        yield type(self)(self.id, options), work.narrowed(CANARIES, "canary")

    def proof_rests_on(self) -> tuple[Path, ...] | None:
        """Nothing that could be named where a service on the network is asked: what it answers is no file."""
        here = Path(__file__)
        return (here, here.parent / "osv", here.parent / "dependencies", CANARIES) if self.options.advisories else None

    def caught(self, answer: Answer) -> bool:
        return any(PLANTED & {finding.rule.id, *finding.aliases} for finding in answer.findings)

    @contextlib.contextmanager
    def _service(self, work: Workspace) -> Iterator[tuple[list[str], Loopback | None]]:
        """pip-audit's arguments for whom to ask."""
        if not self.options.advisories:
            yield ["--vulnerability-service", self.options.service or "pypi"], None
            return
        work.say("reading the advisory database")
        with serving(work, (work.judging / self.options.advisories).resolve()) as loopback:
            yield ["--vulnerability-service", "osv", "--osv-url", loopback.ready.url], loopback

    def _audit(self, work: Workspace, tool: Tool, service: list[str], number: int, layer: list[Key]) -> Report:
        pins, output = work.scratch / f"pins-{number}.txt", work.scratch / f"pip-audit-{number}.json"
        pins.write_text("".join(f"{name}=={version}\n" for name, version in layer))
        work.say(f"auditing {len(layer)} packages")
        argv = [*service, "--no-deps", "--disable-pip", "--requirement", str(pins), "--format", "json", "--desc", "on"]
        argv += ["--aliases", "on", "--progress-spinner", "off", "--timeout", str(SOCKET_SECONDS)]
        argv += ["--cache-dir", str(work.scratch / "cache"), "--output", str(output)]
        online = not self.options.advisories
        kept = {"pins": pins, "report": output}
        environment = None if online else ON_LOOPBACK
        run = work.run(tool, argv, name=f"audit-{number}", keep=kept, env=environment, network=online)
        expect_exit(run, 0, 1)
        if "report" not in run.kept:
            # Exit code 1 is both "vulnerable" and "broken"; only the first comes with a report.
            fix = (
                f'without a way to the service, name a database on disk: advisories = "…" in [gates.{self.id}]'
                if online
                else ""
            )
            raise ToolFailed(f"pip-audit ended with exit code {run.code} and no report: {run.last_words}", fix=fix)
        return read_report(run, "report", Report)

    def _dated(self, answer: Answer, database: Summary, now: datetime.datetime) -> Answer:
        """The answer, with what the database holds and whether it is as new at `now` as it must be."""
        complaint = too_old(database.newest, now, self.options.max_age)
        missing = (Missing(item=self.options.advisories, reason=complaint),) if complaint else ()
        fresh = Coverage(what="advisory databases", measured=1 - len(missing), expected=1, missing=missing)
        return msgspec.structs.replace(
            answer, coverage=(*answer.coverage, fresh), notes=(*answer.notes, *_contents(self.options.advisories, database))
        )

    def _remarked(self, answer: Answer, controlled: Coverage | None) -> Answer:
        """The answer, with whether the service was seen to know anything at all."""
        unknown = "OSV answers alike about a package that it doesn't know and one without advisories"
        return msgspec.structs.replace(
            answer,
            coverage=(*answer.coverage, *([controlled] if controlled else [])),
            notes=(*answer.notes, *([unknown] if self.options.service == "osv" else [])),
        )


def without_internal(found: Declared, patterns: tuple[str, ...]) -> tuple[Declared, tuple[Missing, ...]]:
    """What was found without one's own packages, whose names no service learns; and these."""

    def is_own(name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, pattern.lower()) for pattern in patterns)

    names = {pin.name for source in found.sources for pin in source.pins}
    names |= {item.name for source in found.sources for item in source.loose}
    sources = tuple(
        msgspec.structs.replace(
            source,
            pins=tuple(pin for pin in source.pins if not is_own(pin.name)),
            loose=tuple(item for item in source.loose if not is_own(item.name)),
        )
        for source in found.sources
    )
    left_out = tuple(Missing(item=name, reason="named as internal by configuration") for name in sorted(filter(is_own, names)))
    return msgspec.structs.replace(found, sources=sources), left_out


def asked(found: Declared) -> dict[Key, Pin]:
    """Each package and version once, as the first file that declares it does."""
    pins: dict[Key, Pin] = {}
    for pin in (pin for source in found.sources for pin in source.pins):
        pins.setdefault(pin.asked, pin)
    return pins


def described(found: Declared, audit: Audit, internal: tuple[Missing, ...], left_out: tuple[Missing, ...]) -> Answer:
    """What was found out about the dependencies, and about the files that declare them."""
    loose = [Missing(item=item.label, reason=NOT_PINNED) for source in found.sources for item in source.loose]
    lacking = [missing for source in found.sources for missing in source.missing]
    excluded = [item for source in found.sources for item in source.excluded]
    files = Coverage(
        what="dependency files",
        measured=len(found.sources),
        expected=len(found.sources) + len(found.unread),
        missing=found.unread,
        excluded=left_out,
    )
    return Answer(
        findings=findings(audit),
        coverage=(files, coverage(audit, [*loose, *lacking], [*excluded, *internal])),
        notes=(*found.notes, *_remarks(found.sources)),
        suppressions=tuple(dict.fromkeys(place for source in found.sources for place in source.asides)),
    )


def too_old(newest: datetime.datetime, now: datetime.datetime, limit: str) -> str:
    """Why a database whose newest advisory is of `newest` can't be used at `now`; empty when it can."""
    if newest > now + AHEAD:
        return f"its newest advisory is of {newest:%Y-%m-%d}, which lies ahead: its dates or this machine's clock are wrong"
    days = (now - newest).total_seconds() / 86400
    if days * 86400 > quantity.parse(limit, "seconds"):
        return f"its newest advisory is of {newest:%Y-%m-%d}, {days:.0f} days old; at most {limit} are allowed"
    return ""


def _remarks(sources: tuple[Source, ...]) -> Iterator[str]:
    for source in sources:
        if source.pins and not source.closed:
            yield (
                f"{source.path} is neither a lock file nor are all its lines hashed: packages that its packages need, and "
                "that it doesn't list, were not audited"
            )
        if source.asides:
            yield f"{source.path} sends installers to other places than the index; that was not followed"


def _contents(name: str, database: Summary) -> Iterator[str]:
    yield (
        f"{name}: {database.advisories} advisories about {database.packages} packages, the newest of "
        f"{database.newest:%Y-%m-%d}, sha256 {database.sha256}; a package that none of them names counts as one without"
    )
    left_out = (
        ("withdrawn", database.withdrawn),
        ("not about a package on PyPI", database.foreign),
        ("not JSON", database.other_files),
    )
    if said := [f"{what}: {number}" for what, number in left_out if number]:
        yield f"{name} left out what is {', '.join(said)}"
