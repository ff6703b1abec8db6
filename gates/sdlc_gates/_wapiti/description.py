"""The OpenAPI description that Wapiti begins with: the target's own, and what was recorded. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sdlc_gates._dast.login import JSON
from sdlc_gates._dast.openapi import base_path, mapping
from sdlc_gates._dast.recorded import Recorded

METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE"))
SCALARS = {bool: "boolean", int: "integer", float: "number", str: "string"}
ROUTING = ("servers", "host", "schemes", "basePath", "paths")
DEEPEST = 20


def localized(document: Mapping[str, Any], url: str, flows: Iterable[Recorded] = ()) -> dict[str, Any]:
    """The description with the target's address in place of those it names, and the recorded requests among its paths."""
    rest = {key: value for key, value in document.items() if key not in ROUTING}
    base = base_path(document)
    paths = {f"{base}{template}": item for template, item in mapping(document.get("paths")).items()}
    for one in flows:
        if one.method in METHODS:
            path = _literal(one.path)
            paths[path] = {**mapping(paths.get(path)), one.method.lower(): _operation(one)}
    if "swagger" in document:
        scheme, _, place = url.partition("://")
        return {**rest, "host": place, "schemes": [scheme], "basePath": "/", "paths": paths}
    return {**rest, "servers": [{"url": url}], "paths": paths}


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
