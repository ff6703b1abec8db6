"""One question to a web application, answered in bounded time and size whatever it does."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import urllib.parse


def ask(url: str, seconds: float, most: int) -> tuple[int, bytes]:
    """Status and at most `most` bytes of the reply to a GET; follows no redirect and uses no proxy.

    Raises `OSError`, `HTTPException` or `ValueError` when there is no reply within `seconds`, all of it counted: a socket's
    own time limit begins again with each byte.
    """
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=seconds)
    late = threading.Event()
    timer = threading.Timer(seconds, _cut, (connection, late))
    timer.start()
    try:
        connection.request("GET", urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, "")))
        with connection.getresponse() as reply:
            content = reply.read(most)
            if len(content) < most:
                refuse_cut(reply, content)
            status = reply.status
        if late.is_set():
            raise TimeoutError("timed out")
        return status, content
    except (OSError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError("timed out") from error
        raise
    finally:
        timer.cancel()
        timer.join()
        connection.close()


def refuse_cut(reply: http.client.HTTPResponse, content: bytes) -> None:
    """Raise `IncompleteRead` when the body that was read to its end is shorter than announced.

    Python does so only where it is asked for everything at once.
    """
    announced = reply.getheader("Content-Length", "")
    if announced.isdecimal() and not reply.chunked and len(content) < int(announced):
        raise http.client.IncompleteRead(content, int(announced) - len(content))


def _cut(connection: http.client.HTTPConnection, late: threading.Event) -> None:
    late.set()
    if connection.sock:
        with contextlib.suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
