"""Routes that a hostile project declares cost no more time than others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from sdlc import inventory
from sdlc.handlers.link import find, match
from sdlc.handlers.model import Route

TEMPLATES = [
    "/" + "{a}" * 50 + "!",
    "/" + "{a}x" * 50 + "!",
    "/" + "{a:path}/x" * 50 + "!",
    "/{a:path}" * 20 + "!",
]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("path", ["/" + "x" * 250, "/" + "x/" * 120, "/" + "x" * 1_000_000])
def test_a_template_of_many_parameters_is_not_tried(template: str, path: str) -> None:
    assert match("GET", f"http://h{path}", [Route(methods=(), template=template, code=())]) == ()


@pytest.mark.parametrize(
    ("template", "path"), [("/items/{id}", "/items/3"), ("/{a}-{b}", "/x-y"), ("/files/{p:path}", "/files/a/b")]
)
def test_an_ordinary_template_matches(template: str, path: str) -> None:
    route = Route(methods=(), template=template, code=())
    assert match("GET", f"http://h{path}", [route]) == (route,)


def test_reading_routes_stops_when_it_is_cancelled(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    cancel = threading.Event()
    cancel.set()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    routes, why = find(inventory.take(tmp_path), scratch, cancel)
    assert routes == ()
    assert "was stopped" in why
