"""A scan that is logged in, and knows when it no longer is: the proxy's real process before a real server."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sdlc_gates._dast.entrance import Entrance
from sdlc_gates._dast.guard import Guard, Plan, guarded

from sdlc.errors import Cancelled, TargetFailed
from sdlc.gate import Workspace
from tests.unit.gates.members import FORM, MEMBERS, TOKEN, WORDS, Shop
from tests.unit.gates.sites import Asked, Said, serving

SOON = 0.1
INSIDE = "<p>Hello Ann"

Guarding = Callable[..., Any]


@pytest.fixture
def guarding(workspace: Callable[..., Workspace], tmp_path: Path) -> Guarding:
    """Starts a proxy that is logged in as the options of a gate say."""

    def start(url: str, **options: object) -> Any:
        entrance = msgspec.convert(options, Entrance)
        return guarded(workspace(tmp_path), Plan(url=url, identity=entrance.identity()))

    return start


def through(guard: Guard, url: str, **headers: str) -> tuple[str, list[str]]:
    """Body, and the cookies that the reply sets."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": guard.url}))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=10) as reply:
        return reply.read().decode(), reply.headers.get_all("Set-Cookie") or []


@pytest.mark.parametrize("login", [FORM, TOKEN], ids=["form", "token"])
def test_the_scanner_is_logged_in_and_a_look_is_taken_before_and_after(login: dict[str, Any], guarding: Guarding) -> None:
    with serving(Shop()) as site:
        with guarding(site.url, login=login, logged_in=MEMBERS) as guard:
            assert through(guard, f"{site.url}/members")[0].startswith(INSIDE)
        assert guard.account.checks == 2
        assert [(c.what, c.measured, c.expected) for c in guard.coverage()] == [("looks at the session", 2, 2)]


