"""Which requests to make where there is no Locust file: from an OpenAPI description, or from a list of paths."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from sdlc.errors import TargetFailed
from sdlc.model import Frozen, Missing

METHODS = ("get", "head", "options", "post", "put", "patch", "delete")
SAFE = ("get", "head", "options")
DEPTH = 12
PARTS = 10_000
"""Of one sample: a schema that refers to itself in many places grows without end."""
LONGEST = 10_000
SAMPLES: dict[str, Any] = {"string": "a", "integer": 1, "number": 1, "boolean": True}


class PlannedRequest(Frozen, frozen=True, omit_defaults=False):
    """One request that every user makes in turn."""

    method: str
    path: str
    """With parameters filled in, and the query."""
    name: str
    """What it is reported as: the path as the description writes it."""
    headers: dict[str, str]
    body: str

    @property
    def subject(self) -> str:
        """The name that measurements carry: `GET /products/{id}`."""
        return f"{self.method} {self.name}"


def from_paths(paths: tuple[str, ...]) -> tuple[PlannedRequest, ...]:
    """Requests for `/path` or `METHOD /path`; raises `ValueError` for anything else."""
    planned = []
    for text in paths:
        method, _, path = text.rpartition(" ")
        if not path.startswith("/") or (method and method.lower() not in METHODS):
            raise ValueError(f"{text!r} is not a path; write '/products' or 'POST /checkout'")
        planned.append(PlannedRequest(method=method.upper() or "GET", path=path, name=path, headers={}, body=""))
    return tuple(planned)


def from_openapi(document: Mapping[str, Any]) -> tuple[tuple[PlannedRequest, ...], tuple[Missing, ...]]:
    """Every operation that can be asked for, and those that can't, with the reason.

    Operations that change something are made only where the description gives an example of their body.
    """
    planned, left_out = [], []
    for path, item, method, operation in _operations(document):
        try:
            planned.append(_request(document, path, item, method, operation))
        except ValueError as error:
            left_out.append(Missing(item=f"{method.upper()} {path}", reason=str(error)))
    return tuple(planned), tuple(left_out)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], str, Mapping[str, Any]]]:
    for path, item in document["paths"].items():
        if isinstance(path, str) and isinstance(item, Mapping):
            for method in METHODS:
                if isinstance(item.get(method), Mapping):
                    yield path, item, method, item[method]


def _request(
    document: Mapping[str, Any], path: str, item: Mapping[str, Any], method: str, operation: Mapping[str, Any]
) -> PlannedRequest:
    values: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}, "cookie": {}}
    for parameter in _parameters(document, item, operation):
        place, name = str(parameter.get("in")), str(parameter.get("name"))
        if place in values and (parameter.get("required") or place == "path" or _example(parameter) is not None):
            values[place][name] = _text(_value(document, parameter, name))
    body, kind = _body(document, method, operation)
    filled = path
    for name, value in values["path"].items():
        filled = filled.replace("{" + name + "}", urllib.parse.quote(value, safe=""))
    if "{" in filled:
        raise ValueError("a parameter of its path is not described")
    query = urllib.parse.urlencode(values["query"])
    headers = dict(values["header"]) | ({"Content-Type": kind} if kind else {})
    if values["cookie"]:
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in values["cookie"].items())
    full = _base_path(document) + filled + (f"?{query}" if query else "")
    return PlannedRequest(method=method.upper(), path=full, name=_base_path(document) + path, headers=headers, body=body)


def _parameters(document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: dict[tuple[Any, Any], Mapping[str, Any]] = {}
    for given in (*_list(item.get("parameters")), *_list(operation.get("parameters"))):
        parameter = resolved(document, given)
        found[parameter.get("in"), parameter.get("name")] = parameter
    return list(found.values())


def _value(document: Mapping[str, Any], parameter: Mapping[str, Any], name: str) -> Any:
    example = _example(parameter)
    if example is not None:
        return example
    # Version 2 of the specification writes the schema's keys into the parameter itself.
    schema = resolved(document, parameter["schema"]) if "schema" in parameter else parameter
    value = sample(document, schema)
    if value is None:
        raise ValueError(f"its parameter {name} has no example, default or type")
    return value


def _example(holder: Mapping[str, Any]) -> Any:
    if "example" in holder:
        return holder["example"]
    for example in _dict(holder.get("examples")).values():
        if isinstance(example, Mapping) and "value" in example:
            return example["value"]
    return None


def sample(document: Mapping[str, Any], schema: Any, depth: int = 0, left: Iterator[int] | None = None) -> Any:
    """A value that fits a schema: its example, default or first choice, else one made from its type; None if there is none.

    Raises `ValueError` when it would have more than `PARTS` parts, of which `left` are left.
    """
    left = iter(range(PARTS)) if left is None else left
    if next(left, None) is None:
        raise ValueError(f"a value that fits would have more than {PARTS} parts")
    schema = resolved(document, schema)
    if depth > DEPTH:
        return None
    for key in ("example", "default", "const"):
        if schema.get(key) is not None:
            return schema[key]
    for key in ("examples", "enum"):
        if _list(schema.get(key)):
            return schema[key][0]
    for key in ("allOf", "oneOf", "anyOf"):
        for part in _list(schema.get(key)):
            if (value := sample(document, part, depth + 1, left)) is not None:
                return value
    return _made(document, schema, depth, left)


def _made(document: Mapping[str, Any], schema: Mapping[str, Any], depth: int, left: Iterator[int]) -> Any:
    kind = schema.get("type")
    kind = next((word for word in kind if word != "null"), None) if isinstance(kind, list) else kind
    if kind == "array":
        item = sample(document, schema.get("items"), depth + 1, left)
        return [item] if item is not None else []
    if kind == "object" or "properties" in schema:
        wanted = {name: sample(document, part, depth + 1, left) for name, part in _dict(schema.get("properties")).items()}
        return {name: value for name, value in wanted.items() if value is not None}
    if kind in ("integer", "number"):
        least = schema.get("minimum")
        return max(least, 1) if isinstance(least, int | float) else 1
    if kind == "string":
        formats = {"date": "2024-01-31", "date-time": "2024-01-31T12:00:00Z", "email": "user@example.com"}
        formats["uuid"] = "00000000-0000-4000-8000-000000000001"
        made = formats.get(str(schema.get("format")), "a")
        shortest = schema.get("minLength")
        if isinstance(shortest, int) and shortest > LONGEST:
            raise ValueError(f"it asks for a text of at least {shortest} characters")
        return made.ljust(shortest if isinstance(shortest, int) else 0, "a")
    return SAMPLES.get(str(kind))


def _body(document: Mapping[str, Any], method: str, operation: Mapping[str, Any]) -> tuple[str, str]:
    """The body to send and its media type; raises `ValueError` where one would have to be invented."""
    content = _dict(resolved(document, operation.get("requestBody")).get("content"))
    for kind, media in content.items():
        example = _media_example(document, media)
        if example is None:
            continue
        if kind == "application/x-www-form-urlencoded" and isinstance(example, Mapping):
            return urllib.parse.urlencode(example), kind
        return example if isinstance(example, str) else json.dumps(example), kind
    if method not in SAFE:
        raise ValueError("it may change something, and the description gives no example of what to send")
    return "", ""


def _media_example(document: Mapping[str, Any], media: Any) -> Any:
    holder = _dict(media)
    example = _example(holder)
    if example is None:
        schema = resolved(document, holder.get("schema"))
        example = schema.get("example", next(iter(_list(schema.get("examples"))), None))
    if example is None and _has_examples(document, holder.get("schema")):
        example = sample(document, holder.get("schema"))
    return example


def _has_examples(document: Mapping[str, Any], schema: Any) -> bool:
    """Whether every required property of an object has an example of its own."""
    properties = _dict(resolved(document, schema).get("properties"))
    parts = [resolved(document, part) for part in properties.values()]
    return bool(parts) and all(
        any(key in part for key in ("example", "examples", "default", "enum", "const")) for part in parts
    )


def resolved(document: Mapping[str, Any], node: Any) -> Mapping[str, Any]:
    """The object that `node` is or refers to inside the document; empty when it is none."""
    for _ in range(DEPTH):
        reference = _dict(node).get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return _dict(node)
        node = document
        for part in reference[2:].split("/"):
            node = _dict(node).get(part.replace("~1", "/").replace("~0", "~"))
    return {}


def _base_path(document: Mapping[str, Any]) -> str:
    """The path below which all others lie, from the first server or from version 2's `basePath`; raises `TargetFailed`."""
    server = _dict(next(iter(_list(document.get("servers"))), None)).get("url") or document.get("basePath") or ""
    try:
        path = urllib.parse.urlsplit(str(server)).path.rstrip("/")
    except ValueError as error:
        raise TargetFailed(f"the OpenAPI description names a server that is no address: {str(server)[:200]!r}") from error
    return "" if "{" in path else path


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
