"""A server that can hold very many connections, to measure load generators with: `python load_server.py ADDRESS PORT`.

It answers every request at once with two bytes, and keeps connections open.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
END = b"\r\n\r\n"


class Page(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.rest += data
        asked = self.rest.count(END)
        if asked:
            self.rest = self.rest.rpartition(END)[2]
            self.transport.write(ANSWER * asked)


async def serve(address: str, port: int) -> None:
    """Serve for ever."""
    server = await asyncio.get_running_loop().create_server(Page, address, port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
