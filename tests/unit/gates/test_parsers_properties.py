"""Whatever a tool's report holds: findings or a typed error, and damage never makes a failure a pass."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sdlc.model import Completed, Verdict
from tests.unit.gates.parsers import PARSERS, verdict

EXAMPLES = 40
CUTS = 300
NEST = 100_000
NAMES = sorted(PARSERS)
OTHERS: tuple[object, ...] = (None, True, 7, 1.5, "word", [], {})
quick = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def holds(name: str, content: bytes) -> None:
    """No success without coverage, and none of what was a failure."""
    parser = PARSERS[name]
    reached, result = verdict(parser, content)
    if reached is Verdict.PASS:
        assert isinstance(result, Completed)
        assert parser.empties
        assert json.loads(content) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_output_is_no_pass(name: str) -> None:
    reached, _ = verdict(PARSERS[name], PARSERS[name].recorded.read_bytes())
    assert reached is (Verdict.PASS if name == "wapiti-log" else Verdict.FAIL)


@pytest.mark.parametrize("name", NAMES)
@quick
@given(content=st.binary(max_size=200))
def test_any_bytes_are_findings_or_an_error(name: str, content: bytes) -> None:
    holds(name, content)


@pytest.mark.parametrize("name", NAMES)
@quick
@given(value=json_values)
def test_any_json_is_findings_or_an_error(name: str, value: object) -> None:
    holds(name, json.dumps(value).encode())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_without_end_is_an_error(name: str, opening: str) -> None:
    holds(name, (opening * NEST).encode())


@pytest.mark.parametrize("name", NAMES)
def test_a_report_that_is_cut_anywhere_is_no_pass(name: str) -> None:
    parser = PARSERS[name]
    content = parser.recorded.read_bytes()
    length = content.index(parser.last_words) if parser.last_words else len(content)
    for end in sorted({length * cut // CUTS for cut in range(CUTS)}):
        reached, _ = verdict(parser, content[:end])
        assert reached is not Verdict.PASS, f"cut after {end} of {length} bytes"


TAUGHT = sorted((Path(__file__).parents[2] / "data" / "fuzz").glob("*/*"))


@pytest.mark.parametrize("file", TAUGHT, ids=[f"{file.parent.name}-{file.stem}" for file in TAUGHT])
def test_what_broke_a_parser_once_no_longer_does(file: Path) -> None:
    holds(file.parent.name, file.read_bytes())


def places(node: Any, data: frozenset[str], inside: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    """Each object or list with each of its keys, and whether the entry may be dropped."""
    keys = list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key, isinstance(node, dict) and not inside
        yield from places(node[key], data, inside=key in data)


def mutated(content: bytes, data: frozenset[str], draw: st.DataObject) -> bytes:
    """The output with one field dropped, or of another type; in JSON lines, of one of the lines."""
    lines = content.splitlines() if _is_lines(content) else [content]
    number = draw.draw(st.integers(0, len(lines) - 1))
    document = copy.deepcopy(json.loads(lines[number]))
    holder, key, droppable = draw.draw(st.sampled_from(list(places(document, data))))
    if droppable and draw.draw(st.booleans()):
        del holder[key]
    else:
        kind = type(holder[key])
        holder[key] = draw.draw(st.sampled_from([other for other in OTHERS if type(other) is not kind]))
    lines[number] = json.dumps(document).encode()
    return b"\n".join(lines) + b"\n"


def _is_lines(content: bytes) -> bool:
    try:
        json.loads(content)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("name", [name for name in NAMES if name != "wapiti-log"])
@settings(quick, max_examples=150)
@given(draw=st.data())
def test_a_damaged_report_never_makes_a_failure_a_pass(name: str, draw: st.DataObject) -> None:
    parser = PARSERS[name]
    reached, _ = verdict(parser, mutated(parser.recorded.read_bytes(), parser.data, draw))
    assert reached is not Verdict.PASS


def with_addresses(node: Any, address: str) -> Any:
    """The document with each URL in it, and each place that a reply sends the client, replaced."""
    if isinstance(node, dict):
        return {key: address if key == "url" else with_addresses(part, address) for key, part in node.items()}
    if isinstance(node, list) and len(node) == 2 and str(node[0]).lower() == "location":
        return [node[0], address]
    return [with_addresses(part, address) for part in node] if isinstance(node, list) else node


@pytest.mark.parametrize("name", ["wapiti", "zap"])
@pytest.mark.parametrize("address", ["http://[::1", "http://h:x/", "//[", "", "/path", "\ud800", "http://\u2100/"])
def test_addresses_that_are_none_are_an_error_or_named(name: str, address: str) -> None:
    parser = PARSERS[name]
    document = with_addresses(json.loads(parser.recorded.read_bytes()), address)
    reached, _ = verdict(parser, json.dumps(document).encode())
    assert reached is not Verdict.PASS
