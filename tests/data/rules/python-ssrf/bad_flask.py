import urllib.request

import requests
from flask import Flask, request

app = Flask(__name__)
API = "https://prices.internal"


@app.get("/preview")
def preview():
    url = request.args["url"]
    return requests.get(url, timeout=5).text  # bad


@app.get("/proxy/<path:target>")
def proxy(target):
    with urllib.request.urlopen("http://" + target) as answer:  # bad
        return answer.read()


@app.post("/hook")
def hook():
    session = requests.Session()
    session.headers["X-Shop"] = "1"
    session.post(request.json["callback"], json={"ok": True})  # bad
    requests.request("POST", url=f"https://{request.json['host']}/ready")  # bad
    return "", 204
