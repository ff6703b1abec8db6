"""A product catalogue over sqlite3 and SQLAlchemy."""

import sqlite3

from flask import Flask, abort, g, jsonify, request
from sqlalchemy import select, text

from .models import Product, db

app = Flask(__name__)
SORTABLE = {"name", "price"}


@app.route("/products/<category>")
def by_category(category):
    rows = g.db.execute("SELECT id, name FROM product WHERE category = ?", (category,))
    return jsonify([dict(row) for row in rows])


@app.route("/products/<int:number>")
def by_number(number):
    return jsonify(g.db.execute(f"SELECT * FROM product WHERE id = {number}").fetchone())


@app.get("/search")
def search():
    term = request.args.get("q", "")
    statement = text("SELECT * FROM product WHERE name LIKE :term").bindparams(term=f"%{term}%")
    first = db.session.execute(statement)
    second = db.session.execute(select(Product).where(Product.name == term))
    third = db.session.execute(select(Product).filter_by(name=term))
    return jsonify([*first, *second, *third])


@app.get("/sorted")
def sorted_products():
    order = request.args.get("order", "name")
    if order not in SORTABLE:
        abort(400)
    limit = int(request.args.get("limit", "20"))
    connection = sqlite3.connect("shop.db")
    return jsonify(connection.execute(f"SELECT * FROM product ORDER BY {order} LIMIT {limit}").fetchall())


@app.get("/page")
def page():
    number = request.args.get("page", 1, type=int)
    return jsonify(g.db.execute("SELECT * FROM product LIMIT 20 OFFSET %d" % number).fetchall())


@app.get("/owner")
def owner():
    product = Product.query.filter_by(slug=request.args["slug"]).first_or_404()
    return jsonify(g.db.execute("SELECT * FROM owner_" + product.region).fetchall())
