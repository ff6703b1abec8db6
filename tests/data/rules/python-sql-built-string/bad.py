"""Queries of the shop's stock keeping."""

import sqlite3

from sqlalchemy import text


def stock_of(connection: sqlite3.Connection, warehouse: str) -> int:
    row = connection.execute(f"SELECT sum(amount) FROM stock WHERE warehouse = '{warehouse}'").fetchone()  # bad
    return row[0]


def rename(connection, table, old, new):
    statement = "ALTER TABLE %s RENAME COLUMN %s TO %s" % (table, old, new)
    connection.execute(statement)  # bad


def find(session, name):
    return session.execute(text("SELECT id FROM product WHERE name = '" + name + "'"))  # bad


def drop(cursor, name):
    cursor.executescript("DROP TABLE {}".format(name))  # bad
