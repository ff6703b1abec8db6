import base64
import pickle

import jsonpickle
import yaml
from flask import Flask, request

app = Flask(__name__)


@app.get("/cart")
def cart():
    items = pickle.loads(base64.b64decode(request.cookies["cart"]))  # bad
    return {"items": items}


@app.post("/import")
def import_products():
    document = yaml.load(request.data, Loader=yaml.Loader)  # bad
    return {"count": len(document)}


@app.post("/restore")
def restore():
    return {"state": str(jsonpickle.decode(request.get_data()))}  # bad
