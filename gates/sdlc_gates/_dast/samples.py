"""One plausible request for each operation of an OpenAPI description. Pure.

Values come from the description's examples, defaults and first choices; what it leaves open gets the plainest
value of its type. References inside the document are followed, and cut where they go round.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdlc_gates._dast.openapi import DEPTH, mapping, operations, parameters, resolved

PARTS = 10_000
PLAIN: dict[str, object] = {"integer": 1, "number": 1.5, "boolean": True, "string": "sample", "null": None}
FORMATS = {
    "date": "2024-01-31",
    "date-time": "2024-01-31T12:00:00Z",
    "email": "sample@example.com",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "uri": "https://example.com/",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A request to the application, without its address."""

    method: str
    template: str
    """The path as the description writes it, to match exclusions with."""
    path: str
    """With its query."""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


def samples(document: Mapping[str, Any]) -> tuple[Sample, ...]:
    """A request for each operation, in the order of the description."""
    return tuple(_sample(document, *operation) for operation in operations(document))


def _sample(
    document: Mapping[str, Any], template: str, method: str, item: Mapping[str, Any], operation: Mapping[str, Any]
) -> Sample:
    path, query, headers = template, [], []
    for parameter in parameters(document, item, operation):
        name, value = str(parameter.get("name", "")), _text(_parameter_value(document, parameter))
        match parameter.get("in"):
            case "path":
                path = path.replace(f"{{{name}}}", urllib.parse.quote(value, safe=""))
            case "query":
                query.append((name, value))
            case "header":
                headers.append((name, value.replace("\r", "").replace("\n", "")))
            case _:
                continue
    kind, body = _body(document, operation)
    headers += [("Content-Type", kind)] if kind else []
    asked = f"{path}?{urllib.parse.urlencode(query)}" if query else path
    return Sample(method.upper(), template, asked, tuple(headers), body)


def _parameter_value(document: Mapping[str, Any], parameter: Mapping[str, Any]) -> object:
    if "example" in parameter:
        return parameter["example"]
    # Swagger 2 writes the schema's keys into the parameter itself.
    return value_of(document, parameter.get("schema", parameter))


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> tuple[str, str]:
    """Content type and text of the request's body; both empty when it has none."""
    content = mapping(resolved(document, operation.get("requestBody")).get("content"))
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        if kind in content:
            media = mapping(content[kind])
            value = media["example"] if "example" in media else value_of(document, media.get("schema"))
            form = urllib.parse.urlencode({str(k): _text(v) for k, v in mapping(value).items()})
            return kind, json.dumps(value) if kind.endswith("json") else form
    for parameter in parameters(document, {}, operation):
        if parameter.get("in") == "body":
            return "application/json", json.dumps(value_of(document, parameter.get("schema")))
    return "", ""


def value_of(document: Mapping[str, Any], schema: object, depth: int = 0, left: Iterator[int] | None = None) -> object:
    """A value that fits the schema, as far as its type, examples and choices tell; of at most `PARTS` parts."""
    left = iter(range(PARTS)) if left is None else left
    if next(left, None) is None:
        return None
    known = resolved(document, schema)
    for key in ("example", "default", "const"):
        if key in known:
            return known[key]
    for key in ("examples", "enum"):
        if isinstance(known.get(key), list) and known[key]:
            return known[key][0]
    if depth >= DEPTH:
        return None
    for key in ("oneOf", "anyOf"):
        if isinstance(known.get(key), list) and known[key]:
            return value_of(document, known[key][0], depth + 1, left)
    parts = (
        [value_of(document, part, depth + 1, left) for part in known.get("allOf", ())]
        if isinstance(known.get("allOf"), list)
        else []
    )
    merged = {key: value for part in parts if isinstance(part, dict) for key, value in part.items()}
    return _plain(document, known, merged, depth, left)


def _plain(
    document: Mapping[str, Any], known: Mapping[str, Any], inherited: dict[str, object], depth: int, left: Iterator[int]
) -> object:
    kind = known.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    properties = mapping(known.get("properties"))
    if kind == "object" or properties or inherited:
        return inherited | {str(name): value_of(document, part, depth + 1, left) for name, part in properties.items()}
    if kind == "array":
        return [value_of(document, known.get("items"), depth + 1, left)]
    if kind in ("integer", "number") and isinstance(known.get("minimum"), (int, float)):
        return known["minimum"]
    return FORMATS.get(str(known.get("format")), PLAIN.get(str(kind), "sample"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
