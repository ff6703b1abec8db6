"""What is planted to be recognised, and where it shows. Pure but for the choice of random letters."""

from __future__ import annotations

import base64
import binascii
import html
import io
import re
import secrets
import urllib.parse
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from sdlc_gates._dast.client import INFLATED_BYTES, Reply, Request

MEMBERS = 200
NAME_CHARACTERS = 80
EXCERPT = 300
# A credential shorter than this turns up by chance.
SHORTEST_SECRET = 8
ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")


def _letters(first: str, size: int) -> str:
    return first + secrets.token_hex(size)[: size - 1]


@dataclass(frozen=True, slots=True)
class Mark:
    """Three texts that are nowhere else: one to search for, one to be a name, and one that only its owner may see."""

    word: str = field(default_factory=lambda: _letters("w", 7))
    """Others may send it, and see it where they sent it."""
    name: str = field(default_factory=lambda: _letters("n", 9))
    """Where an application lets its callers choose an id."""
    canary: str = field(default_factory=lambda: _letters("c", 13))
    """Never sent but by its owner."""

    @property
    def text(self) -> str:
        """What stands in a field: found by a search for its word."""
        return f"{self.word} {self.canary}"


@dataclass(frozen=True, slots=True)
class Sight:
    """A planted text that was seen."""

    text: str
    place: str
    """Such as `body`, `body, in base64` or `header Location`."""
    excerpt: str


def seen(texts: tuple[str, ...], reply: Reply, request: Request) -> Sight | None:
    """The first of the texts that a reply gives away; one that the request itself held is no secret any more."""
    sent = _forms(_flat(request))
    for text in texts:
        if any(text.lower() in form for form in sent):
            continue
        for name, value in reply.headers:
            if any(text.lower() in form for form in _forms(value)):
                return Sight(text, f"header {name}", f"{name}: {value}"[:EXCERPT])
        for place, content in _contents(reply.body):
            if at := _position(text, content):
                return Sight(text, f"body{at[0]}{place}", _around(content, at[1]))
    return None


def _flat(request: Request) -> str:
    headers = "\n".join(value for _, value in request.headers)
    return "\n".join((request.path, headers, request.body.decode("utf-8", "replace")))


def _forms(text: str) -> tuple[str, ...]:
    """The text, and what it says once its escapes are undone."""
    plain = text.lower()
    undone = {html.unescape(plain), urllib.parse.unquote(plain), ESCAPE.sub(lambda code: chr(int(code[1], 16)).lower(), plain)}
    return (plain, *(undone - {plain}))


def _contents(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The body, and what is packed in it."""
    yield "", body
    if body.startswith(b"PK\3\4"):
        yield from ((f", in the archive's {name}", content) for name, content in _members(body))
    if body.startswith(b"\x1f\x8b"):
        inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
        try:
            yield ", compressed", inflater.decompress(body, INFLATED_BYTES)
        except zlib.error:
            return


def _members(body: bytes) -> Iterator[tuple[str, bytes]]:
    left = INFLATED_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for member in archive.infolist()[:MEMBERS]:
                with archive.open(member) as file:
                    content = file.read(left)
                left -= len(content)
                yield member.filename[:NAME_CHARACTERS], content
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, OSError):
        return


def _position(text: str, content: bytes) -> tuple[str, int] | None:
    """How the text is written in the content, and where; None when it isn't there."""
    lower = content.lower()
    written = {"": text.lower().encode(), ", in UTF-16": text.lower().encode("utf-16-le"), ", in hexadecimal": _hex(text)}
    for how, form in written.items():
        if (at := lower.find(form)) >= 0:
            return how, at
    for form in _base64(text):
        if (at := content.find(form)) >= 0:
            return ", in base64", at
    decoded = content.decode("utf-8", "replace")
    if any(text.lower() in form for form in _forms(decoded)[1:]):
        return ", escaped", 0
    return None


def _hex(text: str) -> bytes:
    return binascii.hexlify(text.encode())


def _base64(text: str) -> Iterator[bytes]:
    """What stays the same in base64 wherever in a longer text it stands."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode())
        whole = (before + len(text)) // 3 * 4
        for form in (encoded, encoded.translate(bytes.maketrans(b"+/", b"-_"))):
            yield form[(before * 8 + 5) // 6 : whole]


def _around(content: bytes, at: int) -> str:
    start = max(0, at - EXCERPT // 2)
    return " ".join(content[start : start + EXCERPT].decode("utf-8", "replace").split())
