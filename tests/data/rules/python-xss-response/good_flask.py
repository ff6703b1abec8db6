import json

from flask import Flask, Response, jsonify, redirect, render_template, request
from markupsafe import escape

from . import catalogue

app = Flask(__name__)


@app.route("/hello/<name>")
def hello(name):
    return f"<h1>Hello {escape(name)}</h1>"


@app.get("/search")
def search():
    return render_template("search.html", term=request.args.get("q", ""))


@app.get("/api/search")
def api_search():
    return {"term": request.args.get("q", "")}


@app.get("/api/items")
def items():
    return jsonify(term=request.args.get("q"), found=catalogue.find(request.args["q"]))


@app.get("/plain")
def plain():
    return Response(request.args["text"], mimetype="text/plain")


@app.get("/typed")
def typed():
    response = Response(request.args["text"], mimetype="text/csv")
    response.headers["X-Shop"] = "1"
    return response


@app.get("/dump")
def dump():
    return Response(json.dumps(dict(request.args)), content_type="application/json")


@app.get("/product/<name>")
def product(name):
    return redirect("/products/" + name)


@app.get("/count/<int:number>")
def count(number):
    return f"<b>{number}</b>"
