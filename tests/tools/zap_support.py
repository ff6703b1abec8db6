"""What the tests of the gate `zap` share: a site, and ways to look at an answer, a daemon and what was asked."""

from __future__ import annotations

import os
import urllib.parse

import msgspec
from sdlc_gates._zap.api import Api
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates.zap import Zap

from sdlc.model import Answer, Coverage
from tests.unit.gates.sites import Asked, Said, Site

SECRET = "a-header-of-the-house-9142"


def shop(asked: Asked) -> Said:
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(asked.path).query)
    shown = query.get("q", [""])[0] + asked.headers.get("X-House", "")
    return 200, [("Server", "Planted/1.2")], f'<a href="/shop/search?q=mug">s</a> {shown} <a href="/admin/?q=1">a</a>'


def gate(**options: object) -> Zap:
    return Zap("zap", msgspec.convert(options, ZapOptions))


def covered(answer: Answer, what: str) -> Coverage:
    return next(coverage for coverage in answer.coverage if coverage.what == what)


def named(answer: Answer) -> set[str]:
    return {finding.rule.id for finding in answer.findings}


def paths(site: Site) -> set[str]:
    return {urllib.parse.urlsplit(asked.path).path for asked in site.asked}


def api(shared: dict[str, object]) -> Api:
    return Api(str(shared["url"]), os.environ["ZAP_API_KEY"])
