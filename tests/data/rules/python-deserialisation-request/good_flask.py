import json

import yaml
from flask import Flask, request

app = Flask(__name__)


@app.get("/cart")
def cart():
    return {"items": json.loads(request.cookies["cart"])}


@app.post("/import")
def import_products():
    first = yaml.safe_load(request.data)
    second = yaml.load(request.data, Loader=yaml.SafeLoader)
    return {"count": len(first) + len(second)}
