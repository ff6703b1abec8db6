"""Which routes an application has, and which of them a scan got an answer from. Pure."""

from __future__ import annotations

import dataclasses
import fnmatch
import re
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from sdlc.handlers.model import Route as Declared
from sdlc.identity import route as shape
from sdlc.model import Coverage, Missing
from sdlc.target import Target
from sdlc_gates._dast.openapi import operations, takes_password

# The handler of the route did not run, or did not let the scan in.
CLOSED = {
    0: "no reply",
    401: "401: not logged in",
    403: "403: not allowed in",
    404: "404: not found",
    405: "405: method not allowed",
    407: "407: a proxy asks for a login",
    429: "429: too many requests",
    500: "500: it only failed",
    502: "502: bad gateway",
    503: "503: unavailable",
    504: "504: gateway timeout",
}
_LOGIN = re.compile(r"/(log|sign)[-_]?(in|on|out|off)\b|/(auth|sso|session|sessions|oauth2?|saml)\b", re.IGNORECASE)
TESTS = frozenset({"test", "tests"})
SLASHES = ":path}"
"""The end of a part that may hold slashes."""
MOST_PER_PART = 2
MAX_SHOWN = 200
_PLACEHOLDER = re.compile(r"\{[^{}/]*\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A path template of the application, with `{}` for parts that vary."""

    method: str
    """Upper case; empty for any."""
    template: str
    login: bool = field(default=False, compare=False)
    """Whether it takes a password: then to be refused (401, 403) is an answer of its own."""

    def __str__(self) -> str:
        return f"{self.method} {self.template}".strip()

    @property
    def parameters(self) -> int:
        """How many parts of the path vary."""
        return len(_PLACEHOLDER.findall(self.template))

    @property
    def pattern(self) -> re.Pattern[str]:
        """What paths of this route match."""
        pieces = re.split(f"({_PLACEHOLDER.pattern})", self.template)
        varying = [".+" if piece.endswith(SLASHES) else "[^/]+" for piece in pieces[1::2]]
        parts = [re.escape(literal) + pattern for literal, pattern in zip(pieces[::2], [*varying, ""], strict=True)]
        return re.compile("".join(parts))

    @property
    def tangled(self) -> str:
        """Why no path is compared with it: a hostile description could hold one that takes years; empty where one is."""
        if self.template.count(SLASHES) > 1 or any(part.count("{") > MOST_PER_PART for part in self.template.split("/")):
            return "too much in one part of its path varies to tell what belongs to it"
        return ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A request that was made, and the status of its reply (0: none)."""

    method: str
    url: str
    status: int
    location: str = ""
    """Where the reply sends the client, if it does."""
    cut: bool = False
    """Whether the reply broke off before its announced length."""

    @property
    def closed(self) -> str:
        """Why the reply shows nothing of the route, or not all; empty when it does."""
        if self.cut:
            return f"{self.status}, and the reply broke off"
        if 300 <= self.status < 400:
            here, there = _parts(self.url), _parts(self.location)
            if there is None:
                return f"{self.status}: sent to an address that can't be read"
            if there.hostname and (here is None or there.hostname != here.hostname):
                return f"{self.status}: sent to another host"
            if _LOGIN.search(_path(there)) and not _LOGIN.search(self.path):
                return f"{self.status}: sent to the login"
        return CLOSED.get(self.status, "")

    @property
    def path(self) -> str:
        """The path of the URL, decoded; empty where it can't be read."""
        parts = _parts(self.url)
        return _path(parts) if parts else ""


def known(target: Target) -> tuple[Route, ...]:
    """The routes that the OpenAPI description and the configuration name; empty when neither names any.

    Two that differ only in the names of their parameters are one.
    """
    described = described_routes(target.openapi) if target.openapi else ()
    found: dict[tuple[str, str], Route] = {}
    for route in (*described, *map(_named, target.routes)):
        found.setdefault((route.method, _shape(route.template)), route)
    shapes = {shape for method, shape in found if method}
    return tuple(route for (method, shape), route in found.items() if method or shape not in shapes)


def declared(target: Target, routes: Iterable[Declared]) -> Target:
    """The target with the routes that the project's code declares among those that are named; tests' own apps aside."""
    own = [route for route in routes if not (route.code and TESTS & set(PurePosixPath(route.code[0].path).parts[:-1]))]
    texts = [f"{method} {route.template}".strip() for route in own for method in _methods(route)]
    return dataclasses.replace(target, routes=tuple(dict.fromkeys((*target.routes, *texts))))


def starts(target: Target, exclude: Sequence[str]) -> list[str]:
    """URLs of the named routes that a GET without parameters can reach: where a scan may begin."""
    named = (_named(text) for text in target.routes)
    plain = [route for route in named if route.method in ("", "GET") and not route.parameters]
    return list(dict.fromkeys(target.url + route.template for route in plain if not excluding(route.template, exclude)))


def _methods(route: Declared) -> tuple[str, ...]:
    """Those that do something of their own; one without a name stands for any."""
    return tuple(method for method in route.methods if method not in ("HEAD", "OPTIONS")) if route.methods else ("",)


def _shape(template: str) -> str:
    return _PLACEHOLDER.sub("{}", template)


def described_routes(document: Mapping[str, Any]) -> tuple[Route, ...]:
    """The operations of an OpenAPI 3 or Swagger 2 description, below the path of its first server."""
    return tuple(
        Route(method.upper(), template, login=takes_password(document, item, operation))
        for template, method, item, operation in operations(document)
    )


def _named(text: str) -> Route:
    method, _, template = text.rpartition(" ")
    return Route(method.strip().upper(), template, login=_LOGIN.search(template) is not None)


def coverage(routes: Sequence[Route], visits: Iterable[Visit], exclude: Sequence[str]) -> Coverage:
    """How many of the routes answered, those that match the shell patterns `exclude` aside.

    Without known routes, the paths that were found count, except those that are not there (404). Visits whose address can't
    be read are named: nobody knows what they were of.
    """
    visits = tuple(visits)
    unreadable = tuple(dict.fromkeys(visit.url for visit in visits if not visit.path))
    visits = tuple(visit for visit in visits if visit.path)
    routes = tuple(routes) or _found(visits)
    reasons = _why_closed(routes, visits)
    excluded = {route: pattern for route in routes if (pattern := excluding(route.template, exclude))}
    wanted = [route for route in routes if route not in excluded]
    missing = [Missing(item=str(route), reason=reasons[route]) for route in wanted if reasons[route]]
    missing += [Missing(item=url[:MAX_SHOWN], reason="an address that can't be read was visited") for url in unreadable]
    expected = len(wanted) + len(unreadable)
    return Coverage(
        what="routes",
        measured=expected - len(missing),
        expected=expected,
        missing=tuple(missing),
        excluded=tuple(Missing(item=str(r), reason=f"excluded by configuration: {p}") for r, p in excluded.items()),
    )


def excluding(path: str, patterns: Sequence[str]) -> str:
    """The first of the shell patterns that the path matches; empty when none does."""
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(path, pattern)), "")


