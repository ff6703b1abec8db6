"""When two findings are the same."""

from __future__ import annotations

import itertools
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdlc.identity import fingerprinted, problems, route, same, unanimous
from sdlc.model import EndpointLocation, Finding, Location, PackageLocation, Rule, Severity, SourceLocation


def finding(
    location: Location, *, tool: str = "bandit", rule: str = "B602", cwe: tuple[int, ...] = (78,), **more: object
) -> Finding:
    made = Finding(rule=Rule(id=rule, cwe=cwe), severity=Severity.HIGH, message="m", location=location, tool=tool, gate=tool)
    return msgspec.structs.replace(made, **more)


def source(line: int = 1, end: int = 0, *, path: str = "a.py", snippet: str = "call(x)") -> SourceLocation:
    return SourceLocation(path=path, line=line, end_line=end, snippet=snippet)


def prints(*findings: Finding) -> list[str]:
    return [found.fingerprint for found in fingerprinted(findings, "g")]


@pytest.mark.parametrize(
    "moved",
    [
        source(40),
        source(40, 44),
        source(snippet="  call(x)\n"),
        source(snippet="call(x)\r"),
        source(snippet="\tcall(x)"),
    ],
)
def test_a_fingerprint_survives_shifted_lines_and_white_space(moved: SourceLocation) -> None:
    assert prints(finding(moved)) == prints(finding(source()))


def test_a_fingerprint_does_not_depend_on_what_a_tool_may_reword() -> None:
    reworded = finding(source(), message="other words", severity=Severity.LOW, fix="do", cwe=(1,))
    assert prints(reworded) == prints(finding(source()))


@pytest.mark.parametrize(
    "other",
    [
        finding(source(path="b.py")),
        finding(source(snippet="call(y)")),
        finding(source(), rule="B603"),
        finding(source(), tool="semgrep"),
        finding(PackageLocation(name="a.py", version="call(x)")),
        finding(EndpointLocation(method="GET", url="/a.py", parameter="call(x)")),
    ],
)
def test_another_place_text_rule_or_tool_has_another_fingerprint(other: Finding) -> None:
    assert prints(other) != prints(finding(source()))


def test_twins_are_told_apart_by_their_order_in_the_file() -> None:
    twins = [finding(source(line)) for line in (30, 10, 20)]
    marked = fingerprinted(twins, "g")
    assert [found.location.line for found in marked if isinstance(found.location, SourceLocation)] == [10, 20, 30]
    assert len({found.fingerprint for found in marked}) == 3
    shifted = [finding(source(line + 7)) for line in (10, 20, 30)]
    assert prints(*shifted) == [found.fingerprint for found in marked]


def test_a_part_of_a_key_can_not_borrow_from_its_neighbour() -> None:
    one = finding(EndpointLocation(method="GET", url="/a", parameter="b\x1fc"))
    other = finding(EndpointLocation(method="GET", url="/a\x1fb", parameter="c"))
    assert prints(one) != prints(other)


def test_a_file_name_that_is_not_unicode_has_a_fingerprint() -> None:
    assert prints(finding(source(path="\udcff.py"))) != prints(finding(source(path="\udcfe.py")))


@given(st.permutations([finding(source(line), message=text) for line in (1, 1, 2) for text in "ab"]))
def test_fingerprints_do_not_depend_on_the_order_of_a_report(findings: list[Finding]) -> None:
    assert fingerprinted(findings, "g") == fingerprinted(sorted(findings, key=repr), "g")


