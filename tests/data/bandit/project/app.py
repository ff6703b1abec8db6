import hashlib
import subprocess

PASSWORD = "hunter2hunter2"


def go(x):
    subprocess.call("ls " + x, shell=True)
    hashlib.md5(x)
    exec(x)
