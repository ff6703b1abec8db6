"""Taking credentials out of what a tool wrote, where the tool itself could not know them."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

import msgspec

from sdlc.gate import Workspace
from sdlc_gates._dast.client import redacted

# As Schemathesis writes the bodies of replies.
ENCODED = re.compile(rb'"\$base64":"([A-Za-z0-9+/=]*)"')


def redact(work: Workspace, secrets: set[str]) -> None:
    """Rewrite the files of the last run's evidence without the secrets, plain or in base64, and hash them anew."""
    if not secrets or not work.evidence:
        return
    last = work.evidence[-1]
    for artifact in last.files:
        rewrite(work.directory.path / artifact.path, secrets)
    files = tuple(work.directory.describe(work.directory.path / artifact.path) for artifact in last.files)
    work.evidence[-1] = msgspec.structs.replace(last, files=files)


def rewrite(path: Path, secrets: set[str]) -> None:
    """Replace the secrets in a file, line by line; bytes that are no text stay as they are."""
    temporary = path.with_name(f"{path.name}.redacted")
    with path.open("rb") as old, temporary.open("wb") as new:
        for line in old:
            decoded = ENCODED.sub(lambda match: _rewritten(match, secrets), line)
            new.write(_without(decoded, secrets))
    temporary.replace(path)


def _rewritten(match: re.Match[bytes], secrets: set[str]) -> bytes:
    try:
        content = base64.b64decode(match[1], validate=True)
    except binascii.Error:
        return match[0]
    kept = _without(content, secrets)
    return match[0] if kept == content else b'"$base64":"' + base64.b64encode(kept) + b'"'


def _without(content: bytes, secrets: set[str]) -> bytes:
    return redacted(content.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")
