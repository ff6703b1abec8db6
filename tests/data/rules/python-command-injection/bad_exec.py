import os

from flask import Flask, request

app = Flask(__name__)


@app.route("/become/<program>")
def become(program):
    os.execvp(program, ["x"])  # bad


@app.route("/start/<program>")
def start(program):
    os.spawnl(os.P_NOWAIT, program, program)  # bad
    return ""


@app.route("/shell")
def shell():
    command = "ls " + request.args["folder"]
    os.spawnlp(os.P_WAIT, "sh", "sh", "-c", command)  # bad
    os.execl("/bin/sh", "sh", "-c", command)  # bad
