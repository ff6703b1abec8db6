"""A proxy on loopback that lets a scanner reach one address and nothing else, and no faster than allowed.

For scanners that follow redirects wherever they lead. Each connection carries one request, so none can be used twice
for two places.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import urllib.parse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from sdlc_gates._dast.routes import excluding

HEAD_BYTES = 1 << 18
CHUNK = 1 << 16
REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
NO_REPLY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")
Place = tuple[str, int]


@dataclass(slots=True)
class Guard:
    """A running proxy."""

    allowed: Place
    """Host and port."""
    per_second: int = 0
    """Requests; 0 for no limit."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for paths that are out of reach too; inside a tunnel (HTTPS) nobody sees them."""
    url: str = ""
    refused: Counter[str] = field(default_factory=Counter)
    """Places that were asked for and not reached, with how often."""
    _next: float = 0.0
    # The event loop itself holds tasks weakly, and would lose one whose client has left.
    _busy: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection."""
        task = asyncio.current_task()
        self._busy.add(task)
        try:
            await self._answer(reader, writer)
        finally:
            writer.close()
            self._busy.discard(task)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            head = await reader.readuntil(b"\r\n\r\n")
            method, address, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
            if out_of_reach := self._out_of_reach(method, address):
                self.refused[out_of_reach] += 1
                writer.write(REFUSAL)
            else:
                await self._wait_for_turn()
                await _forward(self.allowed, method, address, head, reader, writer)
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


def destination(method: str, address: str) -> Place:
    """Host and port that a request to a proxy is meant for; raises `ValueError` when it names none."""
    parts = urllib.parse.urlsplit(f"//{address}" if method == "CONNECT" else address)
    if not parts.hostname:
        raise ValueError(f"{address!r} names no host")
    return parts.hostname, parts.port or (443 if parts.scheme in ("https", "") else 80)


def place_of(url: str) -> Place:
    """Host and port of a target."""
    return destination("GET", url)


def rewritten(method: str, address: str, head: bytes) -> bytes:
    """The head of a request as its server wants it: with a path instead of a URL, for one request only."""
    parts = urllib.parse.urlsplit(address)
    path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    lines = [line for line in head.split(b"\r\n")[1:-2] if not line.lower().startswith(HOP_BY_HOP)]
    first = f"{method} {path} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([first, *lines, b"Connection: close", b"", b""])


def closing(head: bytes) -> bytes:
    """The head of a reply that tells the client not to send another request on this connection."""
    first, *lines = head.split(b"\r\n")[:-2]
    kept = [line for line in lines if not line.lower().startswith(HOP_BY_HOP)]
    return b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


async def _forward(
    place: Place, method: str, address: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        upstream, sender = await asyncio.open_connection(*place)
    except OSError:
        writer.write(NO_REPLY)
        return
    if method == "CONNECT":
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
    else:
        sender.write(rewritten(method, address, head))
    # A client that has left ends the upload, and nobody waits for the reply any more.
    ways = {asyncio.create_task(_copy(reader, sender)), asyncio.create_task(_reply(method, upstream, writer))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        sender.close()


async def _reply(method: str, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if method != "CONNECT":
        writer.write(closing(await upstream.readuntil(b"\r\n\r\n")))
    await _copy(upstream, writer)


async def _copy(source: asyncio.StreamReader, goal: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            goal.write(chunk)
            await goal.drain()


@contextlib.contextmanager
def guarded(target_url: str, per_second: int = 0, exclude: tuple[str, ...] = ()) -> Iterator[Guard]:
    """A proxy that reaches the target at `target_url` alone, for as long as the block runs."""
    guard = Guard(place_of(target_url), per_second, exclude)
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(guard.serve, "127.0.0.1", 0, limit=HEAD_BYTES))
    guard.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    thread = threading.Thread(target=loop.run_forever, name="guard", daemon=True)
    thread.start()
    try:
        yield guard
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(_end_all(loop))
        loop.close()


async def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is still being forwarded."""
    rest = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
