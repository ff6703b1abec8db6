"""Kinds of objects, references to them, and the requests that are made of a description."""

from __future__ import annotations

import datetime
import json
import urllib.parse
from typing import Any

import pytest
from sdlc_gates._tenants import kinds
from sdlc_gates._tenants.asking import Asking
from sdlc_gates._tenants.bodies import Slot, encoded
from sdlc_gates._tenants.kinds import Kind, references, unknown
from sdlc_gates._tenants.marks import Mark
from sdlc_gates._tenants.operations import Operation, operations
from sdlc_gates._tenants.settings import Thing

MARK = Mark("wabcdef", "n12345678", "c0123456789ab")


def operation(spec: dict[str, Any] | None = None, *, path: str = "/a", method: str = "post", **document: Any) -> Operation:
    (found,) = operations({"paths": {path: {method: spec or {}}}, **document})
    return found


def body_of(schema: dict[str, Any], *, media: str = "application/json", path: str = "/a", **document: Any) -> Operation:
    return operation({"requestBody": {"content": {media: {"schema": schema}}}}, path=path, **document)


def asked(one: Operation, known: tuple[Kind, ...] = (), **ids: str) -> Any:
    request = Asking((one,), known, {}).request(one, ids, MARK)
    return json.loads(request.body)


def kinds_of(*labels: str, things: tuple[Thing, ...] = (), accounts: dict[str, str] | None = None) -> tuple[Kind, ...]:
    paths: dict[str, dict[str, Any]] = {}
    for label in labels:
        method, _, path = label.partition(" ")
        paths.setdefault(path, {})[method.lower()] = {}
    return kinds.kinds(operations({"paths": paths}), things, accounts or {})


NOTES = ("POST /notes", "GET /notes/{note_id}", "DELETE /notes/{note_id}")


def test_a_place_to_post_to_and_the_same_with_an_id_are_a_kind_of_object() -> None:
    (kind,) = kinds_of(*NOTES, "GET /health", "GET /tags/{tag}")
    assert (kind.name, kind.item, kind.parameter) == ("note", "/notes/{}", "note_id")
    assert kind.create is not None
    assert kind.read is not None
    assert (kind.create.label, kind.read.label) == ("POST /notes", "GET /notes/{note_id}")


@pytest.mark.parametrize(
    ("path", "name"), [("/api/v1/stories", "story"), ("/books/v2", "book"), ("/addresses", "addresse"), ("/news/", "new")]
)
def test_a_kind_is_called_after_the_last_word_of_its_path(path: str, name: str) -> None:
    (kind,) = kinds_of(f"POST {path}", f"GET {path.rstrip('/')}/{{id}}")
    assert kind.name == name


def test_accounts_are_known_by_what_a_login_calls_them() -> None:
    (kind,) = kinds_of("GET /users/{userName}", accounts={"username": "{user}"})
    one = operation(path="/users/{userName}", method="get")
    assert [(r.kind, r.place, r.name) for r in references(one, (kind,))] == [(kind.name, "path", "userName")]
    assert not references(body_of({"type": "object", "properties": {"username": {"type": "string"}}}), (kind,))


def test_what_the_configuration_says_takes_the_place_of_what_paths_show() -> None:
    thing = Thing(name="paper", create="POST /notes", read="GET /notes/{note_id}", parameters=("X-Sheet",))
    (kind,) = kinds_of(*NOTES, things=(thing,))
    assert kind.name == "paper"
    one = operation({"parameters": [{"name": "x-sheet", "in": "header"}]}, method="get")
    assert [reference.place for reference in references(one, (kind,))] == ["header"]


@pytest.mark.parametrize("name", ["note_id", "noteId", "NOTE-ID", "X-Note-Id", "noteIds"])
@pytest.mark.parametrize("place", ["query", "header", "cookie"])
def test_parameters_refer_to_a_kind_however_they_are_spelled(name: str, place: str) -> None:
    one = operation({"parameters": [{"name": name, "in": place}]}, method="get")
    assert [(r.kind, r.place, r.name) for r in references(one, kinds_of(*NOTES))] == [("note", place, name)]


