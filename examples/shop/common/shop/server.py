"""The HTTP server: a thread for each connection, no access log."""

from __future__ import annotations

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from shop import headers

# Both builds listen here only: one of them runs whatever it's sent.
HOST = "127.0.0.1"


class QuietRequest(WSGIRequestHandler):
    """One request: not logged, and answered under the banner the build wants to show."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Logs nothing: under load the log would be the work."""

    def version_string(self) -> str:
        """The text of the Server header."""
        return headers.banner(super().version_string())


def serve(app: Flask, port: int) -> None:
    """Answers requests on the loopback address until the process is stopped."""
    server = make_server(HOST, port, app, threaded=True, request_handler=QuietRequest)
    print(f"listening on http://{HOST}:{server.server_port}", flush=True)
    server.serve_forever()
