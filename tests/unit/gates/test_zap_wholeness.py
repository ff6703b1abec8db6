"""Which replies, as ZAP shows them, broke off."""

from __future__ import annotations

import pytest
from sdlc_gates._dast.routes import Visit
from sdlc_gates._zap.wholeness import Exchange, is_cut


def exchange(body: str, length: int, *more: str) -> Exchange:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {length}", *more]
    return Exchange(response_header="\r\n".join(lines) + "\r\n\r\n", response_body=body)


@pytest.mark.parametrize(
    ("body", "length", "more", "cut"),
    [
        ('{"hello": "y', 400, (), True),
        ("", 1, (), True),
        ("hello", 5, (), False),
        ("", 0, (), False),
        ("\u00e9" * 3, 3, ("Content-Type: text/html; charset=ISO-8859-1",), False),
        ("\ufffd\ufffd", 6, (), False),
        ("abc", 8, ("Content-Type: text/plain; charset=UTF-16",), False),
        ("a" * 10, 400, ("Content-Encoding: gzip",), False),
        ("a" * 10, 400, ("Content-Encoding: identity",), True),
    ],
)
def test_a_reply_is_cut_when_less_came_than_was_announced(body: str, length: int, more: tuple[str, ...], cut: bool) -> None:
    assert is_cut(exchange(body, length, *more)) is cut


def test_a_reply_without_an_announced_length_is_taken_as_it_is() -> None:
    assert not is_cut(Exchange(response_header="HTTP/1.1 200 OK\r\n\r\n", response_body="x"))


def test_a_route_whose_reply_broke_off_was_not_shown() -> None:
    assert Visit("GET", "http://127.0.0.1/a", 200, cut=True).closed == "200, and the reply broke off"
