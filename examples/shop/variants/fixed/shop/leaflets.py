"""Leaflets to read: delivery, returns."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

pages = Blueprint("leaflets", __name__)

FOLDER = Path(__file__).with_name("leaflets")


@pages.get("/leaflets")
def leaflet() -> Response:
    """One leaflet, as plain text."""
    name = request.args.get("name", "delivery.txt")
    # FIXED CWE-22: Flask answers 404 to a name that leads out of the folder.
    return send_from_directory(FOLDER, name, mimetype="text/plain")