def _found(visits: Sequence[Visit]) -> tuple[Route, ...]:
    there = (Route(visit.method.upper(), shape(visit.path)) for visit in visits if visit.status not in (0, 404))
    return tuple(sorted(dict.fromkeys(there), key=str))


def _why_closed(routes: Sequence[Route], visits: Sequence[Visit]) -> dict[Route, str]:
    """Why no visit to each route shows anything of it; empty as soon as one does."""
    reasons = {route: route.tangled or "never reached" for route in routes}
    literal_first = sorted(routes, key=lambda route: (route.parameters, not route.method))
    patterns = [(route, route.pattern) for route in literal_first if not route.tangled]
    for visit in visits:
        path, methods = visit.path, ("", visit.method.upper())
        fitting = (route for route, pattern in patterns if route.method in methods and pattern.fullmatch(path))
        route = next(fitting, None)
        if route is not None and reasons[route]:
            reasons[route] = "" if route.login and visit.status in (401, 403) else visit.closed
    return reasons


def _parts(url: str) -> urllib.parse.SplitResult | None:
    """The parts of a URL; None for one that is none, such as `http://[::`."""
    try:
        return urllib.parse.urlsplit(url)
    except ValueError:
        return None


def _path(parts: urllib.parse.SplitResult) -> str:
    return urllib.parse.unquote(parts.path) or "/"