def test_fields_refer_wherever_they_stand_in_a_body() -> None:
    inner = {"type": "object", "properties": {"note_ids": {"type": "array", "items": {"type": "integer"}}}}
    one = body_of({"type": "object", "properties": {"deep": inner, "title": {"type": "string"}}})
    assert [reference.path for reference in references(one, kinds_of(*NOTES))] == [("deep", "note_ids", "0")]
    assert asked(one, kinds_of(*NOTES), note="17") == {"deep": {"note_ids": [17]}, "title": MARK.text}


def test_a_bare_id_means_what_its_path_is_about() -> None:
    known = kinds_of(*NOTES)
    inside = operation({"parameters": [{"name": "id", "in": "query"}]}, path="/notes/export", method="get")
    outside = operation({"parameters": [{"name": "id", "in": "query"}]}, path="/tags", method="get")
    assert [reference.kind for reference in references(inside, known)] == ["note"]
    assert not references(outside, known)


def test_an_operation_that_makes_an_object_does_not_refer_to_one_of_its_kind() -> None:
    names = {"type": "object", "properties": {"note_id": {"type": "string"}}}
    paths = {
        "/notes": {"post": {"requestBody": {"content": {"application/json": {"schema": names}}}}},
        "/notes/{note_id}": {"get": {}},
    }
    found = operations({"paths": paths})
    known = kinds.kinds(found, (), {})
    assert not references(found[0], known)
    assert dict(Asking(found, known, {}).fields(known[0], found[0])) == {("note_id",): "name"}


def test_a_placeholder_that_names_nothing_known_is_told() -> None:
    one = operation(path="/notes/{note_id}/tags/{tag}", method="get")
    assert unknown(one, kinds_of(*NOTES), {}) == ("tag",)
    assert unknown(one, kinds_of(*NOTES), {"tag": "red"}) == ()
    choice = {"parameters": [{"name": "tag", "in": "path", "schema": {"enum": ["red"]}}]}
    assert unknown(operation(choice, path="/tags/{tag}", method="get"), (), {}) == ()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, MARK.text),
        ({"type": "string", "maxLength": 30}, MARK.text),
        ({"type": "string", "maxLength": 5}, "sample"),
        ({"type": "string", "example": "mug"}, MARK.text),
        ({"type": "string", "enum": ["red", "blue"]}, "red"),
        ({"type": "string", "format": "date"}, "2030-01-31"),
        ({"type": "string", "pattern": "^[A-Z]{2}$", "example": "DE"}, "DE"),
        ({"type": "string", "format": "email"}, "wabcdef.c0123456789ab@example.com"),
        ({"type": "string", "format": "uri"}, "https://example.com/wabcdef/c0123456789ab"),
        ({"type": ["string", "null"]}, MARK.text),
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number", "example": 9.5}, 9.5),
        ({"type": "boolean"}, True),
        ({"const": "x"}, "x"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, MARK.text),
        ({"$ref": "#/components/schemas/Text"}, MARK.text),
        ({"type": "array", "items": {"type": "string"}}, [MARK.text]),
    ],
)
def test_texts_stand_where_they_fit_and_plain_values_elsewhere(schema: dict[str, Any], value: object) -> None:
    components = {"schemas": {"Text": {"type": "string"}}}
    one = body_of({"type": "object", "required": ["a"], "properties": {"a": schema}}, components=components)
    assert asked(one) == {"a": value}


def test_what_is_optional_and_takes_no_text_is_left_out() -> None:
    parts = {"a": {"type": "string"}, "b": {"type": "integer"}, "c": {"type": "string", "readOnly": True}}
    assert asked(body_of({"type": "object", "properties": parts})) == {"a": MARK.text}
    assert asked(body_of({"allOf": [{"type": "object", "properties": parts, "required": ["b"]}]})) == {"a": MARK.text, "b": 1}


def test_an_example_of_the_whole_body_is_kept() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "kind": {"enum": ["x", "y"]}}}
    content = {"application/json": {"schema": schema, "example": {"a": "mug", "kind": "y", "n": [1]}}}
    assert asked(operation({"requestBody": {"content": content}})) == {"a": MARK.text, "kind": "y", "n": [1]}


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    node = {"type": "object", "properties": {str(n): {"$ref": "#/components/schemas/Node"} for n in range(50)}}
    one = body_of({"$ref": "#/components/schemas/Node"}, components={"schemas": {"Node": node}})
    assert one.body is not None
    assert not one.body.slots()


