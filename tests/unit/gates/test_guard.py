"""The proxy that a scanner asks through: what it lets pass, and the process that it runs in."""

from __future__ import annotations

import http.client
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from sdlc_gates._dast import echo
from sdlc_gates._dast.guard import Guard, Plan, guarded
from sdlc_gates._dast.heads import closing, destination, rewritten

from sdlc.errors import Cancelled, ToolFailed
from sdlc.gate import Workspace
from tests.unit.gates.sites import Asked, Said, serving


@pytest.fixture
def guarding(workspace: Callable[..., Workspace], tmp_path: Path) -> Callable[..., Any]:
    """Starts a proxy before a target."""
    return lambda url, **plan: guarded(workspace(tmp_path), Plan(url=url, **plan))


def through(proxy: str, url: str, data: bytes | None = None) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    with opener.open(urllib.request.Request(url, data), timeout=10) as reply:
        content: bytes = reply.read()
        return content


def test_the_target_is_reached(guarding: Callable[..., Any]) -> None:
    with echo.planted() as target:
        with guarding(target.url) as guard:
            assert b"mug" in through(guard.url, f"{target.url}/search?q=mug")
        assert (guard.account.forwarded, guard.refused, guard.coverage()) == (1, {}, ())


def test_another_port_of_the_same_host_is_refused_and_counted(guarding: Callable[..., Any]) -> None:
    with echo.planted() as target, echo.planted() as other:
        with guarding(target.url) as guard, pytest.raises(urllib.error.HTTPError, match="403"):
            through(guard.url, f"{other.url}/")
        assert guard.refused == {other.url.removeprefix("http://"): 1}


def test_excluded_paths_are_refused_however_they_are_written(guarding: Callable[..., Any]) -> None:
    with echo.planted() as target:
        with guarding(target.url, exclude=("/sear*",)) as guard:
            for path in ("/search", "/search?q=1", "/%73earch"):
                with pytest.raises(urllib.error.HTTPError, match="403"):
                    through(guard.url, target.url + path)
            assert through(guard.url, f"{target.url}/?q=/search")
        assert guard.refused == {"/search": 3}
        assert guard.notes() == ("requests to /search were refused 3 times: out of reach of this scan",)


def test_a_tunnel_to_another_place_is_refused(guarding: Callable[..., Any]) -> None:
    with echo.planted() as target:
        with guarding(target.url) as guard, pytest.raises(OSError, match="403"):
            through(guard.url, "https://127.0.0.2:1/")
        assert guard.refused == {"127.0.0.2:1": 1}


def test_a_target_that_is_down_answers_502(guarding: Callable[..., Any]) -> None:
    with guarding("http://127.0.0.1:9") as guard, pytest.raises(urllib.error.HTTPError, match="502"):
        through(guard.url, "http://127.0.0.1:9/")


def test_a_client_that_leaves_does_not_hold_the_target(guarding: Callable[..., Any]) -> None:
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
        with guarding(url) as guard:
            with connected(guard.url) as client:
                client.sendall(f"GET {url}/ HTTP/1.1\r\n\r\n".encode())
                time.sleep(0.1)
            assert left.wait(10)


def connected(proxy: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(proxy.rpartition(":")[2])), timeout=10)


def test_nonsense_ends_the_connection_and_not_the_proxy(guarding: Callable[..., Any]) -> None:
    with echo.planted() as target, guarding(target.url) as guard:
        for nonsense in (b"\r\n\r\n", b"GET\r\n\r\n", b"GET nowhere HTTP/1.1\r\n\r\n", b"GET http://h:x/ HTTP/1.1\r\n\r\n"):
            with connected(guard.url) as connection:
                connection.sendall(nonsense)
                assert connection.recv(100) == b""
        assert through(guard.url, f"{target.url}/")


def test_requests_per_second_are_bounded(guarding: Callable[..., Any]) -> None:
    with echo.planted() as target, guarding(target.url, per_second=20) as guard:
        began = time.monotonic()
        for _ in range(5):
            through(guard.url, f"{target.url}/")
        assert time.monotonic() - began >= 4 / 20


def test_connections_that_are_open_at_the_end_are_ended_without_a_word(guarding: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as listener:
        # The target takes the connections and says nothing.
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with guarding(url) as guard:
            clients = [connected(guard.url) for _ in range(20)]
            for number, client in enumerate(clients):
                client.sendall(f"GET {url}/ HTTP/1.1\r\n{'' if number % 2 else chr(13) + chr(10)}".encode())
            time.sleep(0.2)
        for client in clients:
            with client:
                assert client.recv(100) == b""
        assert guard.log.with_name("stderr").read_text() == ""
        assert guard.account.forwarded == 10


def test_a_redirection_to_no_page_is_kept_from_a_scanner_that_stumbles_over_it(guarding: Callable[..., Any]) -> None:
    def leading(asked: Asked) -> Said:
        return 302, [("Location", urllib.parse.unquote(asked.path.partition("?")[2]))], ""

    with serving(leading) as site, guarding(site.url, page_locations=True) as guard:
        for location in ("/here", "http://else.example/", "a:b/c", "javascript:alert(1)//", "data:;base64,PD9w"):
            proxy = http.client.HTTPConnection("127.0.0.1", int(guard.url.rpartition(":")[2]), timeout=10)
            proxy.request("GET", f"{site.url}/?{urllib.parse.quote(location, safe='')}")
            shown = proxy.getresponse().getheader("Location")
            proxy.close()
            assert shown == (location if location.startswith(("/", "http:")) else None)


def stopped_by(guard: Guard, cause: Callable[[], object]) -> None:
    """Do what a scanner's run does when its workspace is cancelled."""
    cause()
    assert guard.work.cancel.wait(10)
    raise Cancelled("the scanner was stopped")


def test_when_the_proxy_dies_the_scan_is_stopped_and_has_no_answer(workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    work = workspace(tmp_path)
    with (
        echo.planted() as target,
        pytest.raises(ToolFailed, match="before the scan did"),
        guarded(work, Plan(url=target.url)) as guard,
    ):
        stopped_by(guard, psutil.Process(guard.pid).children()[0].kill)


def test_when_the_run_is_stopped_so_is_the_scan(workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    work = workspace(tmp_path)
    with echo.planted() as target, pytest.raises(Cancelled, match="the scanner"), guarded(work, Plan(url=target.url)) as guard:
        stopped_by(guard, work.cancel.set)


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
