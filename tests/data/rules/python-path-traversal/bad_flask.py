import os
from pathlib import Path

from flask import Flask, request, send_file

app = Flask(__name__)
UPLOADS = "/srv/shop/uploads"


@app.get("/files/<path:name>")
def download(name):
    return send_file(os.path.join(UPLOADS, name))  # bad


@app.get("/log")
def log():
    with open("/var/log/shop/" + request.args["day"] + ".log") as stream:  # bad
        return stream.read()


@app.post("/upload")
def upload():
    file = request.files["image"]
    file.save(os.path.join(UPLOADS, file.filename))  # bad
    return "", 201


@app.delete("/files/<name>")
def delete(name):
    target = Path(UPLOADS) / name
    target.unlink()  # bad
    return "", 204


@app.get("/notes/<name>")
def note(name):
    path = Path(UPLOADS, f"{name}.txt")
    if not str(path).startswith(UPLOADS):
        return "", 404
    return path.read_text()  # bad
