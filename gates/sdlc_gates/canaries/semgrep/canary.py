"""Planted for Semgrep: a name from the request becomes SQL text, and a command for the shell."""

import os
import sqlite3

from flask import Flask, request

app = Flask(__name__)


@app.route("/user")
def user():
    name = request.args["name"]
    rows = sqlite3.connect("users.db").execute("SELECT * FROM users WHERE name = '" + name + "'")
    os.system("finger " + name)
    return {"users": list(rows)}
