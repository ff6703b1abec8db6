"""The catalogue: all products, one product with its reviews, and a probe for readiness."""

from __future__ import annotations

import sqlite3

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shop import database, fields, reviews

pages = Blueprint("catalogue", __name__)


@pages.get("/")
def home() -> str:
    """All products."""
    return render_template("home.html", products=products())


@pages.get("/products/<int(max=1000000000):number>")
def product(number: int) -> str:
    """One product and what was said of it."""
    return render_template("product.html", product=find(number), reviews=reviews.latest(number))


@pages.post("/products/<int(max=1000000000):number>/reviews")
def review(number: int) -> Response:
    """Keeps a review."""
    find(number)
    body = fields.text(request.form.get("body"))
    database.current().execute("INSERT INTO reviews (product, body) VALUES (?, ?)", (number, body))
    return redirect(url_for("catalogue.product", number=number), 303)


@pages.get("/healthz")
def healthz() -> dict[str, str]:
    """Says that the shop and its database answer."""
    database.current().execute("SELECT 1 FROM products").fetchone()
    return {"status": "ok"}


def products() -> list[sqlite3.Row]:
    """All products, by name."""
    rows = database.current().execute("SELECT * FROM products ORDER BY name")
    return rows.fetchall()


def find(number: int) -> sqlite3.Row:
    """The product of that number, or 404."""
    rows = database.current().execute("SELECT * FROM products WHERE id = ?", (number,))
    found: sqlite3.Row | None = rows.fetchone()
    if found is None:
        abort(404)
    return found
