"""The OpenAPI description as Schemathesis gets it: for this target alone, and leading nowhere else. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sdlc.errors import NothingToScan, TargetFailed
from sdlc.target import Target
from sdlc_gates._dast.openapi import METHODS, base_path

DEPTH = 200
NODES = 500_000
SHOWN = 3
REFERENCES = ("$ref", "$dynamicRef", "$schema", "jsonSchemaDialect", "operationRef", "externalValue")
DIALECTS = ("http://json-schema.org/", "https://json-schema.org/", "https://spec.openapis.org/")


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, as the description names it."""

    method: str
    """Upper case."""
    path: str
    """The template, below the base path."""
    documented: tuple[str, ...]
    """Status codes of the replies that it describes."""

    @property
    def label(self) -> str:
        """What Schemathesis calls it."""
        return f"{self.method} {self.path}"


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Everything that the description names; raises `NothingToScan` when that is nothing."""
    found = tuple(
        # A half of a surrogate pair is no path, and can't be written down.
        Operation(method.upper(), str(path).encode("utf-8", "replace").decode(), _documented(item[method]))
        for path, item in document["paths"].items()
        if isinstance(item, dict)
        for method in METHODS
        if isinstance(item.get(method), dict)
    )
    if not found:
        raise NothingToScan("the OpenAPI description names no operation", fix="see [target] openapi")
    return found


def _documented(operation: Mapping[str, Any]) -> tuple[str, ...]:
    replies = operation.get("responses")
    return tuple(str(status) for status in replies) if isinstance(replies, dict) else ()


def excluding(operation: Operation, patterns: tuple[str, ...]) -> str:
    """The first of the shell patterns that an operation's path, or its method and path, matches; empty when none does."""
    names = (operation.path, operation.label)
    return next((pattern for pattern in patterns if any(fnmatch.fnmatchcase(name, pattern) for name in names)), "")


def address(target: Target, document: Mapping[str, Any]) -> str:
    """The target's URL with the path before all paths of the description."""
    return target.url + base_path(document)


def confined(document: Mapping[str, Any], url: str) -> dict[str, Any]:
    """The description with `url` as its only server.

    Raises `TargetFailed` when it refers to anything outside itself (Schemathesis would read that file or ask that host),
    and when it is larger than can be tested.
    """
    outside = sorted({found for node in _nodes(document) for found in _leads(node)})
    if outside:
        raise TargetFailed(
            f"the OpenAPI description refers to what lies outside it: {', '.join(outside[:SHOWN])}",
            fix="bundle it into one file",
        )
    # Swagger 2 writes its address in pieces; the base URL on the command line takes their place.
    kept = {str(key): _served_here(value) for key, value in document.items() if key not in ("servers", "host", "schemes")}
    return kept | ({"servers": [{"url": url}]} if "openapi" in document else {})


def _nodes(document: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every mapping in it; aliases of YAML can make a small file unfold without end."""
    waiting: list[tuple[object, int]] = [(document, 0)]
    seen = 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > NODES or depth > DEPTH:
            raise TargetFailed(f"the OpenAPI description unfolds to more than {NODES} nodes, or {DEPTH} levels")
        if isinstance(node, dict):
            yield node
            waiting.extend((value, depth + 1) for value in node.values())
        elif isinstance(node, list):
            waiting.extend((value, depth + 1) for value in node)


def _leads(node: Mapping[str, Any]) -> Iterator[str]:
    """Where the node's references lead, those inside the description aside."""
    for key in REFERENCES:
        goal = node.get(key)
        if isinstance(goal, str) and not goal.startswith(("#", *DIALECTS)):
            yield goal


def _served_here(node: object) -> object:
    """The part without the servers that a path or an operation may name for itself."""
    if isinstance(node, dict):
        own = isinstance(node.get("servers"), list)
        return {str(key): _served_here(value) for key, value in node.items() if not (own and key == "servers")}
    if isinstance(node, list):
        return [_served_here(value) for value in node]
    return node
