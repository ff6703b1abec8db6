"""Housekeeping on the build machine."""

import os
import subprocess


def compress(folder: str) -> None:
    subprocess.run(f"tar czf backup.tgz {folder}", shell=True, check=True)  # bad


def remove(path):
    os.system("rm -rf " + path)  # bad


def owner(path):
    command = "stat -c %%U %s" % path
    return subprocess.getoutput(command)  # bad


def become(folder):
    os.spawnlp(os.P_WAIT, "sh", "sh", "-c", "ls " + folder)  # bad
    os.execl("/bin/sh", "sh", "-c", "ls " + folder)  # bad
