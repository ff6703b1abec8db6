"""The planted defects of the schemathesis gate: a small API that breaks its own description."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sdlc.target import Target

LARGEST = 1000
NUMBER = re.compile(r"/halves/(\d{1,6})")


def _reply(properties: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"description": "ok", "content": {"application/json": {"schema": schema}}}


DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "planted", "version": "1"},
    "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/halves/{number}": {
            "get": {
                "parameters": [
                    {
                        "name": "number",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "integer", "minimum": 0, "maximum": LARGEST},
                    }
                ],
                "responses": {"200": _reply({"half": {"type": "number"}}), "400": {"description": "not a number"}},
            }
        },
        "/greeting": {"get": {"responses": {"200": _reply({"text": {"type": "string"}})}}},
        "/private": {
            "get": {
                "security": [{"token": []}],
                "responses": {"200": _reply({"secret": {"type": "string"}}), "401": {"description": "who is it"}},
            }
        },
    },
}
PLANTED = {"ST101": "not_a_server_error", "ST108": "response_schema_conformance", "ST401": "ignored_auth"}
"""The code of each defect, and the check that finds it."""

PAGES: dict[str, dict[str, object]] = {"/greeting": {"text": 7}, "/private": {"secret": "for everybody"}}


class _Faulty(BaseHTTPRequestHandler):
    """Fails at the largest number, greets with a number, and lets everybody in."""

    protocol_version = "HTTP/1.1"
    timeout = 10
    # A reply in one piece: in two, the second waits for the other side to acknowledge the first.
    wbufsize = -1

    def do_GET(self) -> None:
        match = NUMBER.fullmatch(self.path)
        if match:
            status = 500 if int(match[1]) >= LARGEST else 200
            self._answer(status, {"half": int(match[1]) / 2} if status == 200 else {})
        elif self.path in ("/", "/greeting", "/private"):
            self._answer(200, PAGES.get(self.path, {}))
        else:
            self._answer(400 if self.path.startswith("/halves/") else 404, {})

    def _answer(self, status: int, content: dict[str, object]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextlib.contextmanager
def planted() -> Iterator[Target]:
    """The API on a free loopback port, for as long as the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Faulty) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Target(url=f"http://127.0.0.1:{server.server_port}", ready="/", openapi=DESCRIPTION)
        finally:
            server.shutdown()
            thread.join()
