"""Stopped in the middle, politely or not: no process is left, and nothing passes."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

Shell = Any
PATIENCE = 30.0
# A tool that starts another in a session of its own, and minds no polite word.
STUBBORN = "trap '' TERM HUP INT; setsid sleep {token} & sleep {token}; wait"


@pytest.fixture
def token() -> str:
    """A number of seconds that no other process sleeps for."""
    return f"97.{os.getpid()}{time.monotonic_ns() % 10**6:06}"


def sleeping(token: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if token in " ".join(process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


def awaited(token: str, number: int) -> bool:
    """Whether there are soon so many processes that sleep."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if sum("sleep" in process.name() for process in sleeping(token)) == number:
            return True
        time.sleep(0.05)
    return False


def slow(token: str) -> str:
    return f'[policy]\nprove = false\n[gates.words]\n[gates.slow]\ncommand = ["{STUBBORN.format(token=token)}"]\n'


def none_left(token: str) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if not sleeping(token):
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_stop_it_ends_everything_and_records_that(number: signal.Signals, token: str, shell: Shell) -> None:
    shell.write(slow(token), a="good")
    process = shell.start("run", "--json")
    assert awaited(token, 2)
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err
    assert not sleeping(token)
    told = json.loads(out)
    assert told["decision"]["verdict"] == "INCONCLUSIVE"
    assert {result["gate"]: result.get("fault") for result in told["results"]} == {"words": None, "slow": "cancelled"}
    assert shell.run("decide").returncode == 3


def test_asked_twice_it_ends_at_once(token: str, shell: Shell) -> None:
    shell.write(slow(token), a="good")
    process = shell.start("run")
    assert awaited(token, 2)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 3
    assert none_left(token)


def test_told_twice_in_one_breath_it_still_records_what_it_had(token: str, shell: Shell) -> None:
    shell.write(slow(token), a="good")
    process = shell.start("run", "--json")
    assert awaited(token, 2)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err
    assert json.loads(out)["decision"]["verdict"] == "INCONCLUSIVE"
    assert none_left(token)


def test_killed_it_leaves_no_process_and_the_next_run_works(token: str, shell: Shell) -> None:
    shell.write(slow(token).replace("[gates.slow]", "[gates.slow]\nstages = ['pr']"), a="good")
    assert shell.run("run").returncode == 0
    before = shell.runs()
    process = shell.start("run", "--stage", "pr")
    assert awaited(token, 2)
    process.kill()
    process.communicate()
    assert none_left(token)
    assert len(shell.runs()) == 2
    assert shell.run("decide", before[0].name).returncode == 0
    assert shell.run("run").returncode == 0
    assert len(shell.runs()) == 3


@pytest.mark.parametrize("victim", ["sh", "python", "sleep"])
def test_a_part_that_is_killed_makes_it_inconclusive(victim: str, token: str, shell: Shell) -> None:
    shell.write(f'[policy]\nprove = false\n[gates.slow]\ncommand = ["sleep {token} && true"]\n', a="good")
    process = shell.start("run", "--json")
    assert awaited(token, 1)
    for found in sleeping(token):
        if found.name().startswith(victim) and found.pid != process.pid:
            found.kill()
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in ((3,) if victim == "python" else (0, 3)), err
    assert none_left(token)
    if victim == "python":
        assert "killed together with its supervisor" in json.loads(out)["results"][0]["reason"]


def test_a_terminal_that_goes_away_ends_it(token: str, shell: Shell) -> None:
    shell.write(slow(token), a="good")
    ours, theirs = pty.openpty()
    process = shell.start("run", stdout=theirs, stderr=theirs, TERM="xterm")
    os.close(theirs)
    assert awaited(token, 2)
    os.close(ours)
    process.send_signal(signal.SIGHUP)
    assert process.wait(PATIENCE) == 3
    assert none_left(token)


def test_an_application_that_is_killed_while_it_is_attacked_makes_it_inconclusive(token: str, shell: Shell) -> None:
    server = Path(shell.project) / "serve.py"
    server.write_text(
        "import http.server, sys\n"
        "from http.server import SimpleHTTPRequestHandler as Handler\n"
        "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n"
    )
    shell.write(
        f"[policy]\nprove = false\n[target]\nrun = '{{python}} serve.py {{port}} {token}'\nready_within = '20 s'\n"
        "[gates.locust]\nusers = 1\nwarm_up = '1 s'\nduration = '20 s'\n"
    )
    process = shell.start("run", "--json")
    until = time.monotonic() + PATIENCE
    while not (
        found := [p for p in sleeping(token) if "serve.py" in " ".join(p.cmdline()) and "supervisor" not in str(p.cmdline())]
    ):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(1)
    for victim in found:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    out, err = process.communicate(timeout=60)
    assert process.returncode in (1, 3), err
    assert json.loads(out)["results"][0]["type"] == "errored"
    assert none_left(token)
