"""The search page."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from shop import database

pages = Blueprint("search", __name__)


@pages.get("/search")
def search() -> str:
    """The products whose name or description holds the text asked for."""
    text = request.args.get("q", "")
    # FIXED CWE-89: the statement is a constant, the text a parameter of it.
    found = database.current().execute(
        "SELECT id, name, description, cents FROM products WHERE name || ' ' || description LIKE ?",
        (f"%{text}%",),
    )
    # FIXED CWE-79: plain text, which the template escapes.
    heading = f"Found for “{text}”"
    return render_template("search.html", text=text, heading=heading, products=found.fetchall())
