"""A product catalogue over sqlite3 and SQLAlchemy."""

import sqlite3

from flask import Flask, g, jsonify, request
from sqlalchemy import text

from .models import db

app = Flask(__name__)


@app.route("/products/<category>")
def by_category(category):
    rows = g.db.execute("SELECT id, name FROM product WHERE category = '" + category + "'")  # bad
    return jsonify([dict(row) for row in rows])


@app.post("/login")
def login():
    user, password = request.form["user"], request.form["password"]
    query = f"SELECT id FROM account WHERE name = '{user}' AND password = '{password}'"
    row = sqlite3.connect("shop.db").execute(query).fetchone()  # bad
    return jsonify(ok=row is not None)


@app.get("/search")
def search():
    term = request.args.get("q", "").strip()
    clauses = []
    for word in term.split():
        clauses.append("name LIKE '%{}%'".format(word))
    statement = text("SELECT * FROM product WHERE " + " AND ".join(clauses))  # bad
    return jsonify(db.session.execute(statement).mappings().all())  # bad


@app.get("/sorted")
def sorted_products():
    order = request.args.get("order", "name")
    with sqlite3.connect("shop.db") as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT * FROM product ORDER BY %s" % order)  # bad
        return jsonify(cursor.fetchall())
