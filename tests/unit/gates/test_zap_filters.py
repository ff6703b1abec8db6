from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from sdlc_gates._dast.routes import Route, Visit
from sdlc_gates._zap import fence, scope
from sdlc_gates._zap.destructive import DESTRUCTIVE
from sdlc_gates._zap.filters import applied
from sdlc_gates._zap.headers import carrying
from sdlc_gates._zap.options import Filter, ZapOptions
from sdlc_gates.zap import hushed

from sdlc.model import Answer, EndpointLocation, Finding, Rule, Severity

HERE = "http://127.0.0.1:8080"
PAGE = Path(__file__).parents[3] / "docs" / "gates" / "zap.md"


def finding(rule: str, path: str = "/a", parameter: str = "q", proof: str = "") -> Finding:
    place = EndpointLocation(method="GET", url=HERE + path, parameter=parameter)
    return Finding(rule=Rule(id=rule), severity=Severity.HIGH, message="m", location=place, proof=proof)


@pytest.mark.parametrize(
    ("one", "matches"),
    [
        (Filter(rule="10038", reason="r"), True),
        (Filter(rule="10038-1", reason="r"), True),
        (Filter(rule="1003", reason="r"), False),
        (Filter(rule="10038-2", reason="r"), False),
        (Filter(rule="10038", path="/static/*", reason="r"), True),
        (Filter(rule="10038", path="/static", reason="r"), False),
        (Filter(rule="10038", parameter="id", reason="r"), False),
    ],
)
def test_a_filter_matches_a_rule_and_its_parts_where_it_says(one: Filter, matches: bool) -> None:
    ((found,), (note,)) = applied([finding("10038-1", "/static/%61.css")], [one])
    assert bool(found.suppression) is matches
    assert note.startswith(f"{int(matches)} findings")


def test_the_first_filter_decides_and_nothing_is_dropped() -> None:
    filters = [Filter(rule="1", reason="first", risk="low"), Filter(rule="1", reason="second")]
    found, notes = applied([finding("1"), finding("2")], filters)
    assert [one.severity for one in found] == [Severity.LOW, Severity.HIGH]
    assert "high by ZAP: first" in found[0].proof
    assert not found[0].suppression
    assert notes[1].startswith("0 findings")


def test_a_path_is_crawled_or_attacked_only_when_it_is_included_and_the_first_page_is_where_a_crawl_begins() -> None:
    def left_alone(path: str, *, crawl: bool) -> bool:
        patterns = fence.bans(HERE, ("/shop/out",), ("/shop/*", "/b"), first_page=crawl)
        return any(re.match(pattern, HERE + path) for pattern in patterns)

    for crawl in (True, False):
        assert not left_alone("/shop/a?q=1", crawl=crawl)
        assert not left_alone("/b", crawl=crawl)
        assert left_alone("/shop/out", crawl=crawl)
        assert left_alone("/admin/shop/a", crawl=crawl)
        assert left_alone("/b/c", crawl=crawl)
        assert left_alone("/", crawl=crawl) is not crawl


def test_routes_that_are_not_included_are_named_and_not_expected() -> None:
    known = (Route("GET", "/shop/a"), Route("GET", "/admin"))
    visits = [Visit("GET", f"{HERE}/shop/a", 200), Visit("GET", f"{HERE}/admin", 403)]
    found = scope.coverage(known, visits, ZapOptions(include=("/shop/*",)))
    assert (found.measured, found.expected, [item.item for item in found.excluded]) == (1, 1, ["GET /admin"])
    assert scope.coverage(known, visits, ZapOptions(include=("/x",))).expected == 0
    assert scope.coverage((), visits, ZapOptions(include=("/shop/*",))).expected == 1


def test_the_page_lists_the_rules_that_may_do_harm_and_why() -> None:
    text = PAGE.read_text("utf-8")
    told = {
        rule: why for rules, why in re.findall(r"^\| ([\d, ]+) \| (.+) \|$", text, re.MULTILINE) for rule in rules.split(", ")
    }
    assert told == dict(DESTRUCTIVE)
    assert ZapOptions(destructive=False).left_out() == DESTRUCTIVE
    assert not ZapOptions().left_out()


def test_rules_that_are_required_can_not_be_left_out() -> None:
    for more in ({"destructive": False}, {"rules": {"40018": "off"}}):
        with pytest.raises(msgspec.ValidationError, match="40018"):
            msgspec.convert({"required_rules": [40018], **more}, ZapOptions)


@pytest.mark.parametrize("rule", ["xss", "sdlc-", "4001x"])
def test_a_rule_is_named_by_its_number(rule: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="number"):
        msgspec.convert({"rules": {rule: {"threshold": "low"}}}, ZapOptions)


def test_a_header_can_not_break_out_of_the_script_that_sets_it() -> None:
    (script,) = carrying({"X-A": "\"}; out(); '</script>\n"}, HERE)
    assert r'"X-A": "\"}; out();' in script.text
    assert not script.judges
    assert carrying({}, HERE) == ()


def test_a_secret_that_a_page_shows_is_in_no_finding() -> None:
    answer = Answer(findings=(finding("1", proof="evidence: word-of-mine"),))
    assert "word-of-mine" not in str(hushed(answer, {"word-of-mine"}))


def test_no_filter_is_meant_for_what_is_no_address() -> None:
    odd = msgspec.structs.replace(finding("10038"), location=EndpointLocation(method="GET", url="http://["))
    ((found,), _) = applied([odd], [Filter(rule="10038", reason="r")])
    assert found == odd
