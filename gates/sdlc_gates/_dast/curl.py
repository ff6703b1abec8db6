"""A request as the command that sends it again. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

BODY_CHARACTERS = 4000
# What RFC 9110 allows in a header's name; `@` would make curl read a file.
NAME = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)


def line(method: str, url: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> str:
    """The `curl` command; safe to paste into bash whatever the request holds."""
    words = ["curl", "--globoff", "--path-as-is", "-X", method]
    for name, value in headers:
        if NAME.fullmatch(name):
            # Without a value curl drops the header, unless a semicolon stands for the colon.
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    command = shlex.join([*words, url])
    return f"{command} {_body(body)}" if body else command


def _body(body: bytes) -> str:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = ""
    if text and text.isprintable() and len(text) <= BODY_CHARACTERS:
        return f"--data-raw {shlex.quote(text)}"
    octal = "".join(f"\\{byte:03o}" for byte in body[:BODY_CHARACTERS])
    left_out = f"  # and {len(body) - BODY_CHARACTERS} more bytes" if len(body) > BODY_CHARACTERS else ""
    return f"--data-binary @<(printf '{octal}'){left_out}"
