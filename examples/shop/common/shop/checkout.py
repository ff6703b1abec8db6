"""The checkout: turns the basket into an order."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shop import basket_cookie, fields, orders

pages = Blueprint("checkout", __name__)


@pages.post("/checkout")
def checkout() -> Response:
    """Orders what's in the basket and empties it; needs an e-mail address, not an account."""
    email = fields.email(request.form.get("email"))
    basket = basket_cookie.read()
    if not basket:
        fields.refuse("the basket is empty")
    response = redirect(url_for("checkout.thanks", order=orders.place(email, basket)), 303)
    basket_cookie.write(response, {})
    return response


@pages.get("/thanks")
def thanks() -> str:
    """Says that the order is placed."""
    return render_template("thanks.html", order=fields.row(request.args.get("order")))