def test_a_header_from_the_environment_opens_the_door(guarding: Guarding, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_THE_TEST", "the-key-itself")

    def locked(asked: Asked) -> Said:
        return (200, [], "in") if asked.headers.get("X-Api-Key") == "the-key-itself" else (401, [], "out")

    with serving(locked) as site:
        with guarding(site.url, headers_env={"X-Api-Key": "KEY_OF_THE_TEST"}, logged_in={"path": "/in"}) as guard:
            assert through(guard, f"{site.url}/in", **{"X-API-KEY": "guessed"})[0] == "in"
        assert guard.secrets == {"the-key-itself"}
        assert "the-key-itself" not in guard.log.read_text()


def test_what_replies_to_attacks_set_neither_changes_the_session_nor_shows_it(guarding: Guarding) -> None:
    with serving(Shop()) as site, guarding(site.url, login=FORM, logged_in=MEMBERS) as guard:
        _, cookies = through(guard, f"{site.url}/switch")
        assert cookies == ["sid=kept-by-the-gate; HttpOnly", "other=shown"]
        assert through(guard, f"{site.url}/members", Cookie="sid=another; other=shown")[0].startswith(INSIDE)
        assert site.asked[-1].cookies["other"] == "shown"


def test_a_session_that_dies_midway_is_renewed_and_that_is_said(guarding: Guarding) -> None:
    with serving(Shop(lives=2)) as site:
        with guarding(site.url, login=FORM, logged_in=MEMBERS | {"seconds": SOON}) as guard:
            assert until(lambda: b"lost" in guard.log.read_bytes())
            assert through(guard, f"{site.url}/")[0]
        assert guard.lost[0] == "answered 303"
        assert guard.notes()[0].startswith("the session was lost and renewed ")


def test_a_logout_is_noticed_at_once(guarding: Guarding) -> None:
    with serving(Shop()) as site, guarding(site.url, login=FORM, logged_in=MEMBERS) as guard:
        through(guard, f"{site.url}/logout")
        assert until(lambda: b"lost" in guard.log.read_bytes())
        assert through(guard, f"{site.url}/members")[0].startswith(INSIDE)


def test_a_session_that_can_not_be_renewed_stops_the_scan(guarding: Guarding) -> None:
    with serving(Shop(lives=2, logins=1)) as site, pytest.raises(TargetFailed, match="gave no session"):
        stopped(guarding(site.url, login=TOKEN, logged_in=MEMBERS | {"seconds": SOON}))


def stopped(guarding: Any) -> None:
    """Do what a scanner's run does when its workspace is cancelled."""
    with guarding as guard:
        assert guard.work.cancel.wait(20)
        raise Cancelled("the scanner was stopped")


def test_a_session_that_is_lost_again_and_again_is_none(guarding: Guarding) -> None:
    with serving(Shop(lives=1)) as site, pytest.raises(TargetFailed, match="the session was lost"):
        stopped(guarding(site.url, login=FORM, logged_in=MEMBERS | {"seconds": SOON}))


def test_a_session_found_dead_at_the_end_leaves_no_answer(guarding: Guarding) -> None:
    shop = Shop(logins=1)
    with (
        serving(shop) as site,
        pytest.raises(TargetFailed, match="gave no session"),
        guarding(site.url, login=TOKEN, logged_in=MEMBERS),
    ):
        shop.open.clear()


def test_a_target_that_hangs_at_the_end_leaves_no_answer(guarding: Guarding) -> None:
    busy: list[bool] = []
    shop = Shop()

    def tired(asked: Asked) -> Said:
        return (503, [], "busy") if busy else shop(asked)

    with (
        serving(tired) as site,
        pytest.raises(TargetFailed, match="3 times in a row: it answered 503"),
        guarding(site.url, login=TOKEN, logged_in=MEMBERS),
    ):
        busy.append(True)


def test_a_target_that_is_busy_for_a_moment_has_not_lost_the_session(guarding: Guarding) -> None:
    replies = iter([401, 200, 500, 200])

    def tired(asked: Asked) -> Said:
        return next(replies), [], ""

    with serving(tired) as site:
        with guarding(site.url, headers_env={"X": "PATH"}, logged_in={"path": "/"}) as guard:
            pass
        assert (guard.account.checks, guard.lost) == (2, ())


def test_a_page_that_only_fails_from_the_beginning_shows_no_session(guarding: Guarding) -> None:
    with serving(lambda asked: (500, [], "")) as site, pytest.raises(TargetFailed, match="logged in, and yet / answered 500"):
        stopped(guarding(site.url, headers_env={"X": "PATH"}, logged_in={"path": "/"}))


def test_a_page_that_everybody_sees_tells_no_session(guarding: Guarding) -> None:
    with serving(Shop()) as site, pytest.raises(TargetFailed, match="shows to everybody"):
        stopped(guarding(site.url, login=FORM, logged_in={"path": "/"}))


def test_a_wrong_password_is_no_session_and_does_not_stand_in_the_complaint(guarding: Guarding) -> None:
    def echoing(asked: Asked) -> Said:
        return 401, [], f"wrong: {asked.body}"

    with serving(echoing) as site, pytest.raises(TargetFailed, match=r"no data\.token") as complaint:
        stopped(guarding(site.url, login=TOKEN, logged_in=MEMBERS))
    assert WORDS not in str(complaint.value)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"login": TOKEN}, "need logged_in"),
        ({"headers_env": {"A": "B"}}, "need logged_in"),
        ({"logged_in": MEMBERS}, "needs login"),
        ({"login": TOKEN, "logged_in": MEMBERS | {"seconds": 0}}, "> 0|>= "),
    ],
)
def test_a_session_that_nobody_looks_at_is_no_configuration(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        msgspec.convert(options, Entrance)


def test_a_variable_that_is_not_set_is_named() -> None:
    entrance = msgspec.convert({"headers_env": {"A": "NOT_SET_ANYWHERE"}, "logged_in": MEMBERS}, Entrance)
    with pytest.raises(TargetFailed, match="NOT_SET_ANYWHERE"):
        entrance.identity()


def until(happened: Callable[[], bool]) -> bool:
    for _ in range(200):
        if happened():
            return True
        time.sleep(0.1)
    return False
