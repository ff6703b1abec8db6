"""Asking a web application that doesn't want to answer."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from sdlc.asking import ask

SECONDS = 1.0
Serve = Callable[[Callable[[socket.socket], None]], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts a server that does with its one connection what it is told; its address."""
    with contextlib.ExitStack() as stack:

        def started(act: Callable[[socket.socket], None]) -> str:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def accept() -> None:
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        act(connection)

            thread = threading.Thread(target=accept, daemon=True)
            thread.start()
            stack.callback(thread.join)
            return f"http://127.0.0.1:{listener.getsockname()[1]}/page"

        yield started


def drip(content: bytes) -> Callable[[socket.socket], None]:
    def act(connection: socket.socket) -> None:
        for byte in content:
            connection.sendall(bytes((byte,)))
            time.sleep(SECONDS / 4)

    return act


def test_status_and_as_much_of_the_body_as_was_asked_for(serve: Serve) -> None:
    reply = b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello"
    assert ask(serve(lambda connection: connection.sendall(reply)), 5, 3) == (404, b"hel")


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    reply = b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n"
    assert ask(serve(lambda connection: connection.sendall(reply)), 5, 3) == (302, b"")


@pytest.mark.parametrize("content", [b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40, b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 40])
def test_a_reply_that_drips_is_none(content: bytes, serve: Serve) -> None:
    with pytest.raises(TimeoutError):
        ask(serve(drip(content)), SECONDS, 1 << 20)


def test_what_is_no_reply_is_an_error(serve: Serve) -> None:
    with pytest.raises((http.client.HTTPException, OSError)):
        ask(serve(lambda connection: connection.sendall(b"SSH-2.0-x\r\n")), 5, 10)


def test_a_reply_that_breaks_off_is_none(serve: Serve) -> None:
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\npaths:\n  /one: {}\n"
    with pytest.raises(http.client.IncompleteRead):
        ask(serve(lambda connection: connection.sendall(reply)), 5, 1000)
