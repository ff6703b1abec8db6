"""The SQLite database: made and filled once, then one connection for each request."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from flask import current_app, g

from shop import passwords, seed

SCHEMA = Path(__file__).with_name("schema.sql")


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the database at `path` that waits for another writer, 10 s at most."""
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def prepare(path: Path, admin_password: str) -> None:
    """Makes the database at `path` and fills it; one that's there already is left as it is."""
    with closing(connect(path)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            return
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA.read_text(encoding="utf-8"))
        with writing(connection):
            fill(connection, admin_password)


def fill(connection: sqlite3.Connection, admin_password: str) -> None:
    """Writes what the shop opens with."""
    connection.executemany("INSERT INTO products (name, description, cents) VALUES (?, ?, ?)", seed.PRODUCTS)
    connection.executemany("INSERT INTO reviews (product, body) VALUES (?, ?)", seed.REVIEWS)
    email, password = seed.EXAMPLE_CUSTOMER
    connection.executemany(
        "INSERT INTO accounts (email, digest, role) VALUES (?, ?, ?)",
        (
            (email, passwords.digest(password), "customer"),
            (seed.ADMIN_EMAIL, passwords.digest(admin_password), "admin"),
        ),
    )


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """All of what's written inside, or nothing of it."""
    # A transaction that turns from reading to writing may be refused without waiting.
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def current() -> sqlite3.Connection:
    """The connection of this request."""
    if "connection" not in g:
        g.connection = connect(current_app.config["DATABASE"])
    connection: sqlite3.Connection = g.connection
    return connection


def close(_error: BaseException | None) -> None:
    """Closes this request's connection, if it has one."""
    connection: sqlite3.Connection | None = g.pop("connection", None)
    if connection is not None:
        connection.close()
