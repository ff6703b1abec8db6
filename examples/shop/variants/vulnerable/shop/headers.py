"""What every response says to the browser."""

from __future__ import annotations

from flask import Response


def add(response: Response) -> Response:
    """Passes the response on."""
    # WEAKNESS CWE-693, missing security headers: no policy, framing and sniffing allowed.
    return response


def banner(server: str) -> str:
    """The Server header."""
    # WEAKNESS CWE-200, banner: names the server and Python with their versions.
    return server
