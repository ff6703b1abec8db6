"""Whether tenants of the running application are kept apart: what one plants, nobody else may see or change."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import importlib.metadata
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sdlc.errors import NoDescription, NoTarget, TargetFailed
from sdlc.gate import Gate, Tool, Workspace
from sdlc.model import Answer, EndpointLocation, Evidence, Family, Rule, Stage
from sdlc.target import Target
from sdlc_gates._dast.client import Bounds, Client
from sdlc_gates._tenants import planted
from sdlc_gates._tenants.engine import Examination
from sdlc_gates._tenants.settings import TenantOptions
from sdlc_gates._tenants.verdicts import RULES

HERE = Path(__file__).parent
JOURNAL = "exchanges.ndjson"


class TenantIsolation(Gate):
    """Finds data that crosses from one tenant to another, or to nobody."""

    kind = "tenant-isolation"
    summary = "data of one tenant that another, or an anonymous caller, can read or change"
    family = Family.DAST
    covers = frozenset({"operations"})
    stages = (Stage.PR, Stage.RELEASE)
    uses_target = True
    deadline = 1200
    Options = TenantOptions
    options: TenantOptions

    def probe(self) -> Tool:
        return Tool(name=self.kind, version=importlib.metadata.version("sdlc-gates"), path=Path(__file__))

    def proof_rests_on(self) -> tuple[Path, ...]:
        return (Path(__file__), HERE / "_dast", HERE / "_tenants")

    @classmethod
    def rules(cls) -> tuple[Rule, ...]:
        return tuple(rule for _, rule in RULES.values())

    def check(self, work: Workspace) -> Answer:
        target = self._target(work)
        options = self.options
        bounds = Bounds(
            deadline=work.limits.deadline,
            cancel=work.cancel,
            requests=options.max_requests,
            per_second=options.requests_per_second,
            seconds=options.request_seconds,
        )
        journal = work.scratch / JOURNAL
        journal.touch()
        client = Client(target.url, bounds, journal, folder=work.root)
        began, started = time.monotonic(), datetime.datetime.now(datetime.UTC)
        try:
            return Examination(target, client, options).run()
        finally:
            self._keep(work, target, journal, started, time.monotonic() - began)

    def _target(self, work: Workspace) -> Target:
        if work.target is None:
            raise NoTarget
        if not work.target.openapi:
            raise NoDescription
        if not work.target.is_local and not self.options.attack_remote:
            raise TargetFailed(
                f"{work.target.url} is not on this machine, and the examination changes data",
                fix="set attack_remote = true if it may be examined",
            )
        return work.target

    def _keep(self, work: Workspace, target: Target, journal: Path, started: datetime.datetime, seconds: float) -> None:
        """Make what was said evidence."""
        tool = self.probe()
        kept = work.directory.keep(work.gate, journal, JOURNAL)
        work.evidence.append(
            Evidence(
                tool=tool.name,
                version=tool.version,
                argv=(tool.name, target.url),
                exit_code=0,
                started=started.isoformat(timespec="milliseconds"),
                seconds=round(seconds, 3),
                files=(kept,),
            )
        )

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        empty = work.scratch / "planted"
        empty.mkdir()
        # The planted API has tenants of its own; how hard it may be asked is as configured.
        options = TenantOptions(tenants=planted.TENANTS, request_seconds=self.options.request_seconds)
        options = msgspec.structs.replace(options, requests_per_second=self.options.requests_per_second)
        with planted.planted() as target:
            yield TenantIsolation(self.id, options), dataclasses.replace(work.narrowed(empty, "canary"), target=target)

    def caught(self, answer: Answer) -> bool:
        method, _, path = planted.LEAK.partition(" ")
        return any(
            finding.rule.id == "tenant-read"
            and isinstance(finding.location, EndpointLocation)
            and finding.location.method == method
            and finding.location.url.endswith(path)
            for finding in answer.findings
        )
