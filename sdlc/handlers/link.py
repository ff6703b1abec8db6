"""Joins what attacks found to the code that answers: reads the project's routes, and marks endpoints with their handlers."""

from __future__ import annotations

import re
import sys
import threading
import time
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sdlc.errors import Cancelled, GateError
from sdlc.handlers.model import Route
from sdlc.inventory import Inventory
from sdlc.model import Answer, EndpointLocation, Finding, SourceLocation
from sdlc.process import MIB, Limits, Running, clean_environment

SECONDS = 60
MEMORY = 1024 * MIB
MAX_PATH = 300
MOST_PER_SEGMENT = 2
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")


def find(files: Inventory, scratch: Path, cancel: threading.Event) -> tuple[tuple[Route, ...], str]:
    """The routes that the project's Python code declares, and why they could not be read, if so.

    The source is parsed by a process of its own: what it holds must not be able to hurt this one.
    """
    listed = scratch / "files.json"
    listed.write_bytes(msgspec.json.encode([name for name in files.files if name.endswith(".py")]))
    argv = [sys.executable, "-I", "-m", "sdlc.handlers", str(files.root), str(listed)]
    output = scratch / "routes.json"
    limits = Limits(deadline=time.monotonic() + SECONDS, memory=MEMORY)
    try:
        with Running(
            argv, cwd=scratch, env=clean_environment(scratch), stdout=output, stderr=scratch / "routes.err", limits=limits
        ) as reader:
            ended = reader.wait(cancel)
        if ended.code:
            return (), f"reading them ended with exit code {ended.code}"
        return msgspec.json.decode(output.read_bytes(), type=tuple[Route, ...]), ""
    except (GateError, Cancelled, OSError, msgspec.DecodeError) as error:
        return (), str(error)


def link(answer: Answer, routes: Sequence[Route]) -> Answer:
    """The answer with each endpoint's code, where a route declares it."""
    return msgspec.structs.replace(answer, findings=tuple(_linked(finding, routes) for finding in answer.findings))


def match(method: str, url: str, routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes that answer a request: those with the fewest parameters among all that fit."""
    try:
        path = urllib.parse.unquote(urllib.parse.urlsplit(url).path) or "/"
    except ValueError:
        return ()
    if len(path) > MAX_PATH:
        return ()
    fitting = [route for route in routes if _is_simple(route.template) and _answers(route, method.upper(), path)]
    fewest = min((route.template.count("{") for route in fitting), default=0)
    return tuple(route for route in fitting if route.template.count("{") == fewest)


def _linked(finding: Finding, routes: Sequence[Route]) -> Finding:
    location = finding.location
    if not isinstance(location, EndpointLocation) or location.code:
        return finding
    spans = dict.fromkeys(span for route in match(location.method, location.url, routes) for span in route.code)
    code = tuple(SourceLocation(path=span.path, line=span.first, end_line=span.last) for span in spans)
    return msgspec.structs.replace(finding, location=msgspec.structs.replace(location, code=code))


def _is_simple(template: str) -> bool:
    """Whether matching it takes little time: a hostile project could declare one that takes years."""
    return template.count(":path}") <= 1 and all(part.count("{") <= MOST_PER_SEGMENT for part in template.split("/"))


def _answers(route: Route, method: str, path: str) -> bool:
    if route.methods and method not in route.methods and not (method == "HEAD" and "GET" in route.methods):
        return False
    return re.fullmatch(_pattern(route.template), path) is not None


def _pattern(template: str) -> str:
    """A regular expression for the paths of a template; a slash at the end makes no difference."""
    literal, *rest = _PARAMETER.split(template.rstrip("/"))
    pattern = re.escape(literal)
    for anything, following in zip(rest[1::3], rest[2::3], strict=True):
        pattern += (".+" if anything else "[^/]+") + re.escape(following)
    return f"{pattern}/?"
