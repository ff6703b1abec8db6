"""Planted texts are seen however they are written, and never where their finder wrote them."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Callable

import pytest
from sdlc_gates._dast.client import Reply, Request
from sdlc_gates._tenants.marks import Mark, seen

CANARY = "c0123456789ab"
ASKED = Request("GET", "/notes/1")


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", content)
    return packed.getvalue()


WRITTEN: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda text: b'{"a": "' + text + b'"}',
    "upper case": lambda text: text.upper(),
    "html": lambda text: b"".join(b"&#%d;" % letter for letter in text),
    "percent": lambda text: b"".join(b"%%%02x" % letter for letter in text),
    "json": lambda text: b"".join(b"\\u%04X" % letter for letter in text),
    "hexadecimal": lambda text: text.hex().encode(),
    "utf-16": lambda text: text.decode().encode("utf-16"),
    "gzip": gzip.compress,
    "zip": zipped,
    "base64": lambda text: base64.b64encode(text + b"tail"),
    "base64, one before": lambda text: base64.b64encode(b"x" + text + b"tail"),
    "base64, two before": lambda text: base64.b64encode(b"xx" + text + b"tail"),
    "base64, three before": lambda text: base64.b64encode(b"xxx" + text + b"tail"),
    "base64, of a URL": lambda text: base64.urlsafe_b64encode(b"\xfb\xff" + text),
    "base64, at the end": lambda text: base64.b64encode(b"xyz" + text),
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_text_is_seen_however_it_is_written(how: str) -> None:
    body = (
        b"some words before, " + WRITTEN[how](CANARY.encode()) if how not in ("gzip", "zip") else WRITTEN[how](CANARY.encode())
    )
    assert seen((CANARY,), Reply(200, body=body), ASKED)
    assert not seen(("c999999999999",), Reply(200, body=body), ASKED)


@pytest.mark.parametrize("name", ["Location", "X-Anything", "ETag"])
def test_a_text_is_seen_in_headers(name: str) -> None:
    sight = seen((CANARY,), Reply(302, ((name, f"/n/{CANARY}"),)), ASKED)
    assert sight is not None
    assert sight.place == f"header {name}"


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", f"/notes/{CANARY}"),
        Request("GET", f"/notes?q={CANARY.upper()}"),
        Request("GET", "/", (("X-A", CANARY),)),
        Request("POST", "/", (), f'{{"a": "{CANARY}"}}'.encode()),
        Request("GET", "/" + "".join(f"%{ord(letter):02x}" for letter in CANARY)),
    ],
)
def test_what_the_request_held_itself_gives_nothing_away(request_: Request) -> None:
    assert seen((CANARY,), Reply(200, body=CANARY.encode()), request_) is None


def test_the_excerpt_is_what_stands_around_it() -> None:
    sight = seen((CANARY,), Reply(200, body=b"x" * 5000 + CANARY.encode() + b"\n\ny" * 900), ASKED)
    assert sight is not None
    assert CANARY in sight.excerpt
    assert len(sight.excerpt) <= 300


@pytest.mark.parametrize("body", [b"", b"PK\3\4broken", b"\x1f\x8bbroken", b"\xff\xfe\0", b"%zz&#x;\\u12"])
def test_what_can_not_be_unpacked_shows_nothing(body: bytes) -> None:
    assert seen((CANARY,), Reply(200, body=body), ASKED) is None


def test_marks_are_never_alike_and_fit_into_short_fields() -> None:
    marks = [Mark() for _ in range(200)]
    assert len({mark.canary for mark in marks}) == len({mark.name for mark in marks}) == 200
    assert max(len(mark.text) for mark in marks) <= 24
    assert all(mark.canary not in mark.word and mark.name not in mark.text for mark in marks)
