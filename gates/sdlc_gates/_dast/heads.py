"""The heads of HTTP/1.1 messages, rewritten on their way through a proxy. Pure."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Sequence

HOP_BY_HOP = (b"connection:", b"proxy-connection:", b"proxy-authorization:", b"keep-alive:")
Place = tuple[str, int]
Lines = Sequence[bytes]
Carrying = Callable[[str, Lines], Lines]
"""Makes a request's header lines of its path and the ones that it came with."""
Showing = Callable[[Lines], Lines]
"""Makes a reply's header lines of the ones that it came with."""


def as_it_came(path: str, lines: Lines) -> Lines:
    """The header lines as they are, whatever the path."""
    return lines


def unchanged(lines: Lines) -> Lines:
    """The header lines as they are."""
    return lines


def destination(method: str, address: str) -> Place:
    """Host and port that a request to a proxy is meant for; raises `ValueError` when it names none."""
    parts = urllib.parse.urlsplit(f"//{address}" if method == "CONNECT" else address)
    if not parts.hostname:
        raise ValueError(f"{address!r} names no host")
    return parts.hostname, parts.port or (443 if parts.scheme in ("https", "") else 80)


def place_of(url: str) -> Place:
    """Host and port of a target."""
    return destination("GET", url)


def asked(head: bytes) -> tuple[str, str]:
    """Method and address of a request's first line; raises `ValueError` when it has none."""
    method, address, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    return method, address


def path_of(address: str) -> str:
    """Path and query of the address in a request's first line."""
    parts = urllib.parse.urlsplit(address)
    return urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))


def header_lines(head: bytes) -> list[bytes]:
    """The lines after the first, those for this connection alone aside."""
    return [line for line in head.split(b"\r\n")[1:-2] if not line.lower().startswith(HOP_BY_HOP)]


def rewritten(method: str, address: str, head: bytes, carrying: Carrying = as_it_came) -> bytes:
    """The head of a request as its server wants it: with a path instead of a URL, for one request only."""
    path = path_of(address)
    first = f"{method} {path} HTTP/1.1".encode("latin-1")
    return b"\r\n".join([first, *carrying(path, header_lines(head)), b"Connection: close", b"", b""])


def closing(head: bytes, showing: Showing = unchanged) -> bytes:
    """The head of a reply that tells the client not to send another request on this connection."""
    first = head.split(b"\r\n", 1)[0]
    return b"\r\n".join([first, *showing(header_lines(head)), b"Connection: close", b"", b""])


def refusal(reason: str) -> bytes:
    """The reply to a request that is not sent on; a program that asks on purpose may read why."""
    return f"HTTP/1.1 403 Forbidden\r\n{REFUSED}: {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


REFUSED = "Sdlc-Refused"
ELSEWHERE, EXCLUDED = "elsewhere", "excluded"
