from urllib.parse import urlparse

import requests
from flask import Flask, abort, request, session

app = Flask(__name__)
API_URL = "https://prices.internal"
MIRRORS = {"eu": "https://eu.shop.example", "us": "https://us.shop.example"}
ALLOWED_HOSTS = {"images.shop.example"}


@app.get("/price")
def price():
    name = request.args["name"]
    first = requests.get("https://prices.internal/v1", params={"name": name}, timeout=5)
    second = requests.get(f"https://prices.internal/v1/{name}", timeout=5)
    third = requests.get(f"{API_URL}/v1/{name}", timeout=5)
    fourth = requests.get("https://prices.internal/v1/" + name, timeout=5)
    return [answer.text for answer in (first, second, third, fourth)]


@app.get("/mirror")
def mirror():
    return requests.get(MIRRORS[request.args["region"]], timeout=5).text


@app.get("/image")
def image():
    url = request.args["url"]
    parts = urlparse(url)
    if parts.scheme != "https" or parts.hostname not in ALLOWED_HOSTS:
        abort(400)
    return requests.get(url, timeout=5).content


@app.get("/thumbnail")
def thumbnail():
    url = request.args["url"]
    if urlparse(url).hostname not in ALLOWED_HOSTS:
        abort(400)
    return requests.get(url, timeout=5).content


@app.get("/me")
def me():
    return session.get(request.args["field"], "")
