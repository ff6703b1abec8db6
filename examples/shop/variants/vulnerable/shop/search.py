"""The search page."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from markupsafe import Markup

from shop import database

pages = Blueprint("search", __name__)


@pages.get("/search")
def search() -> str:
    """The products whose name or description holds the text asked for."""
    text = request.args.get("q", "")
    # WEAKNESS CWE-89, SQL injection: the text becomes a part of the statement.
    found = database.current().execute(
        f"SELECT id, name, description, cents FROM products WHERE name || ' ' || description LIKE '%{text}%'"
    )
    # WEAKNESS CWE-79, reflected cross-site scripting: the text becomes a part of the page.
    heading = Markup(f"Found for “{text}”")
    return render_template("search.html", text=text, heading=heading, products=found.fetchall())
