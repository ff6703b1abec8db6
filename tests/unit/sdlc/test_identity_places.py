"""Where problems are: attacks and the code that lets them, relatives of a weakness, and how a place is written."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from sdlc.identity import MOST_COMPARED, fingerprinted, place, problems, same, unanimous
from sdlc.model import EndpointLocation, Finding, Location, PackageLocation, Rule, Severity, SourceLocation

HANDLER = (SourceLocation(path="app.py", line=10, end_line=20), SourceLocation(path="db.py", line=5, end_line=5))


def finding(
    location: Location, *, cwe: tuple[int, ...] = (89,), tool: str = "t", severity: Severity = Severity.HIGH
) -> Finding:
    return Finding(rule=Rule(id=tool, cwe=cwe), severity=severity, message="m", location=location, tool=tool, gate=tool)


def attack(*code: SourceLocation, cwe: tuple[int, ...] = (89,), severity: Severity = Severity.HIGH) -> Finding:
    location = EndpointLocation(method="GET", url="http://h/items/7", parameter="q", code=code)
    return finding(location, cwe=cwe, tool="zap", severity=severity)


def line(first: int, last: int = 0, *, path: str = "app.py", cwe: tuple[int, ...] = (89,), tool: str = "semgrep") -> Finding:
    return finding(SourceLocation(path=path, line=first, end_line=last), cwe=cwe, tool=tool)


REACHED = [
    ("inside the handler", attack(*HANDLER), line(15), True),
    ("its first line", attack(*HANDLER), line(10), True),
    ("its last line", attack(*HANDLER), line(20), True),
    ("into its first line", attack(*HANDLER), line(8, 10), True),
    ("from its last line on", attack(*HANDLER), line(20, 25), True),
    ("before it", attack(*HANDLER), line(9), False),
    ("after it", attack(*HANDLER), line(21), False),
    ("what the handler calls", attack(*HANDLER), line(5, path="db.py"), True),
    ("the same lines of another file", attack(*HANDLER), line(15, path="other.py"), False),
    ("the other file's lines in this one", attack(*HANDLER), line(5), False),
    ("a relative of the weakness", attack(*HANDLER), line(15, cwe=(564,)), True),
    ("another weakness", attack(*HANDLER), line(15, cwe=(79,)), False),
    ("no weakness named", attack(*HANDLER, cwe=()), line(15, cwe=()), False),
    ("an endpoint without code", attack(), line(15), False),
    ("two attacks", attack(*HANDLER), finding(attack(*HANDLER).location, cwe=(79,), tool="wapiti"), False),
    ("two lines", line(15), line(16, tool="u"), False),
]


@pytest.mark.parametrize(("one", "other", "expected"), [case[1:] for case in REACHED], ids=[case[0] for case in REACHED])
def test_an_attack_and_the_line_that_lets_it_are_one_problem(one: Finding, other: Finding, expected: bool) -> None:
    assert same(one, other) is same(other, one) is expected
    grouped = problems([one, other])
    assert len(grouped) == (1 if expected else 2)
    assert grouped[0].confirmed is expected
    assert unanimous(grouped[0])


def test_only_the_lines_that_it_reaches_join_an_attack() -> None:
    found = problems([attack(*HANDLER), line(15), line(30), line(15, cwe=(79,), tool="u"), line(15, path="other.py")])
    assert sorted(len(problem.findings) for problem in found) == [1, 1, 1, 2]


def test_a_confirmed_problem_names_the_line_and_then_the_endpoint_whichever_is_worse() -> None:
    for severity in (Severity.LOW, Severity.CRITICAL):
        (problem,) = problems([line(15), attack(*HANDLER, severity=severity)])
        assert problem.place == "app.py:15, confirmed at GET http://h/items/7 [q]"
    (seen,) = problems([line(15)])
    assert (seen.place, seen.confirmed) == ("app.py:15", False)
    (three,) = problems([line(15), line(15, tool="u"), attack(*HANDLER)])
    assert three.confirmed


@pytest.mark.parametrize(
    ("location", "words"),
    [
        (SourceLocation(path="a.py", line=3, end_line=9), "a.py:3"),
        (PackageLocation(name="flask", version="1.0"), "flask==1.0"),
        (PackageLocation(name="flask", version="1.0", manifest="req.txt"), "flask==1.0 (req.txt)"),
        (EndpointLocation(method="GET", url="http://h/"), "GET http://h/"),
        (EndpointLocation(method="GET", url="http://h/", parameter="q"), "GET http://h/ [q]"),
    ],
)
def test_a_place_is_written_as_a_person_would_search_for_it(location: Location, words: str) -> None:
    assert place(location) == words


# As the Common Weakness Enumeration has them: close relatives, which tools name for the same line.
RELATIVES = {
    "command injection": (77, 78, 88),
    "query injection": (89, 564, 943),
    "cross-site scripting": (79, 80, 83, 87),
    "path traversal": (22, 23, 36, 73),
    "code injection": (94, 95, 96, 1336),
    "weak cryptography": (326, 327, 328, 916),
    "credentials in the code": (259, 321, 522, 798),
    "certificates": (295, 297, 599),
}


@pytest.mark.parametrize("numbers", RELATIVES.values(), ids=RELATIVES.keys())
def test_relatives_of_a_weakness_at_one_line_are_one_problem(numbers: tuple[int, ...]) -> None:
    for one, other in itertools.combinations(numbers, 2):
        assert same(line(1, cwe=(one,)), line(1, cwe=(other,), tool="u"))
    strangers = [number for relatives in RELATIVES.values() if relatives != numbers for number in relatives]
    assert not any(same(line(1, cwe=(numbers[0],)), line(1, cwe=(stranger,), tool="u")) for stranger in strangers)


@pytest.mark.parametrize(("number", "expected"), [(MOST_COMPARED, True), (MOST_COMPARED + 1, False)])
def test_up_to_64_different_reports_are_compared(number: int, expected: bool) -> None:
    assert MOST_COMPARED == 64
    (problem,) = problems([line(1, 100 + last) for last in range(number)])
    assert unanimous(problem) is expected


def test_a_fingerprint_is_known_to_the_letter() -> None:
    # Waivers hold it: another one for the same finding would make every waiver void.
    snippet = "subprocess.call(x, shell=True)"
    known = msgspec.structs.replace(line(5, tool="bandit"), location=SourceLocation(path="a.py", line=5, snippet=snippet))
    first, twin = fingerprinted([known, known], "g")
    assert first.fingerprint == "4db07499eebd9d5e51cd"
    assert twin.fingerprint == "0a8d46c243a616a977c2"
    package = finding(PackageLocation(name="Flask_Login", version="1.0"))
    assert fingerprinted([package], "g")[0].fingerprint == "f4c5b819d3aca442cd31"


def test_findings_are_ordered_by_file_then_line_then_words() -> None:
    shuffled = [
        line(10),
        line(9),
        line(2, path="z.py"),
        line(2),
        line(2, tool="a"),
        finding(PackageLocation(name="b", version="1")),
    ]
    order = [place(found.location) + found.tool for found in fingerprinted(shuffled, "g")]
    assert order == ["app.py:2a", "app.py:2semgrep", "app.py:9semgrep", "app.py:10semgrep", "b==1t", "z.py:2semgrep"]
