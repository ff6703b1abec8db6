"""Planted on purpose: a shell command built from what a caller says. The gate must find it."""

import subprocess


def archive(name):
    subprocess.call("tar cf backup.tar " + name, shell=True)
