"""The small HTTP client: it stays within its bounds and writes no secret down."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sdlc_gates._dast.client import BODY_BYTES, Bounds, Client, Reply, Request, redacted
from sdlc_gates._dast.login import Login, asked, at, granted, secrets_in
from sdlc_gates._dast.redaction import rewrite

from sdlc.errors import Cancelled, LimitExceeded, ToolTimeout
from sdlc.target import free_port


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], str]]:
    """Serves the same raw bytes to every connection."""
    with contextlib.ExitStack() as stack:

        def serve(raw: bytes) -> str:
            server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

            def loop() -> None:
                with contextlib.suppress(OSError):
                    while True:
                        connection, _ = server.accept()
                        with connection, contextlib.suppress(OSError):
                            connection.recv(65536)
                            connection.sendall(raw)
                            if not raw:
                                connection.recv(1)

            thread = threading.Thread(target=loop, daemon=True)
            thread.start()
            # A thread left waiting would take the connections of whichever listener gets the same descriptor next.
            stack.callback(thread.join)
            stack.callback(server.shutdown, socket.SHUT_RDWR)
            return f"http://127.0.0.1:{server.getsockname()[1]}"

        yield serve


def client(url: str, journal: Path | None = None, **bounds: float) -> Client:
    limits = {"deadline": time.monotonic() + 60, "seconds": 5.0, **bounds}
    return Client(url, Bounds(cancel=threading.Event(), **limits), journal)  # type: ignore[arg-type]


OK = b"HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\n{}"
Answering = Callable[[bytes], str]


def test_a_reply_is_read(answering: Answering) -> None:
    reply = client(answering(OK)).send(Request("GET", "/"))
    assert (reply.status, reply.data(), reply.named("x-a"), reply.complete) == (200, {}, ("b",), True)


def test_a_redirect_is_not_followed(answering: Answering) -> None:
    reply = client(answering(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2/\r\nContent-Length: 0\r\n\r\n")).send(
        Request("GET", "/")
    )
    assert reply.status == 302


def test_a_compressed_reply_is_read_and_a_bomb_is_cut(answering: Answering) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    assert client(answering(head + gzip.compress(b"[1]"))).send(Request("GET", "/")).data() == [1]
    bomb = client(answering(head + gzip.compress(b"\0" * (32 << 20)))).send(Request("GET", "/"))
    assert not bomb.complete
    assert len(bomb.body) <= 16 << 20


def test_a_reply_without_end_is_cut(answering: Answering) -> None:
    reply = client(answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (BODY_BYTES + 100_000))).send(Request("GET", "/"))
    assert not reply.complete


def test_a_broken_reply_is_none(answering: Answering) -> None:
    reply = client(answering(b"nonsense\r\n\r\n")).send(Request("GET", "/"))
    assert (reply.status, bool(reply.fault)) == (0, True)


@pytest.mark.parametrize("rest", [b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"])
def test_a_reply_that_breaks_off_is_not_taken_for_a_whole_one(rest: bytes, answering: Answering) -> None:
    reply = client(answering(b"HTTP/1.1 200 OK\r\n" + rest)).send(Request("GET", "/"))
    assert not (reply.status and reply.complete)


def test_a_silent_target_gives_no_reply(answering: Answering) -> None:
    reply = client(answering(b""), seconds=0.3).send(Request("GET", "/"))
    assert (reply.status, "timed out" in reply.fault) == (0, True)


def test_a_target_that_is_down_gives_no_reply() -> None:
    assert client(f"http://127.0.0.1:{free_port()}").send(Request("GET", "/")).status == 0


@pytest.mark.parametrize(
    "request_", [Request("GET", "/a b\r\n"), Request("GET", "/ü"), Request("GET", "/", (("A", "b\nC: d"),))]
)
def test_what_can_not_be_sent_is_not_sent(request_: Request) -> None:
    assert client(f"http://127.0.0.1:{free_port()}").send(request_).status == 0


def test_it_stops_at_its_bounds(answering: Answering) -> None:
    url = answering(OK)
    one = client(url, requests=1)
    one.send(Request("GET", "/"))
    with pytest.raises(LimitExceeded):
        one.send(Request("GET", "/"))
    with pytest.raises(ToolTimeout):
        client(url, deadline=time.monotonic() - 1).send(Request("GET", "/"))
    two = client(url)
    two.bounds.cancel.set()
    with pytest.raises(Cancelled):
        two.send(Request("GET", "/"))


def test_the_journal_holds_what_was_said_and_no_secret(answering: Answering, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    one = client(answering(b'HTTP/1.1 200 OK\r\nSet-Cookie: s=1\r\nContent-Length: 14\r\n\r\n{"a": "s3 \\"t"}'), journal)
    one.secrets.add('s3 "t')
    one.send(Request("POST", "/?a=s3%20%22t", (("Authorization", "Bearer x"),), b"body"))
    one.send(Request("POST", "/login", (), b"words"), confidential=True)
    first, second = (json.loads(line) for line in journal.read_text().splitlines())
    assert first["request"]["path"] == "/?a=[redacted]"
    assert first["request"]["headers"] == [["Authorization", "[redacted]"]]
    assert first["request"]["body"] == "body"
    assert "s3" not in journal.read_text()
    assert "s=1" not in journal.read_text()
    assert "body" not in second["request"] | second["reply"]


def test_what_is_told_can_be_written_down() -> None:
    assert client("http://127.0.0.1").redacted("a \ud800 b").encode() == b"a ? b"


def test_deep_json_is_no_data() -> None:
    assert Reply(200, body=b"[" * 150 + b"]" * 150).data() is None
    assert Reply(200, body=b"[" * 100_000).data() is None
    assert Reply(200, body=b"[" * 50 + b"]" * 50).data() is not None


def test_short_texts_are_not_taken_for_secrets() -> None:
    assert redacted("abc abcd", {"abc", "abcd"}) == "abc [redacted]"


def test_a_session_is_a_token_or_the_cookies_of_a_reply() -> None:
    token = Login(path="/l", token="a.0.t")
    assert granted(token, Reply(200, body=b'{"a": [{"t": "x1"}]}')) == (("Authorization", "Bearer x1"),)
    assert granted(token, Reply(200, body=b'{"a": [{"t": ""}]}')) == ()
    assert granted(token, Reply(200, body=b'{"a": [{"t": "x\\r\\ny"}]}')) == ()
    assert granted(Login(path="/l", token="t", header="X-T", scheme=""), Reply(200, body=b'{"t": "x"}')) == (("X-T", "x"),)
    cookies = (("Set-Cookie", "s=1; Path=/"), ("Set-Cookie", "t=2; HttpOnly"), ("Set-Cookie", "gone=; Max-Age=0"))
    assert granted(Login(path="/l"), Reply(303, cookies)) == (("Cookie", "s=1; t=2"),)
    assert granted(Login(path="/l"), Reply(401, cookies)) == ()
    assert granted(Login(path="/l"), Reply(200)) == ()


def test_credentials_are_written_as_json_or_as_a_form() -> None:
    fields = {"user": "a&b", "password": 'x"y'}
    assert json.loads(asked(Login(path="/l"), fields).body) == fields
    form = asked(Login(path="/l", kind="form", method="put"), fields)
    assert (form.method, form.body) == ("PUT", b"user=a%26b&password=x%22y")


def test_parts_of_headers_are_credentials_too() -> None:
    assert secrets_in({"Authorization": "Bearer tok-en", "Cookie": "a=long-value; b=x"}) == {
        *("Bearer tok-en", "tok-en", "a=long-value; b=x", "long-value")
    }


@pytest.mark.parametrize(("path", "value"), [("a.b", 1), ("l.1", 3), ("l.7", None), ("a.b.c", None), ("", None)])
def test_a_path_leads_into_decoded_json(path: str, value: object) -> None:
    assert at({"a": {"b": 1}, "l": [2, 3]}, path) == value


def test_a_file_is_rewritten_without_secrets_plain_or_encoded(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.write_bytes(b'a hush-hush b\n{"$base64":"aHVzaC1odXNo","x":{"$base64":"bm90aGluZw=="}}\n\xff\n')
    rewrite(file, {"hush-hush"})
    expected = b'a [redacted] b\n{"$base64":"W3JlZGFjdGVkXQ==","x":{"$base64":"bm90aGluZw=="}}\n\xff\n'
    assert file.read_bytes() == expected
