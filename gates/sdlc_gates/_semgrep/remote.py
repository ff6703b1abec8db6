"""Rules from the network, fetched here: Semgrep itself, offline, waits for minutes, and never says what it loaded."""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import IO

from sdlc.asking import refuse_cut
from sdlc.errors import ConfigError, ToolFailed

REGISTRY = "https://semgrep.dev/c/"
SECONDS = 30
MAX_BYTES = 32 << 20
CHUNK = 1 << 20
_PACK = re.compile(r"[prs]/[\w.-]+(?:/[\w.-]+)*")


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def is_remote(source: str) -> bool:
    """Whether it names a pack of Semgrep's registry (`p/python`) or a URL, and no file."""
    return "://" in source or _PACK.fullmatch(source) is not None


def address(source: str) -> str:
    """The URL that the rules come from; raises `ConfigError` for one that others could change on its way."""
    if "://" not in source:
        return REGISTRY + source
    parts = urllib.parse.urlsplit(source)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")):
        return source
    raise ConfigError(f"config: {source} is not an https address, so anybody on the way could change the rules")


def fetch(source: str) -> bytes:
    """The rules' text; raises `ToolFailed` when they can't be had."""
    opener = urllib.request.build_opener(_NoDowngrade)
    request = urllib.request.Request(address(source), headers={"Accept": "application/x-yaml, application/json"})
    try:
        with opener.open(request, timeout=SECONDS) as reply:
            content = _bounded(reply)
    except (OSError, http.client.HTTPException, ValueError) as error:
        fix = "save the rules in a folder and name that in config, where there is no network"
        raise ToolFailed(f"the rules {source} could not be fetched from {request.full_url}: {error}", fix=fix) from error
    if len(content) > MAX_BYTES:
        raise ToolFailed(f"the rules {source} are larger than {MAX_BYTES >> 20} MiB")
    return content


def _bounded(reply: http.client.HTTPResponse) -> bytes:
    """The reply's body, or its first bytes if it is too large; raises `TimeoutError` when it trickles in."""
    began, content = time.monotonic(), b""
    while len(content) <= MAX_BYTES and (part := reply.read1(CHUNK)):
        content += part
        if time.monotonic() - began > SECONDS:
            raise TimeoutError(f"it is not complete after {SECONDS} s")
    if len(content) <= MAX_BYTES:
        refuse_cut(reply, content)
    return content
