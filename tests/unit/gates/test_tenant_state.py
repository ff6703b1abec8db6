"""What counts as a change of somebody else's state, and how it is told."""

from __future__ import annotations

import pytest
from sdlc_gates._dast.client import Reply, Request
from sdlc_gates._tenants.marks import Sight
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.people import Session
from sdlc_gates._tenants.probing import Leak
from sdlc_gates._tenants.state import Change, changes, telling
from sdlc_gates._tenants.templates import filled, filled_in
from sdlc_gates._tenants.verdicts import RULES, finding, rule_of, told

from sdlc.errors import TargetFailed
from sdlc.model import Severity


def test_what_read_the_same_twice_and_then_differently_has_changed() -> None:
    before = {"text": "a", "views": "1", "gone": "x"}
    again = {"text": "a", "views": "2", "gone": "x"}
    after = {"text": "b", "views": "3", "new": "y"}
    assert [change.what for change in changes(before, again, after)] == ["gone", "new", "text"]


def test_nothing_has_changed_where_nothing_did() -> None:
    assert changes({"a": "1"}, {"a": "1"}, {"a": "1"}) == ()
    assert changes({"a": "1"}, {"a": "2"}, {"a": "7"}) == ()


@pytest.mark.parametrize(
    ("change", "telling_by_itself"),
    [
        (Change("text", "canary", "theirs"), True),
        (Change("text", "canary", ""), True),
        (Change("text", "old", "theirs"), True),
        (Change("count", "1", "2"), False),
        (Change("text", "canary and theirs", "theirs canary"), False),
    ],
)
def test_a_change_tells_by_itself_when_it_holds_the_others_text_or_the_canary_is_gone(
    change: Change, telling_by_itself: bool
) -> None:
    assert bool(telling((change,), ("theirs",), "canary")) is telling_by_itself


def leak(**more: object) -> Leak:
    request = Request("GET", "/a/1", (("Authorization", "Bearer secret-token"), ("X-Key", "my-key"), ("X-Other", "y")))
    known = {"owner": "ann", "caller": "bob", "anonymous": False, "request": request, "reply": Reply(200), **more}
    return Leak(**known, credentials=frozenset({"X-Key"}))  # type: ignore[arg-type]


SIGHT = Sight("canary", "body", "x canary y")


@pytest.mark.parametrize(
    ("one", "listed", "rule", "severity"),
    [
        (leak(sight=SIGHT), False, "tenant-read", Severity.HIGH),
        (leak(sight=SIGHT), True, "tenant-list", Severity.HIGH),
        (leak(sight=SIGHT, by_name=True), True, "tenant-names", Severity.MEDIUM),
        (leak(changed=(Change("text", "a", "b"),)), False, "tenant-write", Severity.CRITICAL),
        (leak(sight=SIGHT, anonymous=True), True, "anonymous-read", Severity.CRITICAL),
        (leak(changed=(Change("text", "a", "b"),), anonymous=True), False, "anonymous-write", Severity.CRITICAL),
    ],
)
def test_each_way_to_leak_has_a_rule(one: Leak, listed: bool, rule: str, severity: Severity) -> None:
    assert rule_of(one, listed=listed) == rule
    assert RULES[rule][0] is severity
    assert RULES[rule][1].cwe


def test_a_finding_holds_no_credentials() -> None:
    found = finding(
        Operation("GET", "/a/{id}"),
        "tenant-read",
        (told(leak(sight=SIGHT), "http://h", lambda text: text.replace("x canary", "[redacted]")),),
        "id",
        "http://h",
    )
    assert "secret-token" not in found.proof
    assert "my-key" not in found.proof
    assert "X-Other: y" in found.proof
    assert "[redacted] y" in found.proof


def test_sessions_join_their_cookies_to_those_of_the_request() -> None:
    session = Session("ann", 0, {}, (("Cookie", "s=1"), ("X-Key", "k")))
    sent = session.with_credentials(Request("GET", "/", (("x-key", "other"), ("Cookie", "note=7"))))
    assert sent.headers == (("X-Key", "k"), ("Cookie", "note=7; s=1"))


def test_templates_are_filled_in_everywhere_and_miss_no_word() -> None:
    assert filled_in({"a": ["{user}", 1, None], "b": {"c": "x{user}"}}, {"user": "ann"}) == {
        "a": ["ann", 1, None],
        "b": {"c": "xann"},
    }
    with pytest.raises(TargetFailed, match=r"nothing says what \{pass\} stands for"):
        filled("{user} {pass}", {"user": "ann"})
