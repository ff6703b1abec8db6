"""Queries of the shop's stock keeping."""

TABLE = "stock"
COLUMNS = ("id", "amount")


def stock_of(connection, warehouse):
    return connection.execute("SELECT sum(amount) FROM stock WHERE warehouse = ?", (warehouse,)).fetchone()[0]


def count(connection):
    return connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0]


def several(connection, ids):
    placeholders = ",".join("?" for _ in ids)
    return connection.execute(f"SELECT * FROM stock WHERE id IN ({placeholders})", ids).fetchall()


def many(connection, ids):
    marks = ",".join("?" * len(ids))
    return connection.execute("SELECT * FROM stock WHERE id IN (%s)" % marks, ids).fetchall()


def pages(connection, size):
    return connection.execute("SELECT * FROM stock LIMIT %d" % int(size)).fetchall()


def table_size(connection, table):
    return connection.cursor().execute("SELECT count(*) FROM " + connection.ops.quote_name(table))
