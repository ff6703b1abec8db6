"""Logging in by a command of the user's own: it prints what the session's requests must carry."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import msgspec

from sdlc.errors import GateError, TargetFailed
from sdlc.model import Frozen
from sdlc.process import MIB, Limits, Running, clean_environment, tail
from sdlc_gates._dast.client import Client

VARIABLE = "SDLC_LOGIN"
MOST_OUTPUT = 4 * MIB
MOST_MEMORY = 2048 * MIB
# What may stand in one line of a header.
Line = Annotated[str, msgspec.Meta(pattern=r"^[\t\x20-\x7e\x80-\xff]*$")]
Name = Annotated[str, msgspec.Meta(pattern=r"^[\w!#$%&'*+.^`|~-]+$")]


class Granted(Frozen, frozen=True):
    """What such a command prints, as JSON."""

    headers: dict[Name, Line] = {}
    cookies: dict[Name, Line] = {}


def run(
    client: Client, command: tuple[str, ...], pass_env: tuple[str, ...], seconds: float, fields: Mapping[str, str]
) -> Granted:
    """Run it in the project's folder with a clean environment and what it printed; its secrets become the client's.

    Raises `TargetFailed`, with no secret in its words, unless it ends with 0 within `seconds` and prints a session.
    """
    told = {VARIABLE: msgspec.json.encode({"url": client.url, "fields": dict(fields)}).decode()}
    lent = {name: os.environ[name] for name in pass_env if name in os.environ}
    client.secrets |= {value for value in lent.values() if value}
    argv = [part.replace("{url}", client.url).replace("{python}", sys.executable) for part in command]
    with tempfile.TemporaryDirectory(prefix="sdlc-login-") as scratch:
        out, err = Path(scratch, "stdout"), Path(scratch, "stderr")
        environment = clean_environment(Path(scratch, "home"), {**lent, **told})
        # It is the project's program, which may have modules beside it.
        del environment["PYTHONSAFEPATH"]
        until = min(time.monotonic() + seconds, client.bounds.deadline)
        limits = Limits(deadline=until, memory=MOST_MEMORY, output=MOST_OUTPUT)
        try:
            with Running(argv, cwd=client.folder, env=environment, stdout=out, stderr=err, limits=limits) as process:
                ended = process.wait(client.bounds.cancel)
        except GateError as error:
            raise TargetFailed(f"the command that logs in gave no session: {error}", fix="see login.command") from error
        if ended.code:
            said = client.redacted(tail(err))
            raise TargetFailed(f"the command that logs in ended with exit code {ended.code}: {said}", fix="see login.command")
        return _granted(out.read_bytes())


def _granted(printed: bytes) -> Granted:
    """What was printed; what is wrong with it is told without quoting it."""
    try:
        granted = msgspec.json.decode(printed, type=Granted)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        shown = '{"headers": {"Authorization": "Bearer …"}, "cookies": {"session": "…"}}'
        raise TargetFailed(
            f"the command that logs in printed {len(printed)} bytes that are no session: {_place(error)}", fix=f"print {shown}"
        ) from None
    if not granted.headers and not granted.cookies:
        raise TargetFailed("the command that logs in printed neither headers nor cookies", fix="see login.command")
    return granted


def _place(error: Exception) -> str:
    """Where decoding failed, which may hold a name that was printed, and never a value."""
    return str(error) if isinstance(error, msgspec.ValidationError) else "it is not JSON"
