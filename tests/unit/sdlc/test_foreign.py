"""Documents of strangers: what they say arrives as JSON would say it, and none of them hurts or holds up this process."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sdlc.errors import Cancelled
from sdlc.foreign import reading

PATIENCE = 3.0
"""Seconds for what would take years."""


def read(content: str | bytes, tmp_path: Path, seconds: float = reading.SECONDS) -> object:
    raw = content.encode() if isinstance(content, str) else content
    return reading.read(raw, tmp_path, threading.Event(), seconds)


def chain(first: str, following: str) -> str:
    """Lines that each say ten times what the line before says."""
    return "\n".join([f"a0: &a0 {first}", *(f"a{n}: &a{n} {following.format(before=n - 1)}" for n in range(1, 12))])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": [1, 2.5, null, true]}', {"a": [1, 2.5, None, True]}),
        ('\ufeff {"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ("a: [1, 2.5, null, true, é]", {"a": [1, 2.5, None, True, "é"]}),
        ("a: 2024-01-31\nb: 2024-01-31T10:00:00Z", {"a": "2024-01-31", "b": "2024-01-31T10:00:00Z"}),
        ("200: {x: &x [1]}\n404: *x", {"200": {"x": [1]}, "404": [1]}),
        ("base: &b {x: 1}\na: {<<: *b, y: 2}", {"base": {"x": 1}, "a": {"x": 1, "y": 2}}),
        ("", None),
    ],
)
def test_json_and_yaml_arrive_in_the_types_of_json(content: str, says: object, tmp_path: Path) -> None:
    assert read(content, tmp_path) == says
    assert list(tmp_path.iterdir()) == []


HOSTILE = {
    "aliases of aliases": (chain("[x, x]", "[" + "*a{before}, " * 10 + "]"), "unfolds to more than"),
    "an alias of what it lies in": ("a: &a [*a]", "unfolds to more than"),
    "a string said a million times": (
        f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 10_000}]",
        "too much|exit code|signal|No space|File too large",
    ),
    "nesting in YAML": ("[" * 100_000, "signal|exit code|recursion|deep"),
    "nesting in JSON": ('{"a":' * 100_000, "recursion"),
    "many parts": ('{"a": [' + "0," * 1_000_001 + "0]}", "unfolds to more than"),
    "an object of Python's": ("!!python/object/apply:os.system ['true']", "could not determine a constructor"),
    "a key that is a list": ("? [a, b]\n: 1", "key"),
    "no number": ("a: .nan", "not JSON compliant"),
    "bytes that are no text": (b"\xff\xfe\xfd", "decode|character|acceptable"),
}


@pytest.mark.parametrize(("content", "reason"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_hostile_is_refused_with_its_reason(content: str | bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=reason):
        read(content, tmp_path)
    assert list(tmp_path.iterdir()) == []


ENDLESS = {
    "merges of merges": chain("{x: 1}", "{{<<: [" + "*a{before}, " * 10 + "]}}"),
    "a number to the base of 60": "a: 1" + ":1" * 1_000_000,
}


@pytest.mark.parametrize("content", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_would_take_years_is_given_up(content: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too much"):
        read(content, tmp_path, PATIENCE)
    assert list(tmp_path.iterdir()) == []


def test_it_stops_when_the_run_is_cancelled(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(Cancelled):
        reading.read(b"a: 1" + b":1" * 1_000_000, tmp_path, cancel)
