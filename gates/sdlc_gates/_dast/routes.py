"""Which routes an application has, and which of them a scan got an answer from. Pure."""

from __future__ import annotations

import fnmatch
import re
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdlc.identity import route as shape
from sdlc.model import Coverage, Missing
from sdlc.target import Target

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# The handler of the route did not run, or did not let the scan in.
CLOSED = {
    0: "no reply",
    401: "401: not logged in",
    403: "403: not allowed in",
    404: "404: not found",
    405: "405: method not allowed",
    407: "407: a proxy asks for a login",
    429: "429: too many requests",
    502: "502: bad gateway",
    503: "503: unavailable",
    504: "504: gateway timeout",
}
_PLACEHOLDER = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A path template of the application, with `{}` for parts that vary."""

    method: str
    """Upper case; empty for any."""
    template: str

    def __str__(self) -> str:
        return f"{self.method} {self.template}".strip()

    @property
    def parameters(self) -> int:
        """How many parts of the path vary."""
        return len(_PLACEHOLDER.findall(self.template))

    def matches(self, method: str, path: str) -> bool:
        """Whether a request to `path` is one to this route."""
        literal = [re.escape(part) for part in _PLACEHOLDER.split(self.template)]
        return self.method in ("", method.upper()) and re.fullmatch("[^/]+".join(literal), path) is not None


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that was made, and the status of its reply (0: none)."""

    method: str
    url: str
    status: int

    @property
    def path(self) -> str:
        """The path of the URL, decoded."""
        return urllib.parse.unquote(urllib.parse.urlsplit(self.url).path) or "/"


def known(target: Target) -> tuple[Route, ...]:
    """The routes that the OpenAPI description and the configuration name; empty when neither names any."""
    described = described_routes(target.openapi) if target.openapi else ()
    named = tuple(_named(text) for text in target.routes)
    return tuple(dict.fromkeys((*described, *named)))


def described_routes(document: Mapping[str, Any]) -> tuple[Route, ...]:
    """The operations of an OpenAPI 3 or Swagger 2 description, below the path of its first server."""
    base = base_path(document)
    paths = document.get("paths")
    found = []
    for template, operations in paths.items() if isinstance(paths, dict) else ():
        for method in METHODS:
            if isinstance(operations, dict) and method in operations:
                found.append(Route(method.upper(), base + str(template)))
    return tuple(found)


def base_path(document: Mapping[str, Any]) -> str:
    """The path before all paths of a description, without a slash at its end."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], dict) else {}
    address = str(first.get("url", "") or document.get("basePath", ""))
    return urllib.parse.urlsplit(address).path.rstrip("/")


def _named(text: str) -> Route:
    method, _, template = text.rpartition(" ")
    return Route(method.strip().upper(), template)


def coverage(routes: Sequence[Route], visits: Iterable[Visit], exclude: Sequence[str]) -> Coverage:
    """How many of the routes answered, those that match the shell patterns `exclude` aside.

    Without known routes, the paths that were found count, except those that are not there (404).
    """
    visits = tuple(visits)
    routes = tuple(routes) or _found(visits)
    reached = _best_reply(routes, visits)
    excluded = {route: pattern for route in routes if (pattern := excluding(route.template, exclude))}
    wanted = [route for route in routes if route not in excluded]
    missing = tuple(
        Missing(
            item=str(route), reason=CLOSED.get(reached[route], str(reached[route])) if route in reached else "never reached"
        )
        for route in wanted
        if reached.get(route, 0) in CLOSED
    )
    return Coverage(
        what="routes",
        measured=len(wanted) - len(missing),
        expected=len(wanted),
        missing=missing,
        excluded=tuple(Missing(item=str(r), reason=f"excluded by configuration: {p}") for r, p in excluded.items()),
    )


def excluding(path: str, patterns: Sequence[str]) -> str:
    """The first of the shell patterns that the path matches; empty when none does."""
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(path, pattern)), "")


def _found(visits: Sequence[Visit]) -> tuple[Route, ...]:
    there = (Route(visit.method.upper(), shape(visit.path)) for visit in visits if visit.status not in (0, 404))
    return tuple(sorted(dict.fromkeys(there), key=str))


def _best_reply(routes: Sequence[Route], visits: Sequence[Visit]) -> dict[Route, int]:
    """The status that shows most of each route that was visited: an open one before a closed one."""
    literal_first = sorted(routes, key=lambda route: (route.parameters, not route.method))
    best: dict[Route, int] = {}
    for visit in visits:
        route = next((one for one in literal_first if one.matches(visit.method, visit.path)), None)
        if route is not None and best.get(route, 0) in CLOSED:
            best[route] = visit.status
    return best
