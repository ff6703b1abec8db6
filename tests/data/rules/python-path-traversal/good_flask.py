import os
from pathlib import Path

from flask import Flask, abort, request, send_from_directory
from werkzeug.utils import secure_filename

app = Flask(__name__)
UPLOADS = Path("/srv/shop/uploads")


@app.get("/files/<path:name>")
def download(name):
    return send_from_directory(UPLOADS, name)


@app.post("/upload")
def upload():
    file = request.files["image"]
    file.save(UPLOADS / secure_filename(file.filename))
    return "", 201


@app.get("/notes/<name>")
def note(name):
    path = (UPLOADS / name).resolve()
    if not path.is_relative_to(UPLOADS):
        abort(404)
    return path.read_text()


@app.get("/pages/<name>")
def page(name):
    path = os.path.realpath(os.path.join(UPLOADS, name))
    if not path.startswith(str(UPLOADS) + os.sep):
        abort(404)
    with open(path) as stream:
        return stream.read()


@app.get("/invoices/<int:number>")
def invoice(number):
    return (UPLOADS / f"{number}.pdf").read_bytes()


@app.get("/old/<name>")
def old(name):
    with open(os.path.join(UPLOADS, os.path.basename(name)), "rb") as stream:
        return stream.read()
