"""0 is PASS and nothing else; 1 FAIL, 2 usage or configuration, 3 INCONCLUSIVE."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WORDS = "[policy]\nprove = false\n[gates.words]\n"
Shell = Any

USAGE: dict[str, tuple[list[str], str]] = {
    "an unknown option": (["run", "--bogus"], "No such option"),
    "an unknown command": (["ruin"], "No such command"),
    "an option without its value": (["run", "--gate"], "requires an argument"),
    "no cores": (["run", "--jobs", "0"], "--jobs"),
    "a project that is not there": (["run", "nowhere"], "nowhere is not a folder"),
    "a gate that is not configured": (["run", "--gate", "wrds"], "did you mean 'words'"),
    "a configuration that is not there": (["run", "--config", "no.toml"], "no.toml can't be read"),
    "a threshold that is none": (["run", "--threshold", "p95"], "is not a threshold"),
    "a revision without git": (["run", "--changed-since", "main"], "is not a git checkout"),
    "a place that can't be written": (["run", "--runs", "/proc"], "choose a writable place"),
    "no run to decide": (["decide"], "no such run"),
    "a rule that nobody has": (["explain", "W9"], "no rule and no finding is called 'W9'"),
    "a configuration that is there already": (["init"], "is there already"),
}


@pytest.mark.parametrize(("arguments", "words"), USAGE.values(), ids=USAGE.keys())
def test_usage_and_configuration_errors_end_with_2(arguments: list[str], words: str, shell: Shell) -> None:
    shell.write(WORDS, a="good")
    done = shell.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert not shell.runs()


CONFIGURATIONS: dict[str, tuple[str | None, int, str]] = {
    "none": (None, 2, "make one with: sdlc init"),
    "not TOML": ("[gates", 2, "sdlc.toml can't be read"),
    "an unknown gate": ("[gates.wrds]", 2, "sdlc.toml:1: there is no gate 'wrds' (did you mean 'words'?)"),
    "a misspelt key": ("[gates.words]\nwrd = 1", 2, "sdlc.toml:2: unknown key 'wrd' in gates.words (did you mean 'word'?)"),
    "no gates": ("", 3, "no gate was asked"),
    "no gates at this stage": ("[gates.words]\nstages = []", 3, "no gate was asked"),
    "nothing found": (WORDS, 0, "PASS: project may be released"),
    "something found": (WORDS + 'word = "go"', 1, "FAIL: project must not be released"),
    "something found and tolerated": (WORDS + 'word = "go"\ntolerate = "high"', 0, "PASS"),
    "nothing to scan": (WORDS + '[project]\nexclude = ["*.txt"]', 3, "nothing-to-scan"),
    "a canary that is caught": ("[gates.words]", 0, "PASS"),
    "a canary that is missed": ("[gates.words]\nlame = true", 3, "did not catch its canary"),
    "a tool that fails": ('[gates.slow]\ncommand = ["exit 7"]\n[policy]\nprove = false', 0, "PASS"),
    "a tool that outlives its deadline": (
        '[gates.slow]\ncommand = ["sleep 60"]\ndeadline = "100 ms"\n[policy]\nprove = false',
        3,
        "killed at its deadline",
    ),
    "a target that does not start": (
        '[target]\nrun = "false"\n[gates.locust]\n[policy]\nprove = false',
        3,
        "the target ended while it was starting",
    ),
}


@pytest.mark.parametrize(("config", "code", "words"), CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_a_run_ends_with_its_verdict(config: str | None, code: int, words: str, shell: Shell) -> None:
    if config is not None:
        shell.write(config, a="good")
    done = shell.run("run")
    assert done.returncode == code, done.stdout + done.stderr
    assert words in " ".join((done.stdout + done.stderr).split())
    assert "Traceback" not in done.stderr
    if code != 2:
        (run,) = shell.runs()
        assert {"run.json", "manifest.json", "report.html"} <= set(os.listdir(run))


@pytest.mark.parametrize("command", [[], ["-h"], ["run", "--help"]])
def test_help_is_no_verdict(command: list[str], shell: Shell) -> None:
    done = shell.run(*command)
    assert done.returncode == (0 if command else 2)
    assert "Usage: sdlc" in done.stdout + done.stderr


def test_an_empty_folder_gets_a_configuration_without_gates(shell: Shell) -> None:
    assert shell.run("init").returncode == 0
    assert shell.run("run").returncode == 3


def test_decide_says_what_another_policy_changes(shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    assert shell.run("run").returncode == 1
    (shell.project / "mild.toml").write_text(WORDS + 'tolerate = "critical"\n')
    (shell.project / "more.toml").write_text(WORDS + 'tolerate = "critical"\n[gates.slow]\ncommand = []\n')
    mild = shell.run("decide", "latest", "--policy", "mild.toml")
    assert mild.returncode == 0
    assert "verdict: FAIL before, PASS now" in mild.stdout
    assert shell.run("decide", "--policy", "more.toml").returncode == 3


@pytest.mark.parametrize(("lost", "named"), [("run.json", lambda run: []), ("manifest.json", lambda run: [str(run)])])
def test_a_run_that_was_tampered_with_is_inconclusive(lost: str, named: Callable[[Path], list[str]], shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    shell.run("run")
    (run,) = shell.runs()
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace('"high"', '"info"'))
    for command in (["decide"], ["report", str(run)]):
        done = shell.run(*command)
        assert (done.returncode, done.stdout) == (3, "")
        assert "run.json was changed after" in done.stderr
    (run / "run.json").write_text(text)
    assert shell.run("decide").returncode == 1
    (run / lost).unlink()
    assert shell.run("decide", *named(run)).returncode == 3


def test_a_run_that_was_planted_is_not_the_latest(shell: Shell, tmp_path: Path) -> None:
    shell.write(WORDS, a="good")
    assert shell.run("run", "--runs", str(tmp_path / "other")).returncode == 0
    (passed,) = (tmp_path / "other" / ".sdlc" / "runs").iterdir()
    shutil.copytree(passed, shell.project / "latest")
    shutil.copytree(passed, shell.project / ".sdlc" / "runs" / passed.name)
    done = shell.run("decide")
    assert done.returncode == 3
    assert "no run is remembered to have begun" in done.stderr
    named = shell.run("decide", "./latest")
    assert named.returncode == 0
    assert "does not show where" in named.stdout


def test_a_run_that_was_killed_is_not_passed_over_for_an_older_one(shell: Shell) -> None:
    shell.write(WORDS, a="good")
    assert shell.run("run").returncode == 0
    shell.write(WORDS + '[gates.slow]\ncommand = ["touch begun; sleep 60"]\n')
    process = shell.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(shell.runs()) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.wait()
    done = shell.run("decide")
    assert done.returncode == 3
    assert "has no verdict" in done.stderr


def test_a_planted_link_for_runs_is_refused(shell: Shell, tmp_path: Path) -> None:
    shell.write(WORDS, a="good")
    (tmp_path / "elsewhere").mkdir()
    (shell.project / ".sdlc").symlink_to(tmp_path / "elsewhere")
    done = shell.run("run")
    assert done.returncode == 2
    assert "is a link" in done.stderr
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_name_that_is_not_utf_8_blocks_by_name_and_is_recorded(shell: Shell) -> None:
    shell.write(WORDS, a="good")
    (shell.project / os.fsdecode(b"\xff\xfe.txt")).write_text("good")
    done = shell.run("run")
    assert done.returncode == 3
    assert "\\xff\\xfe.txt (its name is not UTF-8)" in done.stdout
    assert shell.run("decide").returncode == 3
    assert shell.run("report", "--format", "json").returncode == 0


def test_a_project_whose_path_is_not_utf_8_is_refused(shell: Shell, tmp_path: Path) -> None:
    shell.write(WORDS, a="good")
    odd = tmp_path / os.fsdecode(b"\xff")
    shutil.move(shell.project, odd)
    done = shell.run("run", cwd=odd)
    assert done.returncode == 2
    assert "must be UTF-8" in done.stderr


def test_a_disk_that_takes_no_more_is_no_verdict(shell: Shell) -> None:
    shell.write(WORDS, a="good")
    # No file of more than a few bytes can be written, as on a full disk.
    done = shell.run("run", prepare=limit_files)
    assert done.returncode == 3
    assert not any((run / "manifest.json").exists() for run in shell.runs())


def limit_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))


def test_two_runs_at_once_in_one_checkout_both_answer(shell: Shell) -> None:
    shell.write(WORDS + '[gates.slow]\ncommand = ["sleep 0.5"]\n', a="good")
    both = [shell.start("run", "--json") for _ in range(2)]
    told = [json.loads(process.communicate()[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert len({run["id"] for run in told}) == 2


def test_only_what_changed_is_judged_and_that_is_said(shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    for arguments in (["init", "-q"], ["add", "."], ["-c", "user.name=n", "-c", "user.email=e@h", "commit", "-q", "-m", "m"]):
        subprocess.run(["git", *arguments], cwd=shell.project, check=True)
    assert shell.run("run").returncode == 1
    none = shell.run("run", "--changed-since", "HEAD")
    assert none.returncode == 3
    assert "every gate was skipped" in none.stdout
    (shell.project / "b.txt").write_text("good")
    some = shell.run("run", "--changed-since", "HEAD")
    assert some.returncode == 0
    assert "only what changed since HEAD was judged" in some.stdout


def test_the_module_is_the_same_command(shell: Shell) -> None:
    shell.write(WORDS, a="BAD")
    argv = [sys.executable, "-P", "-m", "sdlc.cli.main", "run"]
    done = subprocess.run(argv, cwd=shell.project, env=dict(shell.environment), capture_output=True, check=False)
    assert done.returncode == 1
