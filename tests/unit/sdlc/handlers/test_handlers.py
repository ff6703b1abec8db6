"""Routes read from source, and attacks joined to the code behind them."""

from __future__ import annotations

import textwrap
import threading
from pathlib import Path

import pytest

from sdlc import inventory
from sdlc.handlers import frameworks, index
from sdlc.handlers.link import find, link, match
from sdlc.handlers.model import Route, Span
from sdlc.identity import fingerprinted, problems, unanimous
from sdlc.model import Answer, EndpointLocation, Finding, Rule, Severity, SourceLocation


def routes_of(root: Path, **sources: str) -> set[tuple[str, tuple[str, ...], str]]:
    """Template, methods and handler of every route in the given modules (`a__b` is a/b.py)."""
    for name, source in sources.items():
        path = root / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))
    names = [path.relative_to(root).as_posix() for path in root.rglob("*.py")]
    found = frameworks.routes(index.read(root, names))
    return {(route.template, route.methods, f"{route.code[0].path}:{route.code[0].first}") for route in found}


def test_flask_with_a_blueprint(tmp_path: Path) -> None:
    found = routes_of(
        tmp_path,
        app="""
        from flask import Flask
        from shop import bp
        app = Flask(__name__)
        app.register_blueprint(bp, url_prefix="/shop")

        @app.route("/")
        def home(): ...
        """,
        shop="""
        from flask import Blueprint
        bp = Blueprint("shop", __name__, url_prefix="/never")

        @bp.route("/item/<int:number>", methods=["POST", "GET"])
        def item(number): ...

        @bp.get("/files/<path:name>")
        def files(name): ...
        """,
    )
    assert found == {
        ("/", ("GET",), "app.py:7"),
        ("/shop/item/{number}", ("GET", "POST"), "shop.py:5"),
        ("/shop/files/{name:path}", ("GET",), "shop.py:8"),
    }


def test_fastapi_with_a_router(tmp_path: Path) -> None:
    found = routes_of(
        tmp_path,
        main="""
        from fastapi import FastAPI
        from api import items
        app = FastAPI()
        app.include_router(items.router, prefix="/v1")
        """,
        api__items="""
        from fastapi import APIRouter
        router = APIRouter(prefix="/items")

        @router.put("/{id}")
        async def change(id: int): ...
        """,
    )
    assert found == {("/v1/items/{id}", ("PUT",), "api/items.py:5")}


def test_django_with_an_include_and_a_class(tmp_path: Path) -> None:
    found = routes_of(
        tmp_path,
        site__urls="""
        from django.urls import include, path
        urlpatterns = [path("blog/", include("blog.urls"))]
        """,
        blog__urls="""
        from django.urls import path, re_path
        from . import views
        urlpatterns = [
            path("<int:pk>/", views.show),
            re_path(r"^old/(?P<year>[0-9]{4})/$", views.Old.as_view()),
        ]
        """,
        blog__views="""
        from django.views import View

        def show(request, pk): ...

        class Old(View):
            def get(self, request, year): ...
            def post(self, request, year): ...
        """,
    )
    assert found == {
        ("/blog/{pk}/", (), "blog/views.py:4"),
        ("/blog/old/{year}/", ("GET",), "blog/views.py:7"),
        ("/blog/old/{year}/", ("POST",), "blog/views.py:8"),
    }


def test_the_functions_that_a_handler_calls_belong_to_its_code(tmp_path: Path) -> None:
    handler = "@app.get('/q')\ndef q():\n    return query('x')\n"
    (tmp_path / "app.py").write_text(f"from flask import Flask\nfrom store import query\napp = Flask(__name__)\n{handler}")
    (tmp_path / "store.py").write_text(
        "def query(x):\n    return run(x)\n\n\ndef run(x):\n    return x\n\n\ndef other(): ...\n"
    )
    (route,) = frameworks.routes(index.read(tmp_path, ["app.py", "store.py"]))
    assert route.code == (
        Span(path="app.py", first=4, last=6),
        Span(path="store.py", first=1, last=2),
        Span(path="store.py", first=5, last=6),
    )


@pytest.mark.parametrize("hostile", ["(" * 5000, "def (", "x = " + "-" * 100_000 + "1", "a\0b"])
def test_source_that_cannot_be_parsed_hurts_only_itself(tmp_path: Path, hostile: str) -> None:
    (tmp_path / "bad.py").write_text(hostile)
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef home(): ...\n")
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    routes, complaint = find(inventory.take(tmp_path), scratch, threading.Event())
    # Either the rest is known, or it is said that nothing is: a parser that crashes does so in a process of its own.
    assert [route.template for route in routes] == ["/"] or complaint


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "http://127.0.0.1:1/items/new", ["/items/new"]),
        ("GET", "http://127.0.0.1:1/items/7?x=1", ["/items/{id}"]),
        ("GET", "http://127.0.0.1:1/items/7/", ["/items/{id}"]),
        ("HEAD", "/items/7", ["/items/{id}"]),
        ("DELETE", "/items/7", []),
        ("GET", "/items/a/b", []),
        ("GET", "/files/a/b", ["/files/{name:path}"]),
        ("GET", "http://[", []),
    ],
)
def test_the_most_literal_route_answers(method: str, url: str, expected: list[str]) -> None:
    declared = ("/items/new", "/items/{id}", "/files/{name:path}")
    routes = [Route(template=template, methods=("GET",), code=()) for template in declared]
    assert [route.template for route in match(method, url, routes)] == expected


def attack(cwe: int, url: str = "http://127.0.0.1:1/q?x=1") -> Finding:
    location = EndpointLocation(method="GET", url=url, parameter="x")
    return Finding(
        rule=Rule(id="sqli", cwe=(cwe,)), severity=Severity.HIGH, message="injected", location=location, tool="wapiti"
    )


def sink(line: int) -> Finding:
    location = SourceLocation(path="store.py", line=line, snippet="execute(x)")
    return Finding(rule=Rule(id="B608", cwe=(89,)), severity=Severity.MEDIUM, message="built", location=location, tool="bandit")


ROUTE = Route(
    template="/q", methods=("GET",), code=(Span(path="app.py", first=1, last=9), Span(path="store.py", first=10, last=20))
)


@pytest.mark.parametrize(("cwe", "line", "joined"), [(89, 15, True), (79, 15, False), (89, 25, False), (943, 10, True)])
def test_an_attack_and_its_line_are_one_confirmed_problem(cwe: int, line: int, joined: bool) -> None:
    attacks = fingerprinted(link(Answer(findings=(attack(cwe),)), [ROUTE]).findings, "wapiti")
    found = problems([*attacks, *fingerprinted([sink(line)], "bandit")])
    assert [problem.confirmed for problem in found] == ([True] if joined else [False, False])
    assert all(unanimous(problem) for problem in found)
