"""What a customer and the keeper can do, alike in both builds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.unit.shop.conftest import Shop


def test_a_guest_orders(either: Shop) -> None:
    guest = either.visitor()
    assert "Enamel mug" in guest.get("/").text
    assert guest.form("/basket", product="3", quantity="2").headers["Location"] == "/basket"
    assert guest.form("/basket", product="8").status == 303
    assert "€88.60" in guest.get("/basket").text
    placed = guest.form("/checkout", email="guest@shop.example")
    assert placed.status == 303
    assert guest.get(placed.headers["Location"]).status == 200
    assert "Empty." in guest.get("/basket").text
    with closing(sqlite3.connect(either.database)) as connection:
        kept = connection.execute("SELECT cents FROM orders WHERE email = 'guest@shop.example'").fetchall()
    assert kept == [(8860,)]


def test_a_customer_sees_their_own_orders_and_not_the_keepers_page(either: Shop) -> None:
    customer = either.visitor()
    customer.get("/register")
    account = {"email": "new@shop.example", "password": "a-new-password"}
    assert customer.form("/register", **account).headers["Location"] == "/orders"
    order = {"email": "new@shop.example", "lines": [{"product": 1, "quantity": 3}, {"product": 2}]}
    number = customer.post_json("/api/checkout", order).json["order"]
    page = customer.get("/orders").text
    assert f"<td>{number}</td>" in page
    assert "3 x Brass bookmark" in page
    assert customer.get("/admin/orders").status == 403
    assert customer.form("/logout").status == 303
    assert customer.get("/orders").headers["Location"] == "/login?next=/orders"


def test_an_address_has_one_account(either: Shop) -> None:
    visitor = either.visitor()
    visitor.get("/register")
    assert visitor.form("/register", email="customer@shop.example", password="another-password").status == 409
    assert visitor.get("/orders").status == 303


def test_an_empty_basket_is_no_order(either: Shop) -> None:
    visitor = either.visitor()
    visitor.get("/basket")
    assert visitor.form("/checkout", email="guest@shop.example").status == 400


@pytest.mark.parametrize(
    ("path", "sent", "status"),
    [
        ("/api/basket", {"product": 99}, 404),
        ("/api/basket", {"product": 0}, 400),
        ("/api/basket", {"product": True}, 400),
        ("/api/basket", {"product": 10**30}, 400),
        ("/api/basket", {"product": 1, "quantity": "1" * 30}, 400),
        ("/api/basket", [1], 400),
        ("/api/checkout", {"email": "no address", "lines": [{"product": 1}]}, 400),
        ("/api/checkout", {"email": "a@shop.example", "lines": []}, 400),
        ("/api/checkout", {"email": "a@shop.example", "lines": [{"product": 99}]}, 404),
        ("/api/checkout", {"email": "a@shop.example", "lines": ["1"]}, 400),
        ("/api/login", {"email": "a@shop.example", "password": "\ud800-surrogate"}, 400),
        ("/api/login", {"email": "customer@shop.example", "password": "wrong-password"}, 401),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_reason(either: Shop, path: str, sent: object, status: int) -> None:
    answer = either.visitor().post_json(path, sent)
    assert answer.status == status
    assert answer.json["error"]


@pytest.mark.parametrize("path", ["/products/99", "/products/99999999999999999999", "/api/products/99", "/leaflets?name=%00"])
def test_what_is_not_there_is_not_found(fixed: Shop, path: str) -> None:
    assert fixed.visitor().get(path).status == 404


def test_a_cookie_the_shop_did_not_sign_is_an_empty_basket(fixed: Shop) -> None:
    visitor = fixed.visitor()
    visitor.post_json("/api/basket", {"product": 1})
    assert len(visitor.get("/api/basket").json) == 1
    visitor.cookies["basket"] += "x"
    assert visitor.get("/api/basket").json == []
