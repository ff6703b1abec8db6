"""A proxy that lets a scanner reach one address and nothing else, no faster than allowed, and as somebody logged in.

For scanners that follow redirects wherever they lead. Each connection carries one request, so none can be used twice
for two places. A tunnel to an HTTPS target ends here: the scanner sees a certificate of the proxy's, and the target's own
is verified in its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import urllib.parse
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from sdlc_gates._dast.heads import (
    ELSEWHERE,
    EXCLUDED,
    Carrying,
    Place,
    Showing,
    as_it_came,
    asked,
    closing,
    destination,
    header_lines,
    path_of,
    refusal,
    rewritten,
    unchanged,
)
from sdlc_gates._dast.recorded import Recorded, recorded
from sdlc_gates._dast.routes import excluding

HEAD_BYTES = 1 << 18
CHUNK = 1 << 16
KEPT_BODY_BYTES = 1 << 16
# A scanner makes up paths without end; what is written down of them is bounded.
MOST_PLACES = 10_000
PLACE_CHARACTERS = 300
OTHERS = "other places"
NO_REPLY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
TUNNEL = b"HTTP/1.1 200 Connected\r\n\r\n"
BROKEN = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)


@dataclass(frozen=True, slots=True)
class Tls:
    """Both ends of the encryption to an HTTPS target."""

    here: ssl.SSLContext
    """Speaks to the scanner, in the target's name."""
    there: ssl.SSLContext
    """Speaks to the target."""


@dataclass(slots=True)
class Proxy:
    """What may be asked, and what was."""

    allowed: Place
    """Host and port."""
    per_second: float = 0
    """Requests; 0 for no limit."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for paths that are out of reach too."""
    carrying: Carrying = as_it_came
    showing: Showing = unchanged
    tls: Tls | None = None
    """For a target that is asked over HTTPS."""
    meant: Callable[[str], str] = str
    """What address is asked for in the place of one that only the scanner is shown."""
    record: Callable[[Recorded], None] | None = None
    """Is told of each request that was sent on."""
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
        with contextlib.suppress(*BROKEN):
            head = await reader.readuntil(b"\r\n\r\n")
            method, address = asked(head)
            if method == "CONNECT":
                place = destination(method, address)
                if self.tls is None or place != self.allowed:
                    await self._refuse(f"{place[0]}:{place[1]}", ELSEWHERE, writer)
                    return
                writer.write(TUNNEL)
                await writer.drain()
                await writer.start_tls(self.tls.here)
                head = await reader.readuntil(b"\r\n\r\n")
                method, address = asked(head)
            elif self.tls or (place := destination(method, address)) != self.allowed:
                await self._refuse(address if self.tls else f"{place[0]}:{place[1]}", ELSEWHERE, writer)
                return
            await self._pass(method, address, head, reader, writer)

    async def _pass(
        self, method: str, address: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        address = self.meant(address)
        path = urllib.parse.unquote(path_of(address).partition("?")[0])
        if excluding(path, self.exclude):
            await self._refuse(path, EXCLUDED, writer)
            return
        await self._wait_for_turn()
        self.forwarded += 1
        await self._forward(method, address, head, reader, writer)
        await writer.drain()

    async def _refuse(self, what: str, reason: str, writer: asyncio.StreamWriter) -> None:
        place = what[:PLACE_CHARACTERS]
        self.refused[place if place in self.refused or len(self.refused) < MOST_PLACES else OTHERS] += 1
        writer.write(refusal(reason))
        await writer.drain()

    async def _wait_for_turn(self) -> None:
        if self.per_second:
            now = asyncio.get_running_loop().time()
            turn = max(now, self._next)
            self._next = turn + 1 / self.per_second
            await asyncio.sleep(turn - now)

    async def _forward(
        self, method: str, address: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        secure = self.tls.there if self.tls else None
        try:
            upstream, sender = await asyncio.open_connection(*self.allowed, limit=HEAD_BYTES, ssl=secure)
        except OSError:
            writer.write(NO_REPLY)
            return
        sender.write(rewritten(method, address, head, self.carrying))
        sent, answered = bytearray(), bytearray()
        # A client that has left ends the upload, and nobody waits for the reply any more.
        ways = {
            asyncio.create_task(_copy(reader, sender, sent if self.record else None)),
            asyncio.create_task(self._reply(upstream, writer, answered)),
        }
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            sender.close()
            if self.record:
                body = bytes(sent) if len(sent) <= KEPT_BODY_BYTES else b""
                self.record(recorded(method, path_of(address), header_lines(head), body, bytes(answered)))

    async def _reply(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter, answered: bytearray) -> None:
        head = await upstream.readuntil(b"\r\n\r\n")
        answered += head
        writer.write(closing(head, self.showing))
        await _copy(upstream, writer)


async def _copy(source: asyncio.StreamReader, goal: asyncio.StreamWriter, kept: bytearray | None = None) -> None:
    """Send everything on; a beginning of it, somewhat over what may be kept, also goes to `kept`."""
    with contextlib.suppress(OSError):
        while chunk := await source.read(CHUNK):
            if kept is not None and len(kept) <= KEPT_BODY_BYTES:
                kept += chunk
            goal.write(chunk)
            await goal.drain()
