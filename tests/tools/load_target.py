"""A server to put under load: `python load_target.py PORT DELAY [STALL_AFTER STALL_FOR]`, in seconds.

`/` answers after DELAY, `/bad` with status 500. Once STALL_AFTER seconds have passed since the first request for
anything but `/ready`, nothing is answered for STALL_FOR seconds.
"""

from __future__ import annotations

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, delay, stall_after, stall_for = (*map(float, sys.argv[1:]), 1e9, 0.0)[:4]
first: list[float] = []
lock = threading.Lock()


def stalled_for(now: float) -> float:
    since = now - first[0] if first else 0.0
    return stall_after + stall_for - since if stall_after <= since < stall_after + stall_for else 0.0


class Page(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        with lock:
            if self.path != "/ready" and not first:
                first.append(time.monotonic())
        time.sleep(stalled_for(time.monotonic()))
        if self.path != "/ready":
            time.sleep(delay)
        self.send_response(500 if self.path == "/bad" else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        return


class Server(ThreadingHTTPServer):
    daemon_threads = True

    # A load test that is over leaves answers behind that nobody reads.
    def handle_error(self, request: object, client_address: object) -> None:
        return

    request_queue_size = 128


Server(("127.0.0.1", int(port)), Page).serve_forever()
