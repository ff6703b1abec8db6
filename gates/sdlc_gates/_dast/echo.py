"""The planted defect of the gates that attack an application: a page that writes back what it is sent."""

from __future__ import annotations

import contextlib
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sdlc.target import Target

INDEX = '<html><body><form action="/search"><input name="q" value="mug"></form><a href="/search?q=mug">Search</a></body></html>'


class _Echo(BaseHTTPRequestHandler):
    """Shows the query of /search as it came, which is the defect."""

    protocol_version = "HTTP/1.1"
    timeout = 10

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        asked = urllib.parse.parse_qs(parts.query).get("q", [""])[0]
        pages = {"/": INDEX, "/search": f"<html><body><p>Nothing found for {asked}</p></body></html>"}
        body = pages.get(parts.path, "<html><body>Not here.</body></html>").encode("utf-8", "replace")
        self.send_response(200 if parts.path in pages else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def planted() -> Iterator[Target]:
    """The page on a free loopback port, for as long as the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Target(url=f"http://127.0.0.1:{server.server_port}", ready="/")
        finally:
            server.shutdown()
            thread.join()
