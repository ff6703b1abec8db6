from __future__ import annotations

import json
import urllib.request

import pytest
from sdlc_gates._dast import echo
from sdlc_gates._dast.routes import Route, Visit, coverage, declared, described_routes, known, starts
from sdlc_gates._dast.samples import samples

from sdlc.errors import TargetFailed
from sdlc.handlers.model import Route as Declared
from sdlc.handlers.model import Span
from sdlc.target import Target

SHOP = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://shop.example/api"}],
    "paths": {
        "/mugs/{id}": {
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer", "minimum": 5}}],
            "get": {},
            "put": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Mug"}}}}},
        },
        "/mugs": {
            "get": {"parameters": [{"name": "colour", "in": "query", "schema": {"enum": ["blue", "red"]}}]},
            "post": {"requestBody": {"content": {"application/x-www-form-urlencoded": {"example": {"name": "a b"}}}}},
        },
    },
    "components": {
        "schemas": {
            "Mug": {
                "allOf": [{"type": "object", "properties": {"id": {"type": "string", "format": "uuid"}}}],
                "properties": {
                    "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Mug"}},
                    "name": {"type": "string", "example": "Blue"},
                    "price": {"type": "number"},
                },
            }
        }
    },
}


def reached(routes: tuple[Route, ...], *visits: Visit, exclude: tuple[str, ...] = ()) -> tuple[int, int, list[tuple[str, str]]]:
    found = coverage(routes, visits, exclude)
    return found.measured, found.expected, [(item.item, item.reason) for item in found.missing]


@pytest.mark.parametrize("address", ["http://[::1", "http://[x]/", "//[", "http://\u2100/"])
def test_an_address_that_cannot_be_read_is_named(address: str) -> None:
    assert reached((), Visit("GET", "http://h/a", 200), Visit("GET", address, 200)) == (
        *(1, 2),
        [(address, "an address that can't be read was visited")],
    )
    gone = Visit("GET", "http://h/a", 302, address)
    assert gone.closed == "302: sent to an address that can't be read"
    with pytest.raises(TargetFailed, match="no address"):
        described_routes({"servers": [{"url": address}], "paths": {"/a": {"get": {}}}})


def test_a_template_that_would_take_years_to_match_is_not_reached() -> None:
    tangled = Route("GET", "/" + "{a}" * 20 + "!")
    (missing,) = reached((tangled, Route("GET", "/{a}-{b}")), Visit("GET", "http://h/" + "1-2" * 100, 200))[2]
    assert missing == (str(tangled), "too much in one part of its path varies to tell what belongs to it")
    assert reached((Route("GET", "/{a:path}/{b:path}"),), Visit("GET", "http://h/1/2", 200))[0] == 0


def test_routes_are_the_operations_below_the_servers_path() -> None:
    assert [str(route) for route in described_routes(SHOP)] == [
        "GET /api/mugs/{id}",
        "PUT /api/mugs/{id}",
        "GET /api/mugs",
        "POST /api/mugs",
    ]
    assert described_routes({"swagger": "2.0", "basePath": "/v1/", "paths": {"/a": {"get": {}}}}) == (Route("GET", "/v1/a"),)


def test_named_routes_join_the_described_ones() -> None:
    target = Target(url="http://h", ready="/", openapi={"paths": {"/a": {"get": {}}}}, routes=("/b", "POST /c", "GET /a"))
    assert [str(route) for route in known(target)] == ["GET /a", "/b", "POST /c"]


def test_a_route_counts_once_its_handler_answered() -> None:
    routes = (Route("GET", "/a"), Route("GET", "/b/{id}"), Route("POST", "/c"))
    visits = (Visit("GET", "http://h/a?x=1", 200), Visit("GET", "http://h/b/7", 418), Visit("POST", "http://h/c", 422))
    assert reached(routes, *visits) == (3, 3, [])


@pytest.mark.parametrize("status", [0, 401, 403, 404, 405, 429, 502, 503, 504])
def test_a_route_that_let_nobody_in_is_missing(status: int) -> None:
    measured, expected, missing = reached((Route("GET", "/a"),), Visit("GET", "http://h/a", status))
    assert (measured, expected) == (0, 1)
    assert missing[0][0] == "GET /a"


def test_being_sent_to_the_login_shows_nothing_of_a_route() -> None:
    routes = (Route("GET", "/orders"), Route("GET", "/login"), Route("POST", "/logout"), Route("GET", "/old"))
    visits = (
        Visit("GET", "http://h/orders", 303, "/login?next=/orders"),
        Visit("GET", "http://h/login", 302, "/login/"),
        Visit("POST", "http://h/logout", 303, "http://h/sign-in"),
        Visit("GET", "http://h/old", 301, "/blogging"),
    )
    assert reached(routes, *visits) == (3, 4, [("GET /orders", "303: sent to the login")])


@pytest.mark.parametrize("status", [401, 403])
def test_a_login_that_refuses_a_made_up_password_has_answered(status: int) -> None:
    schema = {"properties": {"user": {}, "Password": {"type": "string"}}}
    body = {"requestBody": {"content": {"application/json": {"schema": {"allOf": [schema]}}}}}
    two = {"parameters": [{"in": "formData", "name": "passwd"}]}
    document = {"paths": {"/in": {"post": body}, "/token": {"post": two}, "/me": {"get": {}}}}
    visits = (
        Visit("POST", "http://h/in", status),
        Visit("POST", "http://h/token", status),
        Visit("GET", "http://h/me", status),
    )
    measured, expected, missing = reached(described_routes(document), *visits)
    assert (measured, expected, [item for item, _ in missing]) == (2, 3, ["GET /me"])


