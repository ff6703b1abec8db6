import asyncio
import os
import subprocess


def sizes(folder, depth):
    _, text = subprocess.getstatusoutput("du -d {} {}".format(depth, folder))  # bad
    return text


def page(name):
    subprocess.run("man {name} | col -b".format(name=name), shell=True, check=True)  # bad


def remote(ssh, service):
    return ssh.exec_command("systemctl status " + service)  # bad


def versions(program):
    os.popen(f"{program} --version")  # bad
    subprocess.run(["sh", "-c", f"{program} -V"], check=True)  # bad


async def wait(name):
    return await asyncio.create_subprocess_shell("pidwait " + name)  # bad
