"""A small API to test, that can fail in the ways applications do: `python app.py PORT WORD MODE [NUMBER]`.

WORD is a folder; it leaves its address there. Modes: `well`, `dies-after` NUMBER requests, `errors` (500), `truncates`
(half of what it announced), `closes` (no reply), `slow` (a byte a second), `endless` (a reply that never ends),
`redirects` (in a loop, and to another host), `starts-never`, `dies-at-once`, `daemon` (leaves a process behind),
`floods` (its output), `elsewhere` (listens on another port), `daemonises` (itself, once it is ready).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = "<html><title>t</title><body><a href='/greeting?name=you'>greeting</a></body></html>"
SCHEMA = {"type": "object", "required": ["hello"], "properties": {"hello": {"type": "string"}}}
REPLY = {"200": {"description": "ok", "content": {"application/json": {"schema": SCHEMA}}}}
NAME = {"name": "name", "in": "query", "schema": {"type": "string", "maxLength": 8}, "example": "you"}
DESCRIPTION = {
    "openapi": "3.0.3",
    "info": {"title": "small", "version": "1"},
    "paths": {"/greeting": {"get": {"parameters": [NAME], "responses": REPLY}}},
}
NUMBER = {"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}}
TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}
MAKING = {"requestBody": {"content": {"application/json": {"schema": TEXT}}}, "responses": {"201": {"description": "made"}}}
SHOWING = {"parameters": [NUMBER], "responses": {"200": {"description": "ok"}}}
NOTES_ARE = {"openapi": "3.0.3", "info": {"title": "notes", "version": "1"}}
DESCRIPTIONS = {
    "/openapi.json": DESCRIPTION,
    "/notes.json": NOTES_ARE | {"paths": {"/notes": {"post": MAKING}, "/notes/{note_id}": {"get": SHOWING}}},
    "/empty.json": NOTES_ARE | {"paths": {}},
}
NOTES: list[tuple[str, str]] = []
"""Whose each is, and its text."""


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    mode = "well"
    left = 0

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/die":
            self._json({})
            os._exit(1)
        if path in ("/ready", *DESCRIPTIONS):
            self._json(DESCRIPTIONS.get(path, {}))
        else:
            self._misbehave()

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_TRACE = do_QUERY = do_GET  # noqa: N815

    def _misbehave(self) -> None:
        match Api.mode:
            case "dies-after":
                Api.left -= 1
                if Api.left < 0:
                    os._exit(1)
                self._page()
            case "errors":
                self._json({"error": "broken"}, 500)
            case "truncates":
                self._send(200, "application/json", b'{"hello": "y', {"Content-Length": "400"})
                self.close_connection = True
            case "closes":
                self.close_connection = True
            case "slow" | "endless":
                self._send(200, "application/json", b"", {"Transfer-Encoding": "chunked"})
                self._drip(1.0 if Api.mode == "slow" else 0.0)
            case "redirects":
                away = f"{self.path}?again=1" if self.path.partition("?")[0] == "/" else "http://192.0.2.1/"
                self._send(302, "text/html", b"", {"Location": away, "Content-Length": "0"})
            case _:
                self._page()

    def _page(self) -> None:
        if self.path.startswith("/notes"):
            self._notes(self.headers.get("X-Key", ""))
        elif self.path.startswith("/greeting"):
            self._json({"hello": "you"})
        elif self.path == "/":
            self._send(200, "text/html", PAGE.encode())
        else:
            self._json({"error": "not here"}, 404)

    def _notes(self, key: str) -> None:
        number = self.path.removeprefix("/notes").strip("/")
        if not key:
            self._json({"error": "who are you?"}, 401)
        elif self.command == "POST":
            NOTES.append((key, json.loads(self.rfile.read(int(self.headers["Content-Length"])))["text"]))
            self._json({"id": len(NOTES)}, 201)
        elif number.isdecimal() and 0 < int(number) <= len(NOTES) and NOTES[int(number) - 1][0] == key:
            self._json({"text": NOTES[int(number) - 1][1]})
        else:
            self._json({"error": "not yours"}, 404)

    def _drip(self, pause: float) -> None:
        while True:
            self.wfile.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
            time.sleep(pause)

    def _json(self, content: object, status: int = 200) -> None:
        self._send(status, "application/json", json.dumps(content).encode())

    def _send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            **({"Content-Length": str(len(body))} if headers is None else headers),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        pass


def main() -> None:
    port, word, mode, *number = sys.argv[1:]
    if mode == "dies-at-once":
        sys.exit("no database")
    if mode == "starts-never":
        time.sleep(3600)
    if mode == "daemon" and os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(3600)
    if mode == "elsewhere":
        port = "0"
    Api.mode, Api.left = mode, int(number[0]) if number else 0
    (Path(word) / "url").write_text(f"http://127.0.0.1:{port}")
    server = Server(("127.0.0.1", int(port)), Api)
    if mode == "floods":
        threading.Thread(target=flood, daemon=True).start()
    if mode == "daemonises":
        daemonise()
    server.serve_forever()


def flood() -> None:
    """Both outputs, for ever."""
    while True:
        for number in (1, 2):
            os.write(number, b"x" * 65536)


def daemonise() -> None:
    """The way of the book: no parent, no session, no signal, and the socket is kept."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


if __name__ == "__main__":
    main()
