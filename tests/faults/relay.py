"""Stands between a gate and a real ZAP daemon, on loopback, and breaks the daemon's answers from a certain call on."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPException

from tests.faults.interceptor import HEAD, answer

PATIENCE = 30.0
LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
Break = Callable[[bytes], bytes]
"""Makes of an answer's body what is sent instead, head and all."""

BREAKS: dict[str, Break] = {
    "500": lambda body: answer("500 Internal Server Error", b'{"code":"internal_error","message":"Internal error"}'),
    "truncated": lambda body: answer("200 OK", body[: len(body) // 2], len(body)),
    "half": lambda body: answer("200 OK", body[: len(body) // 2]),
    "closes": lambda body: b"",
    "web-page": lambda body: answer("502 Bad Gateway", b"<html>bad gateway</html>"),
    "empty-object": lambda body: answer("200 OK", b"{}"),
    "null": lambda body: answer("200 OK", re.sub(rb'^\{"(\w+)":.*\}$', rb'{"\1":null}', body, flags=re.DOTALL)),
}


@contextlib.contextmanager
def relayed(daemon: str, part: str, broken: Break) -> Iterator[str]:
    """An address that behaves like the daemon's at `daemon` until a call has `part` in its path, and is broken from then on."""
    place = daemon.removeprefix("http://")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over, met = threading.Event(), threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, place, part, broken, over, met), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()
    assert met.is_set(), f"no call was about {part}"


def _serve(listener: socket.socket, place: str, part: str, broken: Break, over: threading.Event, met: threading.Event) -> None:
    listener.settimeout(0.1)
    while not over.is_set():
        with contextlib.suppress(OSError, HTTPException):
            connection, _ = listener.accept()
            connection.settimeout(PATIENCE)
            with connection:
                path, headers, body = _request(connection)
                real = _answer(place, path, headers, body)
                if part in path:
                    met.set()
                connection.sendall(broken(real) if met.is_set() else answer("200 OK", real))


def _request(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    read = b""
    while HEAD not in read and (chunk := connection.recv(65536)):
        read += chunk
    head, found, body = read.partition(HEAD)
    if not found:
        raise ConnectionError("it was closed before a whole request had come")
    announced = LENGTH.search(head)
    while announced and len(body) < int(announced[1]) and (chunk := connection.recv(65536)):
        body += chunk
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return first.split()[1], headers, body


def _answer(place: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    host, _, port = place.partition(":")
    connection = HTTPConnection(host, int(port), timeout=PATIENCE)
    with contextlib.closing(connection):
        kept = {name: value for name, value in headers.items() if name.lower() not in ("host", "content-length")}
        connection.request("POST", path, body=body, headers=kept)
        return connection.getresponse().read()
