"""A proxy that lets a scanner reach one address and nothing else, no faster than allowed, and as somebody logged in.

For scanners that follow redirects wherever they lead. Each connection carries one request, so none can be used twice
for two places.
"""

from __future__ import annotations

import asyncio
import contextlib
import urllib.parse
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sdlc_gates._dast.routes import excluding

HEAD_BYTES = 1 << 18
CHUNK = 1 << 16
# A scanner makes up paths without end; what is written down of them is bounded.
MOST_PLACES = 10_000
PLACE_CHARACTERS = 300
OTHERS = "other places"
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
NO_REPLY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")
Place = tuple[str, int]
Lines = Sequence[bytes]


def unchanged(lines: Lines) -> Lines:
    """The header lines as they are."""
    return lines


@dataclass(slots=True)
class Proxy:
    """What may be asked, and what was."""

    allowed: Place
    """Host and port."""
    per_second: float = 0
    """Requests; 0 for no limit."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for paths that are out of reach too; inside a tunnel (HTTPS) nobody sees them."""
    carrying: Callable[[Lines], Lines] = unchanged
    """What is made of a request's header lines."""
    showing: Callable[[Lines], Lines] = unchanged
    """What is made of a reply's header lines."""
    forwarded: int = 0
    """Requests that were sent on."""
    refused: Counter[str] = field(default_factory=Counter)
    """Places that were asked for and not reached, with how often."""
    _next: float = 0.0
    # The event loop itself holds tasks weakly, and would lose one whose client has left.
    _busy: set[asyncio.Task[None]] = field(default_factory=set)

    async def serve(self) -> tuple[asyncio.Server, int]:
        """Begin to answer on a free loopback port, which it gives."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=HEAD_BYTES)
        port: int = server.sockets[0].getsockname()[1]
        return server, port

    async def end(self) -> None:
        """Give up what is still being forwarded; returns when all of it is over."""
        while self._busy:
            for task in self._busy:
                task.cancel()
            await asyncio.gather(*self._busy, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Left to asyncio, the task would be nobody's, and its end would be waited for by nobody.
        task = asyncio.get_running_loop().create_task(self._connection(reader, writer))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, address, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            if out_of_reach := self._out_of_reach(method, address):
                place = out_of_reach[:PLACE_CHARACTERS]
                self.refused[place if place in self.refused or len(self.refused) < MOST_PLACES else OTHERS] += 1
                writer.write(REFUSAL)
            else:
                await self._wait_for_turn()
                self.forwarded += 1
                await self._forward(method, address, head, reader, writer)
            await writer.drain()

    def _out_of_reach(self, method: str, address: str) -> str:
        """What a request may not be sent to; empty when it may."""
        place = destination(method, address)
        if place != self.allowed:
            return f"{place[0]}:{place[1]}"
        path = "" if method == "CONNECT" else urllib.parse.unquote(urllib.parse.urlsplit(address).path)
        return path if excluding(path, self.exclude) else ""

    async def _wait_for_turn(self) -> None:
        if self.per_second:
            now = asyncio.get_running_loop().time()
            turn = max(now, self._next)
            self._next = turn + 1 / self.per_second
            await asyncio.sleep(turn - now)

    async def _forward(
        self, method: str, address: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            upstream, sender = await asyncio.open_connection(*self.allowed, limit=HEAD_BYTES)
        except OSError:
            writer.write(NO_REPLY)
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            sender.write(rewritten(method, address, head, self.carrying))
        # A client that has left ends the upload, and nobody waits for the reply any more.
        ways = {asyncio.create_task(_copy(reader, sender)), asyncio.create_task(self._reply(method, upstream, writer))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            sender.close()

    async def _reply(self, method: str, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if method != "CONNECT":
            writer.write(closing(await upstream.readuntil(b"\r\n\r\n"), self.showing))
        await _copy(upstream, writer)


def destination(method: str, address: str) -> Place:
    """Host and port that a request to a proxy is meant for; raises `ValueError` when it names none."""
    parts = urllib.parse.urlsplit(f"//{address}" if method == "CONNECT" else address)
    if not parts.hostname:
        raise ValueError(f"{address!r} names no host")
    return parts.hostname, parts.port or (443 if parts.scheme in ("https", "") else 80)


def place_of(url: str) -> Place:
    """Host and port of a target."""
    return destination("GET", url)


def rewritten(method: str, address: str, head: bytes, carrying: Callable[[Lines], Lines] = unchanged) -> bytes:
    """The head of a request as its server wants it: with a path instead of a URL, for one request only."""
    parts = urllib.parse.urlsplit(address)
    path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    lines = [line for line in head.split(b"\r\n")[1:-2] if not line.lower().startswith(HOP_BY_HOP)]
    first = f"{method} {path} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([first, *carrying(lines), b"Connection: close", b"", b""])


def closing(head: bytes, showing: Callable[[Lines], Lines] = unchanged) -> bytes:
    """The head of a reply that tells the client not to send another request on this connection."""
    first, *lines = head.split(b"\r\n")[:-2]
    kept = [line for line in lines if not line.lower().startswith(HOP_BY_HOP)]
    return b"\r\n".join([first, *showing(kept), b"Connection: close", b"", b""])


async def _copy(source: asyncio.StreamReader, goal: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            goal.write(chunk)
            await goal.drain()
