"""What the command writes, where, and what becomes of its verdict when nobody can read it."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import Any

import pytest

Shell = Any
WORDS = "[policy]\nprove = false\n[gates.words]\n"
ESCAPE = re.compile(rb"\x1b\[[0-9;]*m")


@pytest.mark.parametrize(("text", "code"), [("good", 0), ("BAD", 1)])
def test_json_is_all_that_stands_on_standard_output(text: str, code: int, shell: Shell) -> None:
    shell.write(WORDS, a=text)
    done = shell.run("run", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == code
    assert told["decision"]["verdict"] == ("FAIL" if code else "PASS")
    assert "words" in done.stderr
    assert json.loads(shell.run("decide", "--json").stdout)["id"] == told["id"]


HOSTILE = "BAD \x1b[2J\x1b]0;owned\x07 \x9b31m\u202e<script>[red]x[/red][/x] :smile: \r\n\x00"


def test_hostile_text_reaches_the_terminal_as_plain_words(shell: Shell) -> None:
    shell.write(WORDS + "word = \"BAD\"\n[project]\nname = '[/x] :smile: [red]'\n", **{"\x1b[31m[red]evil[b]": HOSTILE})
    done = shell.run("run")
    assert done.returncode == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", done.stdout + done.stderr)
    assert "[/x] :smile: [red] must not be released" in done.stdout
    assert "<script>[red]x[/red][/x] :smile:" in done.stdout
    explained = shell.run("explain", "W1")
    assert explained.returncode == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", explained.stdout)


def test_a_complaint_about_a_hostile_name_is_plain_too(shell: Shell) -> None:
    done = shell.run("run", "--config", "\x1b[31m[/x]\u202e.toml")
    assert done.returncode == 2
    assert "[/x].toml can't be read" in done.stderr
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", done.stderr)


def on_a_terminal(shell: Shell, *arguments: str, **variables: str) -> tuple[int, bytes]:
    """The exit code, and what a terminal gets to see."""
    ours, theirs = pty.openpty()
    process = shell.start(*arguments, stdout=theirs, stderr=theirs, **{"TERM": "xterm-256color", **variables})
    os.close(theirs)
    seen = b""
    while True:
        try:
            chunk = os.read(ours, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    os.close(ours)
    return process.wait(), seen


@pytest.mark.parametrize(("variables", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_only_a_terminal_that_wants_them_gets_colours(variables: dict[str, str], coloured: bool, shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    code, seen = on_a_terminal(shell, "run", **variables)
    assert code == 1
    assert b"FAIL" in seen
    assert bool(re.search(rb"\x1b\[[0-9;]*3[0-9]", seen)) is coloured


def test_no_colour_where_there_is_no_terminal(shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    done = shell.run("run")
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["run"], ["run", "--json"], ["report", "--format", "json"]])
def test_output_that_nobody_reads_is_no_pass(arguments: list[str], shell: Shell) -> None:
    shell.write(WORDS, a="good")
    assert shell.run("run").returncode == 0
    for target in (closed_pipe(), os.open("/dev/full", os.O_WRONLY)):
        process = shell.start(*arguments, stdout=target)
        os.close(target)
        _, told = process.communicate()
        assert process.returncode == 3, told
        assert b"Traceback" not in told
        assert b"Exception ignored" not in told


def closed_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def test_complaints_that_nobody_reads_are_no_pass(shell: Shell) -> None:
    shell.write(WORDS, a="good")
    for target in (closed_pipe(), os.open("/dev/full", os.O_WRONLY)):
        process = shell.start("run", stdout=subprocess.DEVNULL, stderr=target)
        os.close(target)
        assert process.wait() == 3


@pytest.mark.parametrize(("text", "code"), [("good", 0), ("BAD", 1)])
def test_without_any_output_the_exit_code_still_tells(text: str, code: int, shell: Shell) -> None:
    shell.write(WORDS, a=text)
    for redirection in (">&-", "<&- >&- 2>&-"):
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" run {redirection}', sys.modules[type(shell).__module__].COMMAND],
            cwd=shell.project,
            env=dict(shell.environment),
            check=False,
        )
        assert done.returncode == code


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_old_terminal_gets_what_it_can_show(encoding: str, shell: Shell) -> None:
    shell.write(WORDS, a="BAD ünïcödé ✓")
    process = shell.start("run", PYTHONIOENCODING=encoding)
    out, err = process.communicate()
    assert process.returncode == 1, err
    assert b"FAIL: project must not be released" in out


def test_many_findings_never_hide_that_a_gate_did_not_answer(shell: Shell) -> None:
    unanswered = '[gates.slow]\ncommand = ["sleep 30"]\ndeadline = "1 s"\n'
    shell.write(WORDS + unanswered, **dict.fromkeys("abc", "BAD\n" * 30))
    done = shell.run("run")
    assert done.returncode == 1
    shown = done.stdout.splitlines()
    assert sum("W1: BAD" in line for line in shown) == 3
    assert any("and 87 more of W1" in line for line in shown)
    assert any(line.startswith("  ? INCONCLUSIVE  timeout: sh was killed") for line in shown)


def test_what_two_gates_saw_is_one_entry_that_names_both(shell: Shell) -> None:
    shell.write(WORDS + '[gates.more]\nuses = "words"\n', a="BAD")
    done = shell.run("run")
    assert done.stdout.count("1 high; 1/1 files") == 2
    assert done.stdout.count("W1: BAD") == 1
    assert "[more, words]" in done.stdout


def test_explain_says_why_no_run_was_looked_in(shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    shell.run("run")
    (shell.runs()[0] / "run.json").write_text("{}")
    done = shell.run("explain", "W1")
    assert done.returncode == 2
    assert "no run was looked in: run.json was changed after" in done.stderr
