"""The keeper's page."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from shop import accounts, orders

pages = Blueprint("admin", __name__)


@pages.get("/admin/orders")
def all_orders() -> Response | str:
    """The latest orders of everybody, for the role "admin"."""
    if accounts.current() is None:
        return redirect(url_for("accounts.entrance", next=url_for("admin.all_orders")), 303)
    accounts.require_admin()
    return render_template("orders.html", orders=orders.latest())
