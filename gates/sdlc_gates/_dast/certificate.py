"""A certificate for one run, which the guard shows to the scanner in the name of an HTTPS target."""

from __future__ import annotations

import shutil
from pathlib import Path

from sdlc.errors import ToolFailed, ToolMissing
from sdlc.gate import Workspace
from sdlc.process import Running, clean_environment, search_path, tail

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
ABOUT = ("-subj", "/CN=sdlc guard", "-days", "2")


def make(work: Workspace, folder: Path) -> Path:
    """A file with a new private key and its certificate, which nothing trusts; by the program `openssl`."""
    openssl = shutil.which("openssl", path=search_path())
    if not openssl:
        raise ToolMissing(
            "openssl is not installed; an HTTPS target is scanned with a certificate made by it", fix="install it"
        )
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "guard.pem"
    argv = [openssl, "req", "-x509", *KEY, "-keyout", str(key), "-out", str(certificate), *ABOUT]
    outputs = {"stdout": folder / "openssl.stdout", "stderr": folder / "openssl.stderr"}
    environment = clean_environment(folder / "openssl")
    with Running(argv, cwd=folder, env=environment, limits=work.limits, **outputs) as process:
        ended = process.wait(work.cancel)
    if ended.code:
        raise ToolFailed(f"openssl made no certificate: {tail(outputs['stderr'])}")
    both.touch(0o600)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    return both
