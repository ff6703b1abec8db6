import codecs
import io
import os
import shutil
from pathlib import Path

from flask import Flask, request, send_from_directory
from starlette.responses import FileResponse

app = Flask(__name__)


@app.post("/admin/files")
def manage():
    name = request.form["name"]
    path = Path("/srv/files") / name
    io.open("/srv/" + name)  # bad
    codecs.open("/srv/" + name, encoding="utf-8")  # bad
    os.remove("/srv/" + name)  # bad
    os.rename("/srv/upload", "/srv/" + name)  # bad
    shutil.copyfile("/srv/upload", "/srv/" + name)  # bad
    path.write_text(request.form["text"])  # bad
    return send_from_directory(f"/srv/{name}", "index.html")  # bad


async def asset(request):
    return FileResponse("assets/" + request.path_params["name"])  # bad
