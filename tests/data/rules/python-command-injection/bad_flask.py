import os
import subprocess

import flask
from flask import Flask, request

app = Flask(__name__)


@app.route("/ping")
def ping():
    host = request.args.get("host")
    return subprocess.check_output(f"ping -c 1 {host}", shell=True)  # bad


@app.route("/lookup/<name>")
def lookup(name):
    with os.popen("dig +short " + name) as pipe:  # bad
        return pipe.read()


@app.post("/convert")
def convert():
    os.system("convert upload.png " + flask.request.form["format"])  # bad
    subprocess.run(["bash", "-c", "rm -f " + request.form["old"]], check=True)  # bad
    subprocess.Popen([request.json["program"], "--version"])  # bad
    return "ok"
