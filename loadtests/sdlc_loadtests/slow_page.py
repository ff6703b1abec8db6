"""A page that is slow on purpose, for a gate to notice: `python -m sdlc_loadtests.slow_page PORT SECONDS`."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def server(port: int, delay: float) -> ThreadingHTTPServer:
    """An HTTP server on loopback that takes `delay` seconds for `/slow`, and no time for anything else."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The header and the body are two small packets; the second must not wait for the first's receipt.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            if self.path == "/slow":
                time.sleep(delay)
            self.send_response(200)
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

    return Server(("127.0.0.1", port), Page)


if __name__ == "__main__":
    server(int(sys.argv[1]), float(sys.argv[2])).serve_forever()
