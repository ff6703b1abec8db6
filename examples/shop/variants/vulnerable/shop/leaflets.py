"""Leaflets to read: delivery, returns."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, abort, request

pages = Blueprint("leaflets", __name__)

FOLDER = Path(__file__).with_name("leaflets")


@pages.get("/leaflets")
def leaflet() -> Response:
    """One leaflet, as plain text."""
    name = request.args.get("name", "delivery.txt")
    try:
        # WEAKNESS CWE-22, path traversal: the name may lead out of the folder.
        with open(FOLDER / name, encoding="utf-8") as found:
            return Response(found.read(), mimetype="text/plain")
    except OSError:
        abort(404)
