"""The same shop as JSON, for programs: openapi.json describes it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from shop import accounts, basket, basket_cookie, catalogue, fields, orders

pages = Blueprint("api", __name__, url_prefix="/api")

MOST_LINES = 50


@pages.get("/products")
def products() -> Response:
    """All products."""
    return jsonify([dict(product) for product in catalogue.products()])


@pages.get("/products/<int(max=1000000000):number>")
def product(number: int) -> Response:
    """One product."""
    return jsonify(dict(catalogue.find(number)))


@pages.get("/basket")
def show_basket() -> Response:
    """What's in the basket."""
    return jsonify(basket.priced(basket_cookie.read()))


@pages.post("/basket")
def add_to_basket() -> Response:
    """Lays a product into the basket."""
    number, quantity = line(body())
    held = basket.filled(basket_cookie.read(), number, quantity)
    response = jsonify(basket.priced(held))
    basket_cookie.write(response, held)
    return response


@pages.post("/checkout")
def checkout() -> tuple[Response, int]:
    """Orders the lines sent, whatever the basket holds."""
    sent = body()
    email, lines = fields.email(sent.get("email")), sent.get("lines")
    if not isinstance(lines, list) or not 1 <= len(lines) <= MOST_LINES:
        fields.refuse(f"1 to {MOST_LINES} lines are needed")
    wanted = dict(line(one) for one in lines)
    for number in wanted:
        catalogue.find(number)
    return jsonify({"order": orders.place(email, wanted)}), 201


@pages.post("/login")
def login() -> tuple[Response, int]:
    """Logs in; 401 for a wrong address or password."""
    sent = body()
    if not accounts.log_in(sent.get("email"), sent.get("password")):
        return jsonify({"error": "wrong address or password"}), 401
    return jsonify({"status": "ok"}), 200


@pages.errorhandler(HTTPException)
def refusal(error: HTTPException) -> tuple[Response, int]:
    """Says in JSON why there's no other answer."""
    return jsonify({"error": error.description}), error.code or 500


def body() -> dict[str, Any]:
    """The JSON object sent."""
    sent = request.get_json()
    if not isinstance(sent, dict):
        fields.refuse("a JSON object is needed")
    return sent


def line(value: object) -> tuple[int, int]:
    """One line of an order: a product's number and how many."""
    if not isinstance(value, dict):
        fields.refuse("a line is an object with product and quantity")
    return fields.row(value.get("product")), fields.quantity(value.get("quantity", 1))
