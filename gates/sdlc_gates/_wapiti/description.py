"""The OpenAPI description that Wapiti begins with: the target's own, and what was recorded. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from sdlc_gates._dast.login import JSON
from sdlc_gates._dast.openapi import base_path, mapping, operations, parameters
from sdlc_gates._dast.path_values import PathValues, names
from sdlc_gates._dast.recorded import Recorded

METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string"}
ROUTING = ("servers", "host", "schemes", "basePath", "paths")
DEEPEST = 20
NO_PATHS = PathValues(())


def localized(
    document: Mapping[str, Any], url: str, flows: Iterable[Recorded] = (), values: PathValues = NO_PATHS
) -> dict[str, Any]:
    """The description with the target's address in place of those it names, and the recorded requests among its paths.

    The paths of the templates of `values` are written as Wapiti is to see them.
    """
    rest = {key: value for key, value in document.items() if key not in ROUTING}
    base = base_path(document)
    paths = {f"{base}{template}": telling(item) for template, item in mapping(document.get("paths")).items()}
    for template in values.templates:
        item = paths.pop(template, None)
        paths[values.alias(template)] = (
            _flat(document, item, template, values) if item is not None else _undescribed(template, values)
        )
    rest = {key: telling(value) for key, value in rest.items()}
    for one in flows:
        if one.method in METHODS:
            path = _literal(one.path)
            paths[path] = {**mapping(paths.get(path)), one.method.lower(): _operation(one)}
    if "swagger" in document:
        scheme, _, place = url.partition("://")
        return {**rest, "host": place, "schemes": [scheme], "basePath": "/", "paths": paths}
    return {**rest, "servers": [{"url": url}], "paths": paths}


def templates(document: Mapping[str, Any], routes: Iterable[str]) -> tuple[str, ...]:
    """Paths with values in them: those of the description, then those of `routes` (`GET /a/{b}`) that a GET reaches."""
    described = {template: names(template) for template, _, _, _ in operations(document) if names(template)}
    shapes = {_shape(template) for template in described}
    declared = (text.rpartition(" ") for text in routes)
    others = {path: names(path) for method, _, path in declared if method.strip().upper() in ("", "GET") and names(path)}
    known = {**described, **{path: found for path, found in others.items() if _shape(path) not in shapes}}
    return tuple(template for template, found in known.items() if all(found) and len(set(found)) == len(found))


def _shape(template: str) -> str:
    return re.sub(r"\{[^{}/]*\}", "{}", template)


def _flat(document: Mapping[str, Any], item: Mapping[str, Any], template: str, paths: PathValues) -> dict[str, Any]:
    """A path's operations with its values as parameters of the query."""
    made: dict[str, Any] = {}
    for method in METHODS:
        if isinstance(operation := item.get(method.lower()), dict):
            given = parameters(document, item, operation)
            moved = {str(one.get("name")): {**telling(one), "in": "query"} for one in given if one.get("in") == "path"}
            values = [_value(name, paths, moved.get(name)) for name in names(template)]
            others = [telling(one) for one in given if one.get("in") != "path" and one.get("name") not in names(template)]
            made[method.lower()] = {**operation, "parameters": [*values, *others]}
    return made


def _undescribed(template: str, paths: PathValues) -> dict[str, Any]:
    return {"get": {"responses": {}, "parameters": [_value(name, paths, None) for name in names(template)]}}


def _value(name: str, paths: PathValues, described: dict[str, Any] | None) -> dict[str, Any]:
    if described is not None and name not in paths.first:
        return described
    return {"name": name, "in": "query", "schema": {"type": "string", "default": paths.first.get(name, "1")}}


def telling(node: Any, depth: int = 0) -> Any:
    """A part of a description with its examples as defaults, which alone Wapiti reads."""
    if depth > DEEPEST or not isinstance(node, (dict, list)):
        return node
    if isinstance(node, list):
        return [telling(part, depth + 1) for part in node]
    told = {key: telling(part, depth + 1) for key, part in node.items()}
    example = node.get("example", _first(node.get("examples")))
    schema = told.get("schema")
    if example is None or (isinstance(example, (dict, list)) and not isinstance(schema, dict)):
        return told
    if isinstance(schema, dict):
        # Of a parameter, or of a body in one of its content types.
        return told | {"schema": _schema(example, 0) if "in" not in node else {**schema, "default": example}}
    return {"default": example, **told} if "type" in told or "in" in told else told


def _first(examples: object) -> object:
    """The first of several examples: a list in a schema, objects with a value elsewhere."""
    if isinstance(examples, dict) and examples:
        return mapping(next(iter(examples.values()))).get("value")
    return examples[0] if isinstance(examples, list) and examples else None


def _literal(path: str) -> str:
    """The path without braces, which would be read as parameters."""
    return path.replace("{", "%7B").replace("}", "%7D")


def _operation(one: Recorded) -> dict[str, Any]:
    recorded: dict[str, Any] = {"summary": "recorded", "responses": {}}
    if one.fields:
        # As Swagger 2 wrote a form; Wapiti reads these keys whatever the description's version.
        return recorded | {"parameters": [_field(name, value) for name, value in dict(one.fields).items()]}
    if one.kind == JSON:
        return recorded | {"requestBody": {"content": {JSON: {"schema": _schema(_data(one.body), 0)}}}}
    return recorded


def _field(name: str, value: str) -> dict[str, str]:
    return {"name": name, "in": "formData", "type": "string", "default": value}


def _data(body: bytes) -> object:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found


def _schema(data: object, depth: int) -> dict[str, Any]:
    """A schema from which Wapiti makes the data again; of a list, its first entry."""
    if depth < DEEPEST and isinstance(data, dict):
        return {"type": "object", "properties": {str(key): _schema(value, depth + 1) for key, value in data.items()}}
    if depth < DEEPEST and isinstance(data, list):
        return {"type": "array", "items": _schema(data[0] if data else "", depth + 1)}
    return {"type": SCALARS.get(type(data), "string"), "default": data if type(data) in SCALARS else None}


def usable(flows: Iterable[Recorded], tokens: Iterable[str]) -> tuple[Recorded, ...]:
    """The recorded requests without those that hold a token of a session that is not the scan's: they would be in vain."""
    names = set(tokens)
    return tuple(one for one in flows if not names & {name for name, _ in one.fields} and one.status not in (0, 404, 405))
