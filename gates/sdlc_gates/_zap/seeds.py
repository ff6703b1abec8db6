"""Showing ZAP the routes that are known: those of a description by ZAP's own import, or request by request without it."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.parse
from collections.abc import Iterable
from functools import partial
from typing import Any

from sdlc.errors import ToolFailed, ToolTimeout
from sdlc_gates._dast.recorded import Recorded, distinct
from sdlc_gates._dast.routes import starts
from sdlc_gates._dast.samples import Sample, samples
from sdlc_gates._zap.api import Refused
from sdlc_gates._zap.rules import addons
from sdlc_gates._zap.scan import Scan
from sdlc_gates._zap.scope import left_alone

MOST_RESENT = 300


class Clock:
    """Ends the asking of known routes when it takes too long."""

    def __init__(self, scan: Scan) -> None:
        """Begin now."""
        self._scan, self._until = scan, scan.until(scan.options.seed_seconds)

    def check(self) -> None:
        """Raise `ToolTimeout` when the time is over, and as the daemon's own check does."""
        self._scan.daemon.check()
        if time.monotonic() > self._until:
            raise ToolTimeout("asking the known routes once was not over when its time was", fix="raise seed_seconds")


def sow(scan: Scan) -> str:
    """Make ZAP ask each known route once; returns a note on how those described were, empty when none is."""
    clock = Clock(scan)
    for url in starts(scan.target, scan.options.exclude):
        clock.check()
        if left_alone(urllib.parse.urlsplit(url).path, scan.options):
            continue
        # No reply leaves the route uncovered.
        with contextlib.suppress(Refused):
            scan.api.ask(list[Any], partial(_visit, url=url))
    document = scan.target.openapi
    if not document:
        return ""
    if "openapi" not in addons(scan.api):
        return _ask_each(scan, clock)
    file = scan.daemon.inputs / "openapi.json"
    file.write_text(json.dumps(document), "utf-8")
    complaints = scan.api.ask(list[str], lambda zap: zap.openapi.import_file(str(file), scan.target.url))
    if complaints:
        raise ToolFailed(f"ZAP's OpenAPI import had {len(complaints)} complaints: {'; '.join(complaints[:5])[:500]}")
    return "the routes of the OpenAPI description were imported by ZAP's add-on"


def resend(scan: Scan, requests: Iterable[Recorded]) -> str:
    """Send what the flows asked for through ZAP, one request of each kind; returns a note on it."""
    clock, sent = Clock(scan), 0
    for one in distinct(requests, MOST_RESENT):
        if not left_alone(urllib.parse.urlsplit(one.path).path, scan.options):
            clock.check()
            headers = (("Content-Type", one.kind),) if one.kind else ()
            sample = Sample(one.method, one.path, one.path, headers, one.body.decode("utf-8", "replace"))
            # No reply leaves the route uncovered.
            with contextlib.suppress(Refused):
                scan.api.ask(list[Any], partial(_send, text=raw(sample, scan.target.url)))
                sent += 1
    return f"the scan began with {sent} requests of the flows"


def _ask_each(scan: Scan, clock: Clock) -> str:
    """Send one sample of each operation through ZAP; no reply leaves the route uncovered."""
    assert scan.target.openapi is not None
    sent = unanswered = 0
    for sample in samples(scan.target.openapi):
        if not left_alone(sample.template, scan.options):
            clock.check()
            sent += 1
            try:
                scan.api.ask(list[Any], partial(_send, text=raw(sample, scan.target.url)))
            except Refused:
                unanswered += 1
    lost = f", {unanswered} of them in vain" if unanswered else ""
    return f"ZAP's add-on openapi is not installed; {sent} sample requests made from the description took its place{lost}"


def _visit(zap: Any, url: str) -> object:
    return zap.core.access_url(url, followredirects="false")


def _send(zap: Any, text: str) -> object:
    return zap.core.send_request(text, followredirects="false")


def raw(sample: Sample, url: str) -> str:
    """The request as ZAP takes it: an HTTP/1.1 message with an absolute URL."""
    headers = [("Host", urllib.parse.urlsplit(url).netloc), *sample.headers]
    length = [("Content-Length", str(len(sample.body.encode())))] if sample.body else []
    lines = "".join(f"{name}: {value}\r\n" for name, value in (*headers, *length))
    return f"{sample.method} {url}{sample.path} HTTP/1.1\r\n{lines}\r\n{sample.body}"