def test_a_search_asks_for_the_word_and_never_for_the_canary() -> None:
    schema = {
        "type": "object",
        "required": ["query", "other"],
        "properties": {"query": {"type": "string"}, "other": {"type": "string"}},
    }
    one = body_of(schema)
    request = Asking((one,), (), {}).search(one, MARK)
    assert json.loads(request.body) == {"query": MARK.word, "other": "sample"}
    listed = operation(
        {"parameters": [{"name": n, "in": "query", "schema": {"type": "string"}} for n in ("q", "sort", "limit")]}
    )
    path = Asking((listed,), (), {}).search(listed, MARK).path
    assert urllib.parse.parse_qs(path.partition("?")[2]) == {"q": [MARK.word], "limit": ["100"]}


def test_ids_are_escaped_in_paths_and_kept_out_of_header_lines() -> None:
    one = operation({"parameters": [{"name": "note_id", "in": "header"}]}, path="/notes/{note_id}", method="get")
    request = Asking((one,), kinds_of(*NOTES), {}).request(one, {"note": "a/b?c\r\nX: y"}, MARK)
    assert request.path == "/notes/a%2Fb%3Fc%0D%0AX%3A%20y"
    assert not request.headers


def test_what_no_request_can_hold_is_replaced() -> None:
    given = {"parameters": [{"name": "\ud800", "in": "query", "required": True}, {"name": ["x"], "in": {}}]}
    one = operation(given, path="/\xe9 \ud800/{\ud800}", method="get")
    assert Asking((one,), (), {}).request(one, {}, MARK).path == "/%C3%A9%20%3F/sample?%3F=sample"
    dated = body_of(
        {"type": "object", "required": ["a"], "properties": {"a": {"format": "date", "example": datetime.date(2024, 1, 31)}}}
    )
    assert asked(dated) == {"a": "2024-01-31"}


def test_values_and_bodies_of_the_configuration_are_sent() -> None:
    one = body_of({"type": "object"}, path="/a/{tag}")
    asking = Asking((one,), (), {"tag": "red"}, {"POST /a/{tag}": {"mail": "{canary}@x.com"}})
    request = asking.request(one, {}, MARK)
    assert (request.path, json.loads(request.body)) == ("/a/red", {"mail": f"{MARK.canary}@x.com"})


def test_swagger_2_is_read_as_well() -> None:
    fields = [{"name": "a", "in": "formData", "type": "string", "required": True}]
    one = operation({"parameters": fields}, basePath="/v1", swagger="2.0")
    assert (one.path, one.label, one.media) == ("/v1/a", "POST /a", "application/x-www-form-urlencoded")
    whole = [{"name": "body", "in": "body", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}]
    assert asked(operation({"parameters": whole}, swagger="2.0")) == {"a": MARK.text}


def test_a_form_can_send_a_file() -> None:
    one = body_of({"type": "object", "properties": {"f": {"type": "string", "format": "binary"}}}, media="multipart/form-data")
    assert one.body is not None
    media, body = encoded(one.media, {"f": MARK.text, "n": 1}, one.body.files)
    assert media.startswith("multipart/form-data; boundary=")
    assert b'name="f"; filename="sample.txt"\r\n\r\nwabcdef c0123456789ab\r\n' in body
    assert Slot("x").written("a b") == "a b"


def test_a_body_of_an_unknown_type_has_no_shape() -> None:
    one = operation({"requestBody": {"content": {"application/xml": {"schema": {"type": "object"}}}}})
    assert (one.media, one.body) == ("application/xml", None)


@pytest.mark.parametrize(
    ("example", "written"),
    [
        ("mail3@mail.com", "secret@example.com"),
        ("https://pictures.example/1.png", "https://example.com/secret"),
        ("a@b", "secret"),
    ],
)
def test_a_planted_text_has_the_form_of_the_example_that_it_takes_the_place_of(example: str, written: str) -> None:
    schema = {"type": "object", "properties": {"contact": {"type": "string", "example": example}}}
    for described in ({"schema": schema}, {"example": {"contact": example}}):
        one = operation({"requestBody": {"content": {"application/json": described}}})
        ((_, slot),) = one.body.slots() if one.body else ()
        assert (slot.plain, slot.written("secret")) == (example, written)
