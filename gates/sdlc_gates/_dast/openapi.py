"""Reading an OpenAPI 3 or Swagger 2 description that may be anything. Pure."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

from sdlc.errors import TargetFailed

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
DEPTH = 6
_SECRET = re.compile(r"passw|pwd|passphrase|secret", re.IGNORECASE)


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, Any]]]:
    """Each operation: its path template below the first server's path, its method, its path item, and itself."""
    base = base_path(document)
    for template, item in mapping(document.get("paths")).items():
        for method in METHODS:
            if isinstance(operation := mapping(item).get(method), dict):
                yield base + str(template), method, mapping(item), operation


def base_path(document: Mapping[str, Any]) -> str:
    """The path before all paths of a description, without a slash at its end; raises `TargetFailed` if it is unreadable."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], dict) else {}
    address = str(first.get("url", "") or document.get("basePath", ""))
    try:
        return urllib.parse.urlsplit(address).path.rstrip("/")
    except ValueError as error:
        raise TargetFailed(f"the OpenAPI description names a server that is no address: {address[:200]!r}") from error


def parameters(
    document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any]
) -> tuple[Mapping[str, Any], ...]:
    """The path's parameters, then the operation's; an operation's own replaces the path's of that name."""
    merged = {}
    for source in (item, operation):
        listed = source.get("parameters")
        for entry in listed if isinstance(listed, list) else ():
            parameter = resolved(document, entry)
            merged[(str(parameter.get("name")), str(parameter.get("in")))] = parameter
    return tuple(merged.values())


def takes_password(document: Mapping[str, Any], item: Mapping[str, Any], operation: Mapping[str, Any]) -> bool:
    """Whether the operation's own body or parameters hold something secret, as those of a login do."""
    given = parameters(document, item, operation)
    content = mapping(resolved(document, operation.get("requestBody")).get("content"))
    schemas = [mapping(media).get("schema") for media in content.values()]
    schemas += [parameter.get("schema") for parameter in given if parameter.get("in") == "body"]
    names = [str(parameter.get("name")) for parameter in given if parameter.get("in") in ("query", "formData")]
    names += [name for schema in schemas for name in _property_names(document, schema, 0)]
    return any(_SECRET.search(name) for name in names)


def resolved(document: Mapping[str, Any], node: object) -> Mapping[str, Any]:
    """The mapping itself, or what its reference inside the document leads to; empty for anything else."""
    for _ in range(DEPTH):
        reference = mapping(node).get("$ref")
        if not isinstance(reference, str):
            break
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = mapping(node).get(part.replace("~1", "/").replace("~0", "~"))
    return mapping(node)


def mapping(node: object) -> Mapping[str, Any]:
    """The node if it is an object, else an empty one."""
    return node if isinstance(node, dict) else {}


def _property_names(document: Mapping[str, Any], schema: object, depth: int) -> Iterator[str]:
    """Names of the properties of a schema and of what it is put together from, each part once: it may refer to itself."""
    waiting, seen = [(schema, depth)], set[int]()
    while waiting:
        node, deep = waiting.pop()
        known = resolved(document, node)
        if id(known) in seen:
            continue
        seen.add(id(known))
        yield from map(str, mapping(known.get("properties")))
        for key in ("allOf", "oneOf", "anyOf"):
            if deep < DEPTH and isinstance(known.get(key), list):
                waiting.extend((part, deep + 1) for part in known[key])
