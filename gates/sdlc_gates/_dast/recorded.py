"""What was asked of the target by somebody who knows it: requests to begin a scan with, and as whom to send them."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable, Sequence
from pathlib import Path

from sdlc.identity import route
from sdlc.model import Frozen
from sdlc_gates._dast import ndjson
from sdlc_gates._dast.client import SHORTEST_SECRET
from sdlc_gates._dast.heads import Lines
from sdlc_gates._dast.login import FORM
from sdlc_gates._dast.routes import Visit

# What belongs to one message or one client; all else says who asks, or is what the application wants to see.
OWN = frozenset(
    (
        *("host", "accept", "accept-encoding", "accept-language", "user-agent", "referer", "origin", "te", "expect", "upgrade"),
        *("connection", "keep-alive", "proxy-connection", "proxy-authorization", "transfer-encoding", "range", "pragma"),
        *("content-length", "content-type", "content-encoding", "if-none-match", "if-modified-since", "cache-control"),
    )
)
_SECRET = re.compile(r"passw|pwd|passphrase|secret|token", re.IGNORECASE)
LONG_SECRET = 8


class Recorded(Frozen, frozen=True):
    """A request and how it was answered."""

    method: str
    path: str
    """With its query."""
    headers: tuple[tuple[str, str], ...]
    """Those that say who asks: cookies, a token, keys."""
    kind: str
    """The body's content type, without its parameters."""
    body: bytes
    """Empty too where it was too large to keep."""
    status: int
    """0 when there was no reply."""
    location: str
    """Where the reply sends the client."""

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The fields of a form; none for another body."""
        if self.kind != FORM:
            return ()
        return tuple(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def visit(self, url: str) -> Visit:
        """What it says of the routes of the target at `url`."""
        return Visit(self.method, url + self.path, self.status, self.location)


def recorded(method: str, path: str, lines: Lines, body: bytes, reply: bytes) -> Recorded:
    """A request of its parts; `reply` is the head of the reply, empty when there was none."""
    headers = tuple(_pairs(lines))
    first, *answered = reply.split(b"\r\n")
    words = first.split(b" ", 2)
    return Recorded(
        method=method,
        path=path,
        headers=tuple(pair for pair in headers if pair[0].lower() not in OWN),
        kind=next((value.partition(";")[0].strip().lower() for name, value in headers if name.lower() == "content-type"), ""),
        body=body,
        status=int(words[1]) if len(words) > 1 and words[1].isdigit() else 0,
        location=next((value for name, value in _pairs(answered) if name.lower() == "location"), ""),
    )


def read(journal: Path) -> tuple[Recorded, ...]:
    """The requests that a guard has recorded in a file; raises `OutputInvalid`."""
    return tuple(ndjson.read(journal, Recorded, "the recorded requests")) if journal.exists() else ()


def distinct(requests: Iterable[Recorded], most: int) -> tuple[Recorded, ...]:
    """One for each method, shape of path and set of parameters, the one that was answered best, and at most `most`."""
    found: dict[tuple[object, ...], Recorded] = {}
    for one in requests:
        path, _, query = one.path.partition("?")
        names = (name for name, _ in (*urllib.parse.parse_qsl(query, keep_blank_values=True), *one.fields))
        key = (one.method, route(urllib.parse.unquote(path)), one.kind, tuple(sorted(set(names))))
        if key not in found or (_worth(one) > _worth(found[key])):
            found[key] = one
    return tuple(found.values())[:most]


def secrets(requests: Iterable[Recorded]) -> set[str]:
    """What in them must stand in no evidence: the values that say who asks, and long values of fields that sound secret."""
    kept = tuple(requests)
    texts = {value for one in kept for _, value in one.headers}
    cookies = {pair for one in kept for name, value in one.headers if name.lower() == "cookie" for pair in value.split(";")}
    texts |= {cookie.partition("=")[2].strip() for cookie in cookies} | {text.partition(" ")[2] for text in texts}
    fields = {value for one in kept for name, value in one.fields if _SECRET.search(name)}
    return {text for text in texts if len(text) >= SHORTEST_SECRET} | {text for text in fields if len(text) >= LONG_SECRET}


class Sessions:
    """As whom a request to each path was recorded."""

    def __init__(self, requests: Sequence[Recorded]) -> None:
        """The last request to a path that said who asks counts."""
        self._headers = {one.path.partition("?")[0]: one.headers for one in requests if one.headers}

    def carried(self, path: str, lines: Lines) -> Lines:
        """The header lines of a request to this path, with those that it was recorded with in place of its own."""
        headers = self._headers.get(path.partition("?")[0], ())
        names = {name.lower().encode("latin-1") for name, _ in headers}
        kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in names]
        return [*kept, *(f"{name}: {value}".encode("latin-1", "replace") for name, value in headers)]


def _pairs(lines: Iterable[bytes]) -> Iterable[tuple[str, str]]:
    texts = (line.decode("latin-1").partition(":") for line in lines if b":" in line)
    return ((name.strip(), value.strip()) for name, _, value in texts)


def _worth(one: Recorded) -> int:
    """How much a request says of what it asks for: a success, a redirection, an error, nothing."""
    return (1 if one.status >= 400 or not one.status else 2 if one.status >= 300 else 3) if one.status else 0
