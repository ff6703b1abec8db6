"""A server with known faults, to see what the load gate says of them: `python load_planted.py PORT RATIO FACTOR SEED`.

`/latency` is slow (150 to 400 ms instead of 2 to 20 ms) for a share of RATIO times 5 % of all requests, `/errors` answers
that share with status 500, `/page` takes log-normal times around FACTOR times 20 ms, and `/page/1.2` 1.2 times as long.
Each request is drawn on its own.
"""

from __future__ import annotations

import asyncio
import random
import sys
from typing import cast

SHARE = 0.05
SLOW, FAST = (0.150, 0.400), (0.002, 0.020)
PAGE_SECONDS, PAGE_SPREAD = 0.020, 0.3
END = b"\r\n\r\n"
REPLY = "HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok"


class Page(asyncio.Protocol):
    """One connection, asked for one thing after the other."""

    def __init__(self, ratio: float, factor: float, draw: random.Random) -> None:
        self.ratio, self.factor, self.draw = ratio, factor, draw
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while END in self.rest:
            head, _, self.rest = self.rest.partition(END)
            delay, status = self._drawn(head.split(b" ", 2)[1])
            asyncio.get_running_loop().call_later(delay, self._reply, status)

    def _drawn(self, path: bytes) -> tuple[float, str]:
        planted = self.draw.random() < SHARE * self.ratio
        if path.startswith(b"/page"):
            longer = self.factor * float(path.removeprefix(b"/page").lstrip(b"/") or 1)
            return longer * PAGE_SECONDS * self.draw.lognormvariate(0, PAGE_SPREAD), "200 OK"
        if path == b"/errors" and planted:
            return self.draw.uniform(*FAST), "500 Internal Server Error"
        return self.draw.uniform(*(SLOW if path == b"/latency" and planted else FAST)), "200 OK"

    def _reply(self, status: str) -> None:
        if not self.transport.is_closing():
            self.transport.write(REPLY.format(status=status).encode())


async def serve(port: int, ratio: float, factor: float, seed: str) -> None:
    """Serve for ever, on loopback."""
    draw = random.Random(seed)
    server = await asyncio.get_running_loop().create_server(lambda: Page(ratio, factor, draw), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
