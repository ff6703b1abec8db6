from flask import Flask, request
from shop.index import index

app = Flask(__name__)


@app.route("/search")
def search():
    return index.search("mugs", request.args["q"])
