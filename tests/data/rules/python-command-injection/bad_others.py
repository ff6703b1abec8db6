"""The less usual ways to start a program."""

import asyncio
import os
import shlex
import subprocess

import pexpect
from flask import Flask, request

app = Flask(__name__)


@app.post("/tools")
async def tools():
    line = request.form["line"]
    subprocess.getstatusoutput("file " + line)  # bad
    subprocess.run(shlex.split(line), check=True)  # bad
    subprocess.run(line.split(), check=True)  # bad
    os.execvp(line, ["program"])  # bad
    os.spawnlp(os.P_WAIT, line, "program")  # bad
    pexpect.spawn(line)  # bad
    await asyncio.create_subprocess_exec(line, "--version")  # bad
    return "ok"
