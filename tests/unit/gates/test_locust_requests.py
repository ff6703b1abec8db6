"""Requests made from descriptions."""

from __future__ import annotations

from typing import Any

import pytest
from sdlc_gates.load.requests import from_openapi, from_paths, sample

from sdlc.errors import TargetFailed


def describe(path: str, method: str = "get", **operation: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {path: {method: operation}}}


def test_a_path_is_asked_for_with_get_unless_it_says_otherwise() -> None:
    get, post = from_paths(("/a", "post /b"))
    assert (get.subject, post.subject) == ("GET /a", "POST /b")
    for wrong in ("a", "FETCH /a", "", "http://elsewhere/"):
        with pytest.raises(ValueError, match="not a path"):
            from_paths((wrong,))


@pytest.mark.parametrize(
    ("parameter", "filled"),
    [
        ({"example": "red shoes"}, "red%20shoes"),
        ({"examples": {"one": {"value": 7}}}, "7"),
        ({"schema": {"default": "d"}}, "d"),
        ({"schema": {"enum": ["x", "y"]}}, "x"),
        ({"schema": {"type": "integer", "minimum": 5}}, "5"),
        ({"schema": {"type": ["null", "boolean"]}}, "true"),
        ({"type": "integer"}, "1"),
        ({"schema": {"$ref": "#/components/schemas/Id"}}, "42"),
        ({"schema": {"allOf": [{"$ref": "#/components/schemas/Id"}]}}, "42"),
    ],
)
def test_a_path_parameter_is_filled(parameter: dict[str, Any], filled: str) -> None:
    document = describe("/p/{id}", parameters=[{"in": "path", "name": "id", "required": True, **parameter}])
    document["components"] = {"schemas": {"Id": {"type": "integer", "example": 42}}}
    (request,), left_out = from_openapi(document)
    assert (request.path, request.name, left_out) == (f"/p/{filled}", "/p/{id}", ())


def test_query_headers_and_base_path_are_used() -> None:
    parameters = [
        {"in": "query", "name": "q", "required": True, "schema": {"type": "string"}},
        {"in": "query", "name": "page", "schema": {"type": "integer"}},
        {"in": "header", "name": "X-Shop", "example": "1"},
        {"in": "cookie", "name": "s", "example": "2"},
    ]
    document = describe("/find", parameters=parameters) | {"servers": [{"url": "https://shop.example/api/"}]}
    ((request,), _) = from_openapi(document)
    assert (request.path, request.subject) == ("/api/find?q=a", "GET /api/find")
    assert request.headers == {"X-Shop": "1", "Cookie": "s=2"}


def test_what_changes_something_is_sent_only_with_an_example() -> None:
    planned, left_out = from_openapi(describe("/buy", "post", requestBody={"content": {"application/json": {}}}))
    assert planned == ()
    assert [(missing.item, "no example" in missing.reason) for missing in left_out] == [("POST /buy", True)]
    content: dict[str, Any] = {"application/json": {"example": {"item": 1}}}
    ((request,), _) = from_openapi(describe("/buy", "post", requestBody={"content": content}))
    assert (request.body, request.headers) == ('{"item": 1}', {"Content-Type": "application/json"})
    properties = {"user": {"type": "string", "example": "a&b"}, "n": {"type": "integer", "default": 2}}
    content = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": properties}}}
    ((request,), _) = from_openapi(describe("/buy", "post", requestBody={"content": content}))
    assert request.body == "user=a%26b&n=2"


def test_a_parameter_that_cannot_be_filled_leaves_its_operation_out() -> None:
    for parameters in ([], [{"in": "path", "name": "id", "required": True, "schema": {}}]):
        planned, left_out = from_openapi(describe("/p/{id}", parameters=parameters))
        assert planned == ()
        assert len(left_out) == 1


@pytest.mark.parametrize(
    "document",
    [
        {"paths": {}},
        {"paths": {"/a": None, "/b": {"get": []}, "/c": {"get": {"parameters": {"x": 1}}}}},
        {"paths": {"/a": {"get": {"parameters": [{"$ref": "#/nowhere"}, 5]}}}},
    ],
)
def test_strange_descriptions_break_nothing(document: dict[str, Any]) -> None:
    from_openapi(document)


def test_a_server_that_is_no_address_is_named() -> None:
    with pytest.raises(TargetFailed, match="no address: 'http://\\["):
        from_openapi({"servers": [{"url": "http://["}], "paths": {"/a": {"get": {}}}})


def test_a_schema_that_contains_itself_ends() -> None:
    document: dict[str, Any] = {"s": {"type": "object", "properties": {"child": {"$ref": "#/s"}}}}
    assert sample(document, {"$ref": "#/s"}) is not None
    loop: dict[str, Any] = {"s": {"$ref": "#/s"}}
    assert sample(loop, {"$ref": "#/s"}) is None
