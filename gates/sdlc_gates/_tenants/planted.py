"""The planted leak of the tenant-isolation gate: an API of notes that shows a note to whoever knows its number."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sdlc.target import Target
from sdlc_gates._tenants.settings import Tenant

KEY = "X-Key"
NOTE = re.compile(r"/notes/(\d{1,9})")
TENANTS = (
    Tenant(name="tenant a", words={"key": "a"}, headers={KEY: "{key}"}),
    Tenant(name="tenant b", words={"key": "b"}, headers={KEY: "{key}"}),
)
LEAK = "GET /notes/{note_id}"

_TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
_OK = {"200": {"description": "ok"}}
_BODY = {"required": True, "content": {"application/json": {"schema": _TEXT}}}
DESCRIPTION: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "planted", "version": "1"},
    "paths": {
        "/notes": {
            "get": {
                "responses": {
                    "200": {
                        "description": "all of the caller's",
                        "content": {"application/json": {"schema": {"type": "array", "items": _TEXT}}},
                    }
                }
            },
            "post": {"requestBody": _BODY, "responses": {"201": {"description": "made"}}},
        },
        "/notes/{note_id}": {
            "parameters": [{"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}}],
            "get": {"responses": _OK},
            "put": {"requestBody": _BODY, "responses": _OK},
            "delete": {"responses": _OK},
        },
    },
}


class _Notes(ThreadingHTTPServer):
    """Two tenants' notes."""

    def __init__(self) -> None:
        """Listen on a free loopback port."""
        super().__init__(("127.0.0.1", 0), _Leaky)
        self.numbers = itertools.count(1)
        self.notes: dict[int, tuple[str, str]] = {}
        """Owner and text, by number."""


class _Leaky(BaseHTTPRequestHandler):
    """Looks at whose note it is before it changes one, and forgets to before it shows one."""

    server: _Notes
    protocol_version = "HTTP/1.1"
    timeout = 10
    wbufsize = -1

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.headers.get(KEY, "")
        match = NOTE.fullmatch(self.path)
        number = int(match[1]) if match else 0
        notes = self.server.notes
        if not key:
            self._answer(401, {})
        elif self.path == "/notes" and self.command == "POST":
            number = next(self.server.numbers)
            notes[number] = (key, str(json.loads(sent)["text"]))
            self._answer(201, {"id": number})
        elif self.path == "/notes":
            self._answer(200, [{"id": one, "text": text} for one, (owner, text) in notes.items() if owner == key])
        elif number not in notes or (self.command != "GET" and notes[number][0] != key):
            self._answer(404, {})
        else:
            if self.command == "PUT":
                notes[number] = (key, str(json.loads(sent)["text"]))
            shown = notes.pop(number) if self.command == "DELETE" else notes[number]
            self._answer(200, {"id": number, "text": shown[1]})

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def _answer(self, status: int, content: object) -> None:
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
    with _Notes() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Target(url=f"http://127.0.0.1:{server.server_port}", ready="/notes", openapi=DESCRIPTION)
        finally:
            server.shutdown()
            thread.join()
