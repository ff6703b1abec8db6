"""Placing orders, and listing them."""

from __future__ import annotations

from dataclasses import dataclass

from shop import catalogue, database, fields, warehouse

# How many of each product, by its number.
Basket = dict[int, int]

MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it's listed."""

    number: int
    email: str
    cents: int
    products: str


def place(email: str, basket: Basket) -> int:
    """Keeps the order and gives its number; 400 when the warehouse lacks something."""
    # FIXED CWE-667: customers don't wait for each other, but for SQLite's own short lock.
    # FIXED CWE-1050: one call and one query, however many lines there are.
    if not warehouse.set_aside(basket):
        fields.refuse("not in stock")
    price = {int(product["id"]): int(product["cents"]) for product in catalogue.products()}
    cents = sum(quantity * price[number] for number, quantity in basket.items())
    return keep(email, basket, cents)


def keep(email: str, basket: Basket, cents: int) -> int:
    """Writes the order down and gives its number."""
    connection = database.current()
    with database.writing(connection):
        made = connection.execute("INSERT INTO orders (email, cents) VALUES (?, ?)", (email, cents))
        order = int(made.lastrowid or 0)
        connection.executemany(
            "INSERT INTO order_lines (order_id, product, quantity) VALUES (?, ?, ?)",
            [(order, number, quantity) for number, quantity in basket.items()],
        )
    return order


def latest(email: str = "") -> list[Order]:
    """The latest orders, newest first: of one address, or of everybody."""
    # FIXED CWE-1050: one query for all of it.
    rows = database.current().execute(
        """
        SELECT latest.id, latest.email, latest.cents,
            group_concat(order_lines.quantity || ' x ' || products.name, ', ') AS products
        FROM (
            SELECT * FROM orders WHERE email = ? OR ? = '' ORDER BY id DESC LIMIT ?
        ) AS latest
        JOIN order_lines ON order_lines.order_id = latest.id
        JOIN products ON products.id = order_lines.product
        GROUP BY latest.id
        ORDER BY latest.id DESC
        """,
        (email, email, MOST_SHOWN),
    )
    return [Order(row["id"], row["email"], row["cents"], row["products"]) for row in rows]
