"""What every response says to the browser."""

from __future__ import annotations

from flask import Response, request

# FIXED CWE-693: nothing is loaded but the shop's own style sheet, and no page is framed.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'none'; object-src 'none'; style-src 'self'; "
        "img-src 'self'; connect-src 'none'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def add(response: Response) -> Response:
    """Adds the headers that every page needs; over TLS also the one that keeps it there."""
    response.headers.update(HEADERS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return response


def banner(_server: str) -> str:
    """The Server header."""
    # FIXED CWE-200: no name, no version.
    return "shop"
