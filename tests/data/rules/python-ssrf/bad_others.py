import http.client
import socket
import urllib.request

import httpx
import requests
import urllib3
from flask import Flask, request

app = Flask(__name__)


@app.post("/check")
def check():
    url = request.form["url"]
    requests.get(url=url, timeout=5)  # bad
    requests.Session().get(url)  # bad
    requests.request("GET", url)  # bad
    httpx.get(url)  # bad
    httpx.Client(timeout=5).post(url)  # bad
    httpx.request("GET", url)  # bad
    httpx.stream("GET", url)  # bad
    urllib.request.urlretrieve(url, "/tmp/page")  # bad
    http.client.HTTPConnection(url)  # bad
    urllib3.request("GET", url)  # bad
    urllib3.PoolManager().request("GET", url)  # bad
    socket.create_connection((url, 443))  # bad
    client = httpx.Client()
    client.get(url=url)  # bad
    return "ok"
