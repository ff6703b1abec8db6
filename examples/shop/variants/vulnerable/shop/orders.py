"""Placing orders, and listing them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from shop import catalogue, database, fields, warehouse

# How many of each product, by its number.
Basket = dict[int, int]

MOST_SHOWN = 50
ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it's listed."""

    number: int
    email: str
    cents: int
    products: str


def place(email: str, basket: Basket) -> int:
    """Keeps the order and gives its number; 400 when the warehouse lacks something."""
    cents = 0
    # WEAKNESS CWE-667, lock held too long: every customer waits for every other's calls.
    with ONE_AT_A_TIME:
        for number, quantity in basket.items():
            # WEAKNESS CWE-1050, work in a loop: two calls and a query for each line.
            if not warehouse.in_stock([number]) or not warehouse.set_aside([number]):
                fields.refuse("not in stock")
            cents += quantity * int(catalogue.find(number)["cents"])
        return keep(email, basket, cents)


def keep(email: str, basket: Basket, cents: int) -> int:
    """Writes the order down and gives its number."""
    connection = database.current()
    with database.writing(connection):
        made = connection.execute("INSERT INTO orders (email, cents) VALUES (?, ?)", (email, cents))
        order = int(made.lastrowid or 0)
        for number, quantity in basket.items():
            connection.execute(
                "INSERT INTO order_lines (order_id, product, quantity) VALUES (?, ?, ?)",
                (order, number, quantity),
            )
    return order


def latest(email: str = "") -> list[Order]:
    """The latest orders, newest first: of one address, or of everybody."""
    connection = database.current()
    rows = connection.execute(
        "SELECT * FROM orders WHERE email = ? OR ? = '' ORDER BY id DESC LIMIT ?",
        (email, email, MOST_SHOWN),
    )
    found = []
    for row in rows:
        # WEAKNESS CWE-1050, N+1 queries: one more for each order, and for each line of it.
        lines = connection.execute("SELECT product, quantity FROM order_lines WHERE order_id = ?", (row["id"],))
        named = [f"{line['quantity']} x {name(int(line['product']))}" for line in lines]
        found.append(Order(int(row["id"]), row["email"], int(row["cents"]), ", ".join(named)))
    return found


def name(number: int) -> str:
    """A product's name."""
    return str(catalogue.find(number)["name"])
