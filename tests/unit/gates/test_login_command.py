"""Logging in by a command of the user's own, run for real by the guard's process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates._dast.entrance import Entrance
from sdlc_gates._dast.guard import Guard, Plan, guarded

from sdlc.errors import Cancelled, TargetFailed
from sdlc.gate import Workspace
from tests.unit.gates.members import MEMBERS, WORDS, Shop
from tests.unit.gates.sites import serving
from tests.unit.gates.test_session import through, until

GOOD = """
import json, os, sys, urllib.request
told = json.loads(os.environ["SDLC_LOGIN"])
body = json.dumps({"password": os.environ["WORDS_OF_THE_TEST"], **told["fields"]}).encode()
with urllib.request.urlopen(told["url"] + "/api/login", body) as reply:
    token = json.load(reply)["data"]["token"]
assert sys.argv[1] == told["url"] and "SECRET_OF_ANOTHER" not in os.environ
print(json.dumps({SHAPE: {NAME: PREFIX + token}}))
"""
HEADER = GOOD.replace("SHAPE", "'headers'").replace("NAME", "'Authorization'").replace("PREFIX", "'Bearer '")
COOKIE = GOOD.replace("SHAPE", "'cookies'").replace("NAME", "'sid'").replace("PREFIX", "''")

Logged = Callable[..., Any]


@pytest.fixture
def logged(workspace: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Logged:
    """Starts a guard that is logged in by a program with this source."""
    monkeypatch.setenv("WORDS_OF_THE_TEST", WORDS)
    monkeypatch.setenv("SECRET_OF_ANOTHER", "nobody's business")

    def start(url: str, source: str, **options: object) -> Any:
        root = tmp_path / "project"
        root.mkdir()
        (root / "login.py").write_text(source)
        login = {"command": ["{python}", "login.py", "{url}"], "pass_env": ["WORDS_OF_THE_TEST"]} | options
        entrance = msgspec.convert({"login": login, "logged_in": MEMBERS | {"seconds": 0.1}}, Entrance)
        return guarded(workspace(root), Plan(url=url, identity=entrance.identity()))

    return start


@pytest.mark.parametrize("source", [HEADER, COOKIE], ids=["header", "cookie"])
def test_what_the_command_prints_is_the_session_at_the_start_and_when_it_is_renewed(source: str, logged: Logged) -> None:
    with serving(Shop(lives=2)) as site:
        with logged(site.url, source, fields={"user": "ann"}) as guard:
            assert until(lambda: b"lost" in guard.log.read_bytes())
            assert through(guard, f"{site.url}/about")[0]
        assert {asked.body for asked in site.asked if asked.method == "POST"} == {f'{{"password": "{WORDS}", "user": "ann"}}'}
        assert guard.notes()[0].startswith("the session was lost and renewed ")


def test_neither_the_session_nor_what_the_command_was_lent_is_written_down(logged: Logged) -> None:
    with serving(Shop()) as site, logged(site.url, HEADER) as guard:
        assert {WORDS, "session-number-0"} <= guard.secrets
        assert "session-number" not in guard.log.read_text()


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import os, sys; sys.exit('refused: ' + os.environ['WORDS_OF_THE_TEST'])", r"exit code 1: refused: \[redacted\]"),
        ("print('Bearer a-token-of-the-test')", "printed 27 bytes that are no session: it is not JSON"),
        ("print('{}')", "neither headers nor cookies"),
        ('print(\'{"headers": {"A": "b\\\\r\\\\nC: d"}}\')', "that are no session"),
        ('print(\'{"token": "a-token-of-the-test"}\')', "unknown field `token`"),
        ("import time; time.sleep(60)", "deadline"),
        ("print('x' * 9_000_000)", "wrote more than 4 MiB|File too large|not JSON"),
    ],
    ids=["fails", "text", "empty", "two-lines", "other-keys", "hangs", "floods"],
)
def test_a_command_that_grants_nothing_is_no_session_and_says_why(source: str, why: str, logged: Logged) -> None:
    with serving(Shop()) as site, pytest.raises(TargetFailed, match=why) as complaint:
        stopped(logged(site.url, source, seconds=2))
    assert WORDS not in str(complaint.value)
    assert "a-token-of-the-test" not in str(complaint.value)


def test_a_command_that_is_not_there_is_named(logged: Logged) -> None:
    with serving(Shop()) as site, pytest.raises(TargetFailed, match="no-such-program could not be started"):
        stopped(logged(site.url, "", command=["no-such-program"]))


def test_a_variable_that_the_command_needs_and_nobody_set_is_named(logged: Logged) -> None:
    with pytest.raises(TargetFailed, match="NOT_SET_ANYWHERE"):
        logged("http://127.0.0.1:9", "", pass_env=["NOT_SET_ANYWHERE"])


@pytest.mark.parametrize("login", [{}, {"path": "/login", "command": ["x"]}, {"path": "/login", "pass_env": ["X"]}])
def test_there_is_one_way_in(login: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"path or command|for login.command"):
        msgspec.convert({"login": login, "logged_in": MEMBERS}, Entrance)


def stopped(guarding: Any) -> None:
    """Do what a scanner's run does when its workspace is cancelled."""
    with guarding as guard:
        assert isinstance(guard, Guard)
        assert guard.work.cancel.wait(20)
        raise Cancelled("the scanner was stopped")
