from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request

import pytest
from sdlc_gates._dast import echo
from sdlc_gates._dast.guard import closing, destination, guarded, rewritten


def through(proxy: str, url: str, data: bytes | None = None) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    with opener.open(urllib.request.Request(url, data), timeout=10) as reply:
        content: bytes = reply.read()
        return content


def test_the_target_is_reached() -> None:
    with echo.planted() as target, guarded(target.url) as guard:
        assert b"mug" in through(guard.url, f"{target.url}/search?q=mug")
        assert not guard.refused


def test_another_port_of_the_same_host_is_refused_and_counted() -> None:
    with echo.planted() as target, echo.planted() as other, guarded(target.url) as guard:
        with pytest.raises(urllib.error.HTTPError, match="403"):
            through(guard.url, f"{other.url}/")
        assert guard.refused == {other.url.removeprefix("http://"): 1}


def test_excluded_paths_are_refused_however_they_are_written() -> None:
    with echo.planted() as target, guarded(target.url, exclude=("/sear*",)) as guard:
        for path in ("/search", "/search?q=1", "/%73earch"):
            with pytest.raises(urllib.error.HTTPError, match="403"):
                through(guard.url, target.url + path)
        assert through(guard.url, f"{target.url}/?q=/search")
        assert guard.refused == {"/search": 3}


def test_a_tunnel_to_another_place_is_refused() -> None:
    with echo.planted() as target, guarded(target.url) as guard:
        with pytest.raises(OSError, match="403"):
            through(guard.url, "https://127.0.0.2:1/")
        assert guard.refused == {"127.0.0.2:1": 1}


def test_a_target_that_is_down_answers_502() -> None:
    with guarded("http://127.0.0.1:9") as guard, pytest.raises(urllib.error.HTTPError, match="502"):
        through(guard.url, "http://127.0.0.1:9/")


def test_a_client_that_leaves_does_not_hold_the_target() -> None:
    left = threading.Event()

    def slow(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1000)
            # Nothing more comes; the end does, once the client has gone.
            if connection.recv(1000) == b"":
                left.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        threading.Thread(target=slow, args=(listener,), daemon=True).start()
        with guarded(url) as guard:
            with socket.create_connection(("127.0.0.1", int(guard.url.rpartition(":")[2]))) as client:
                client.sendall(f"GET {url}/ HTTP/1.1\r\n\r\n".encode())
                time.sleep(0.1)
            assert left.wait(10)


def test_nonsense_ends_the_connection_and_not_the_proxy() -> None:
    with echo.planted() as target, guarded(target.url) as guard:
        port = int(guard.url.rpartition(":")[2])
        for nonsense in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET nowhere HTTP/1.1\r\n\r\n", b"GET http://h:x/ HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                connection.sendall(nonsense)
                assert connection.recv(100) == b""
        assert through(guard.url, f"{target.url}/")


def test_requests_per_second_are_bounded() -> None:
    with echo.planted() as target, guarded(target.url, per_second=20) as guard:
        began = time.monotonic()
        for _ in range(5):
            through(guard.url, f"{target.url}/")
        assert time.monotonic() - began >= 4 / 20


@pytest.mark.parametrize(
    ("method", "address", "place"),
    [
        ("GET", "http://h/", ("h", 80)),
        ("GET", "https://h/", ("h", 443)),
        ("GET", "http://user@h:8080/a", ("h", 8080)),
        ("CONNECT", "h:8443", ("h", 8443)),
        ("CONNECT", "h", ("h", 443)),
        ("GET", "http://[::1]:5/", ("::1", 5)),
    ],
)
def test_a_request_is_meant_for_the_host_and_port_it_names(method: str, address: str, place: tuple[str, int]) -> None:
    assert destination(method, address) == place


def test_heads_are_rewritten_for_one_request_only() -> None:
    head = b"GET http://h/a?b#c HTTP/1.1\r\nHost: h\r\nProxy-Connection: keep-alive\r\nConnection: keep-alive\r\nA: b\r\n\r\n"
    assert rewritten("GET", "http://h/a?b#c", head) == b"GET /a?b HTTP/1.1\r\nHost: h\r\nA: b\r\nConnection: close\r\n\r\n"
    assert closing(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nA: b\r\n\r\n") == (
        b"HTTP/1.1 200 OK\r\nA: b\r\nConnection: close\r\n\r\n"
    )