def test_a_reference_that_goes_round_ends() -> None:
    node = {"allOf": [{"$ref": "#/components/schemas/Node"}], "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    body = {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}}}
    document = {"components": {"schemas": {"Node": node}}, "paths": {"/a": {"post": body}}}
    assert [str(route) for route in described_routes(document)] == ["POST /a"]
    assert [sample.path for sample in samples(document)] == ["/a"]


def test_one_open_reply_is_enough_whatever_came_before_or_after() -> None:
    visits = [Visit("GET", "http://h/a", status) for status in (401, 200, 403)]
    assert reached((Route("GET", "/a"),), *visits) == (1, 1, [])


def test_a_route_never_asked_for_is_missing() -> None:
    assert reached((Route("GET", "/a"),), Visit("POST", "http://h/a", 200)) == (0, 1, [("GET /a", "never reached")])


def test_the_most_literal_route_gets_the_visit() -> None:
    routes = (Route("GET", "/mugs/{id}"), Route("GET", "/mugs/new"))
    assert reached(routes, Visit("GET", "http://h/mugs/new", 200)) == (1, 2, [("GET /mugs/{id}", "never reached")])


def test_excluded_routes_are_shown_and_not_expected() -> None:
    found = coverage((Route("GET", "/a"), Route("POST", "/logout")), [Visit("GET", "http://h/a", 200)], ("/log*",))
    assert (found.measured, found.expected) == (1, 1)
    assert [item.item for item in found.excluded] == ["POST /logout"]


def test_without_a_description_the_paths_that_were_found_count() -> None:
    visits = (
        Visit("GET", "http://h/mugs/1", 200),
        Visit("GET", "http://h/mugs/2", 200),
        Visit("GET", "http://h/robots.txt", 404),
        Visit("GET", "http://h/admin", 403),
    )
    assert reached((), *visits) == (1, 2, [("GET /admin", "403: not allowed in")])


def test_nothing_found_is_nothing_covered() -> None:
    assert reached((), Visit("GET", "http://h/", 404)) == (0, 0, [])


def test_samples_take_examples_choices_bounds_and_types() -> None:
    get, put, listing, post = samples(SHOP)
    assert (get.method, get.path, get.template) == ("GET", "/api/mugs/5", "/api/mugs/{id}")
    assert listing.path == "/api/mugs?colour=blue"
    assert post.body == "name=a+b"
    body = json.loads(put.body)
    assert (body["name"], body["price"], body["id"]) == ("Blue", 1.5, "00000000-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"paths": []},
        {"paths": {"/a": None}},
        {"paths": {"/a": {"get": {"parameters": {"no": "list"}, "requestBody": {"$ref": "#/gone"}}}}},
    ],
)
def test_odd_descriptions_give_what_they_can(document: dict[str, object]) -> None:
    assert all(sample.path == "/a" for sample in samples(document))


def test_the_planted_page_writes_back_what_it_is_sent() -> None:
    with echo.planted() as target, urllib.request.urlopen(f"{target.url}/search?q=%3Csvg%3E") as reply:
        assert b"<svg>" in reply.read()
        assert target.is_local


def at(template: str, *methods: str, path: str = "shop/app.py") -> Declared:
    return Declared(template=template, methods=methods, code=(Span(path=path, first=1, last=2),))


def test_routes_that_the_code_declares_are_known_too_and_none_counts_twice() -> None:
    target = Target(url="http://h", ready="/", openapi={"paths": {"/a/{id}": {"get": {}}}}, routes=("/named",))
    code = (
        at("/a/{number}", "GET", "HEAD"),
        at("/a/{number}", "DELETE", "OPTIONS"),
        at("/named"),
        at("/made-up", "GET", path="tests/fixtures/app.py"),
        at("/files/{name:path}", "GET"),
    )
    assert [str(route) for route in known(declared(target, code))] == [
        "GET /a/{id}",
        "/named",
        "DELETE /a/{number}",
        "GET /files/{name:path}",
    ]
    assert known(declared(target, ())) == known(target)


def test_a_part_that_may_hold_slashes_matches_them() -> None:
    assert Route("GET", "/files/{name:path}/raw").pattern.fullmatch("/files/a/b/raw")
    assert not Route("GET", "/files/{name}/raw").pattern.fullmatch("/files/a/b/raw")


def test_a_scan_begins_at_named_routes_that_a_plain_get_reaches() -> None:
    target = Target(
        url="http://h", ready="/", openapi={"paths": {"/x": {"get": {}}}}, routes=("/a", "GET /b", "POST /c", "/d/{e}")
    )
    assert starts(target, ()) == ["http://h/a", "http://h/b"]
    assert starts(target, ("/b*",)) == ["http://h/a"]


def test_a_login_that_only_the_code_declares_may_refuse() -> None:
    (route,) = known(declared(Target(url="http://h", ready="/"), [at("/login", "POST")]))
    assert reached((route,), Visit("POST", "http://h/login", 401)) == (1, 1, [])
    (other,) = known(declared(Target(url="http://h", ready="/"), [at("/orders", "POST")]))
    assert reached((other,), Visit("POST", "http://h/orders", 401))[0] == 0


def test_a_route_that_only_failed_or_led_to_another_host_showed_nothing() -> None:
    routes = (Route("GET", "/a"), Route("GET", "/b"), Route("GET", "/c"))
    visits = (
        Visit("GET", "http://h/a", 500),
        Visit("GET", "http://h/b", 302, "http://else/"),
        Visit("GET", "http://h/c", 302, "http://else/"),
        Visit("GET", "http://h/c?x=1", 302, "/d"),
    )
    assert reached(routes, *visits) == (
        1,
        3,
        [("GET /a", "500: it only failed"), ("GET /b", "302: sent to another host")],
    )
