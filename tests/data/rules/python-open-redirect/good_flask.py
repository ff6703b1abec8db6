from urllib.parse import urlsplit

from flask import Flask, redirect, request, url_for

from .security import is_safe_url

app = Flask(__name__)
PAGES = {"cart": "/cart", "home": "/"}


@app.post("/login")
def login():
    target = request.args.get("next")
    if not is_safe_url(target):
        target = "/"
    return redirect(target)


@app.post("/parsed")
def parsed():
    target = request.args.get("next")
    if not target or urlsplit(target).netloc:
        target = "/"
    return redirect(target)


@app.post("/again")
def again():
    return redirect(request.full_path)


@app.post("/back")
def back():
    return redirect(url_for("product", name=request.form["name"]))


@app.post("/page")
def page():
    return redirect(PAGES[request.form["page"]])


@app.get("/old/<name>")
def old(name):
    return redirect(f"/products/{name}")