@pytest.mark.parametrize(
    ("url", "shape"),
    [
        ("http://127.0.0.1:8000/items/17/reviews/3?page=2#top", "/items/{id}/reviews/{id}"),
        ("/orders/3fa85f64-5717-4562-b3fc-2c963f66afa6", "/orders/{id}"),
        ("/static/deadbeefcafe", "/static/{id}"),
        ("/v1/items", "/v1/items"),
        ("http://shop", "/"),
        ("", "/"),
        ("/1\n", "/{id}"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_a_route_is_a_url_without_host_query_and_identifiers(url: str, shape: str) -> None:
    assert route(url) == shape


GET = EndpointLocation(method="GET", url="http://h/items/1?a=b", parameter="q")
PACKAGE = PackageLocation(name="Flask_Login", version="1.0")
PAIRS = [
    ("one line, one weakness", finding(source(5)), finding(source(5), tool="semgrep", rule="r"), True),
    ("a relative of the weakness", finding(source(5)), finding(source(5), tool="semgrep", rule="r", cwe=(77,)), True),
    ("another weakness", finding(source(5)), finding(source(5), tool="semgrep", rule="r", cwe=(89,)), False),
    ("one of several weaknesses", finding(source(5)), finding(source(5), tool="semgrep", rule="r", cwe=(89, 78)), True),
    ("lines that overlap", finding(source(5, 8)), finding(source(8), tool="semgrep"), True),
    ("lines that touch not", finding(source(5, 8)), finding(source(9), tool="semgrep"), False),
    ("another file", finding(source(5)), finding(source(5, path="b.py"), tool="semgrep"), False),
    ("no weakness named, another rule", finding(source(5), cwe=()), finding(source(5), rule="r", cwe=()), False),
    ("no weakness named, another tool", finding(source(5), cwe=()), finding(source(5), tool="t", cwe=()), False),
    ("no weakness named, the same words", finding(source(5), cwe=()), finding(source(5, 6), cwe=()), True),
    ("no weakness named, other words", finding(source(5), cwe=()), finding(source(5), cwe=(), message="o"), False),
    ("an alias in common", finding(PACKAGE, aliases=("CVE-1",)), finding(PACKAGE, rule="G", aliases=("CVE-1",)), True),
    ("an id that is the other's alias", finding(PACKAGE, rule="CVE-1"), finding(PACKAGE, aliases=("CVE-1",)), True),
    ("no advisory in common", finding(PACKAGE), finding(PACKAGE, rule="G"), False),
    ("no advisory named", finding(PACKAGE, rule=""), finding(PACKAGE, rule="", tool="t"), False),
    (
        "a package's name written otherwise",
        finding(PACKAGE),
        finding(PackageLocation(name="flask-login", version="1.0", manifest="other.txt"), tool="t"),
        True,
    ),
    ("another version", finding(PACKAGE), finding(PackageLocation(name="flask-login", version="1.1")), False),
    ("another object of one route", finding(GET), finding(msgspec.structs.replace(GET, url="/items/2", method="get")), True),
    ("another parameter", finding(GET), finding(msgspec.structs.replace(GET, parameter="p")), False),
    ("another method", finding(GET), finding(msgspec.structs.replace(GET, method="POST")), False),
    ("source and package", finding(source()), finding(PACKAGE), False),
]


@pytest.mark.parametrize(("one", "other", "expected"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS])
def test_whether_two_findings_are_the_same(one: Finding, other: Finding, expected: bool) -> None:
    assert same(one, other) is same(other, one) is expected
    assert len(problems([one, other])) == (1 if expected else 2)


def test_a_problem_takes_the_highest_severity_and_names_every_gate() -> None:
    low = finding(source(), severity=Severity.LOW, fingerprint="2", gate="zap")
    high = finding(source(), tool="semgrep", severity=Severity.CRITICAL, fingerprint="1", gate="a")
    (problem,) = problems([low, high])
    assert problem.severity is Severity.CRITICAL
    assert problem.gates == ("a", "zap")
    assert problem.first == high
    assert problem.fingerprint == "1"


def test_the_most_severe_problem_comes_first() -> None:
    found = [finding(source(line), severity=severity) for line, severity in enumerate(Severity, start=1)]
    assert [problem.severity for problem in problems(found)] == sorted(Severity, reverse=True)


CHAIN = [finding(source(1, 4)), finding(source(4, 6), tool="t"), finding(source(6, 9), tool="u"), finding(source(20))]


def test_what_is_linked_by_a_third_is_one_problem_but_not_unanimous() -> None:
    sizes = {len(problem.findings): unanimous(problem) for problem in problems(CHAIN)}
    assert sizes == {3: False, 1: True}


def test_many_reports_of_one_thing_are_unanimous_and_too_many_different_ones_are_not() -> None:
    (alike,) = problems([finding(source(1), proof=str(number)) for number in range(500)])
    (nested,) = problems([finding(source(1, 1000 + number)) for number in range(500)])
    assert unanimous(alike)
    assert not unanimous(nested)


places = st.one_of(
    st.builds(source, st.integers(1, 12), st.integers(0, 14), path=st.sampled_from("ab")),
    st.builds(PackageLocation, name=st.sampled_from(["a-b", "A_b"]), version=st.sampled_from("12")),
    st.builds(
        EndpointLocation, method=st.just("GET"), url=st.sampled_from(["/1", "/2", "/x"]), parameter=st.sampled_from("pq")
    ),
)
found = st.builds(
    finding,
    places,
    tool=st.sampled_from("tuv"),
    rule=st.sampled_from("rs"),
    cwe=st.sampled_from([(), (78,), (77,), (89,), (78, 89)]),
    aliases=st.sampled_from([(), ("X",), ("Y",), ("X", "Y")]),
)


@given(st.lists(found, max_size=12), st.randoms(use_true_random=False))
def test_problems_are_the_connected_parts_in_any_order(findings: list[Finding], chance: random.Random) -> None:
    marked = list(fingerprinted(findings, "g"))
    parts = [{number} for number in range(len(marked))]
    for one, other in itertools.combinations(range(len(marked)), 2):
        if same(marked[one], marked[other]):
            joined = [part for part in parts if one in part or other in part]
            parts = [part for part in parts if part not in joined] + [set().union(*joined)]
    expected = sorted(sorted(marked[number].fingerprint for number in part) for part in parts)
    chance.shuffle(marked)
    grouped = problems(marked)
    assert sorted(sorted(one.fingerprint for one in problem.findings) for problem in grouped) == expected
    assert grouped == problems(sorted(marked, key=repr))


@pytest.mark.parametrize("lines", [30_000, 1], ids=["many lines", "one line"])
def test_thirty_thousand_findings_in_one_file_are_grouped(lines: int) -> None:
    many = [
        finding(source(1 + number % lines, snippet=str(number)), rule=f"R{number % 50}", cwe=(number % 40 + 1000,))
        for number in range(30_000)
    ]
    assert sum(len(problem.findings) for problem in problems(fingerprinted(many, "g"))) == 30_000
