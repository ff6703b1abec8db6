import shlex
import subprocess

from flask import Flask, abort, request

app = Flask(__name__)
PROGRAMS = {"png": "pngcheck", "jpg": "jpeginfo"}


@app.route("/ping")
def ping():
    host = request.args.get("host")
    return subprocess.check_output(["ping", "-c", "1", host])


@app.route("/lookup/<name>")
def lookup(name):
    return subprocess.run(f"dig +short {shlex.quote(name)} | sort", shell=True, capture_output=True).stdout


@app.post("/check")
def check():
    kind = request.form["kind"]
    if kind not in PROGRAMS:
        abort(400)
    return subprocess.check_output([PROGRAMS[kind], "upload"])


@app.post("/nice")
def nice():
    level = int(request.form["level"])
    return subprocess.check_output(f"nice -n {level} make", shell=True)
