"""The basket, which the visitor's own cookie holds."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shop import basket_cookie, catalogue, fields
from shop.orders import Basket

pages = Blueprint("basket", __name__)


@pages.get("/basket")
def show() -> str:
    """What's in the basket, and what it costs."""
    lines = priced(basket_cookie.read())
    total = sum(int(line["cents"]) for line in lines)
    return render_template("basket.html", lines=lines, total=total)


@pages.post("/basket")
def add() -> Response:
    """Lays a product into the basket."""
    number = fields.row(request.form.get("product"))
    quantity = fields.quantity(request.form.get("quantity", "1"))
    response = redirect(url_for("basket.show"), 303)
    basket_cookie.write(response, filled(basket_cookie.read(), number, quantity))
    return response


@pages.post("/basket/empty")
def empty() -> Response:
    """Takes everything out."""
    response = redirect(url_for("basket.show"), 303)
    basket_cookie.write(response, {})
    return response


def filled(basket: Basket, number: int, quantity: int) -> Basket:
    """The basket with so many more of a product in it, 99 at most; 404 for no such product."""
    catalogue.find(number)
    more = min(basket.get(number, 0) + quantity, fields.HIGHEST_QUANTITY)
    return {**basket, number: more}


def priced(basket: Basket) -> list[dict[str, int | str]]:
    """The basket's lines as they're shown: product, name, quantity, cents for all of it."""
    known = {int(product["id"]): product for product in catalogue.products()}
    return [
        {
            "product": number,
            "name": str(known[number]["name"]),
            "quantity": quantity,
            "cents": quantity * int(known[number]["cents"]),
        }
        for number, quantity in basket.items()
        if number in known
    ]
