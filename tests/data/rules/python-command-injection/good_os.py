import os

from flask import Flask, request

app = Flask(__name__)


@app.route("/rename", methods=["POST"])
def rename():
    os.rename("/srv/shop/old", request.form["name"])
    os.spawnl(os.P_WAIT, "/usr/bin/ls", "ls", "--", request.form["name"])
    os.execl("/usr/bin/ls", "ls", "--", request.form["name"])
