"""A small HTTP client that asks one target and nothing else, within bounds, and writes down what was said.

It follows no redirect, uses no proxy and keeps no cookies: what a reply leads to is its caller's business.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
import time
import urllib.parse
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sdlc.errors import Cancelled, LimitExceeded, ToolTimeout

BODY_BYTES = 4 << 20
INFLATED_BYTES = 16 << 20
CHUNK = 1 << 16
SHOWN_BODY_BYTES = 64 << 10
HIDDEN = "[redacted]"
CREDENTIALS = frozenset({"authorization", "cookie", "set-cookie", "proxy-authorization"})
DEEPEST = 100
# Shorter ones occur by chance, and what is replaced then says nothing about a credential.
SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked."""

    method: str
    path: str
    """With its query, as it is sent."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What was answered."""

    status: int
    """0 when there was no reply."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    """Decompressed."""
    complete: bool = True
    """False when only the beginning of the body was read."""
    fault: str = ""
    """Why there was no reply."""

    @property
    def accepted(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body, with what isn't UTF-8 replaced."""
        return self.body.decode("utf-8", "replace")

    def named(self, header: str) -> tuple[str, ...]:
        """The values of all headers of that name, whatever its case."""
        return tuple(value for name, value in self.headers if name.lower() == header.lower())

    def data(self) -> object:
        """The body as JSON; None when it is none, or nested more deeply than data is."""
        try:
            found: object = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return found if _shallow(found) else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a client may cost its target and the run."""

    deadline: float
    """Point of `time.monotonic()`."""
    cancel: threading.Event
    requests: int = 100_000
    per_second: float = 0
    """0: as fast as it answers."""
    seconds: float = 10
    """For one reply."""


@dataclass(slots=True)
class Client:
    """Asks the target at `url`."""

    url: str
    bounds: Bounds
    journal: Path | None = None
    """Where each request and its reply is written, one JSON object a line."""
    secrets: set[str] = field(default_factory=set)
    """Texts that are never written down."""
    folder: Path = Path()
    """Where commands are run that log in."""
    sent: int = 0
    _next: float = 0.0

    def send(self, request: Request, *, confidential: bool = False) -> Reply:
        """The reply; one with status 0 when the target gave none in time.

        Of what is confidential, such as a login, neither body is written down.

        Raises `ToolTimeout` past the deadline, `LimitExceeded` past the number of requests, and `Cancelled`.
        """
        self._wait_for_turn()
        self.sent += 1
        reply = self._asked(request)
        if self.journal:
            self._write(self.journal, request, reply, confidential=confidential)
        return reply

    def redacted(self, text: str) -> str:
        """The text without the secrets, and without halves of surrogate pairs, which can't be written down."""
        return redacted(text, self.secrets).encode("utf-8", "replace").decode()

    def _wait_for_turn(self) -> None:
        if self.bounds.cancel.is_set():
            raise Cancelled("stopped between two requests")
        if time.monotonic() > self.bounds.deadline:
            raise ToolTimeout(f"the deadline passed after {self.sent} requests")
        if self.sent >= self.bounds.requests:
            raise LimitExceeded(f"{self.sent} requests are as many as may be sent", fix="raise max_requests")
        if self.bounds.per_second:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 1 / self.bounds.per_second
            self.bounds.cancel.wait(turn - now)

    def _asked(self, request: Request) -> Reply:
        seconds = min(self.bounds.seconds, max(0.1, self.bounds.deadline - time.monotonic()))
        connection = _connection(self.url, seconds)
        try:
            headers = {"Accept": "*/*", "Accept-Encoding": "identity", **dict(request.headers)}
            connection.request(request.method, request.path, body=request.body or None, headers=headers)
            # A reply that breaks off stays open by itself, and with it the connection.
            with connection.getresponse() as answer:
                body, complete = _read(answer.read1, time.monotonic() + seconds)
                # What is left of the length that was announced.
                return _reply(answer, body, complete=complete and not answer.length)
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Reply(0, fault=f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def _write(self, journal: Path, request: Request, reply: Reply, *, confidential: bool) -> None:
        asked: dict[str, object] = {"method": request.method, "path": self.redacted(request.path)}
        answered: dict[str, object] = {"status": reply.status, "fault": reply.fault}
        for entry, headers, body in ((asked, request.headers, request.body), (answered, reply.headers, reply.body)):
            entry["headers"] = [(name, self._masked(name, value)) for name, value in headers]
            if not confidential:
                entry.update(self._shown(body))
        with journal.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"request": asked, "reply": answered}) + "\n")

    def _masked(self, name: str, value: str) -> str:
        return HIDDEN if name.lower() in CREDENTIALS else self.redacted(value)

    def _shown(self, body: bytes) -> dict[str, object]:
        """A body as it is written down: text where it is text."""
        try:
            return {"body": self.redacted(body.decode())[:SHOWN_BODY_BYTES], "bytes": len(body)}
        except UnicodeDecodeError:
            kept = redacted(body.decode("utf-8", "surrogateescape"), self.secrets).encode("utf-8", "surrogateescape")
            return {"body_base64": base64.b64encode(kept[:SHOWN_BODY_BYTES]).decode(), "bytes": len(body)}


def redacted(text: str, secrets: set[str]) -> str:
    """The text without the secrets, also where they stand as JSON or in a URL writes them."""
    for secret in sorted(secrets, key=len, reverse=True):
        quoted = urllib.parse.quote(secret, safe="", errors="replace")
        for form in dict.fromkeys((secret, json.dumps(secret)[1:-1], quoted)):
            if len(form) >= SHORTEST_SECRET:
                text = text.replace(form, HIDDEN)
    return text


def _connection(url: str, seconds: float) -> http.client.HTTPConnection:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(parts.hostname or "", parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)


def _read(read: Callable[[int], bytes], deadline: float) -> tuple[bytes, bool]:
    """The body and whether it is whole; a reply that drips without end is cut at the deadline."""
    body = bytearray()
    while len(body) < BODY_BYTES and time.monotonic() < deadline:
        chunk = read(CHUNK)
        if not chunk:
            return bytes(body), True
        body += chunk
    return bytes(body), False


def _reply(answer: http.client.HTTPResponse, body: bytes, *, complete: bool) -> Reply:
    coding = (answer.getheader("Content-Encoding") or "identity").strip().lower()
    if coding in ("gzip", "deflate"):
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            body = inflater.decompress(body, INFLATED_BYTES)
        except zlib.error:
            complete = False
        complete = complete and not inflater.unconsumed_tail
    elif coding != "identity":
        complete = False
    return Reply(answer.status, tuple(answer.getheaders()), body, complete)


def _shallow(data: object) -> bool:
    waiting = [(data, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST:
            return False
        inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        waiting.extend((value, depth + 1) for value in inside if isinstance(value, (dict, list)))
    return True
