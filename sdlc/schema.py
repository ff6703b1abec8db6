"""The JSON Schema of `sdlc.toml`, made from the types that read it and the docstrings under their fields."""

from __future__ import annotations

import ast
import enum
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from sdlc import registry
from sdlc.model import Frozen
from sdlc.settings import GateSettings, Settings

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """The schema (draft 2020-12), with the options of every installed gate."""
    gates = registry.gates()
    shapes = list(_with_inner([Settings, GateSettings, *(kind.Options for kind in gates.values())]))
    references, definitions = msgspec.json.schema_components(shapes, schema_hook=_anything, ref_template="#/$defs/{name}")
    # Two gates may call their options alike, so a shape's own name doesn't tell which definition is its.
    own = {
        shape: definitions[reference["$ref"].rpartition("/")[2]] for shape, reference in zip(shapes, references, strict=True)
    }
    for shape, definition in own.items():
        _describe(definition, shape)
    merged = {name: _merged(own[GateSettings], own[kind.Options]) for name, kind in gates.items()}
    table = own[Settings]["properties"]["gates"]
    table["properties"] = merged
    # A table with another name says with `uses` which kind of gate it is; its own keys are checked by sdlc alone.
    table["additionalProperties"] = {"type": "object", "required": ["uses"]}
    return {"$schema": DIALECT, "title": "sdlc.toml", **references[shapes.index(Settings)], "$defs": definitions}


def field_docs(shape: type[Frozen]) -> dict[str, str]:
    """The docstring under each field of a type, its own and those that it inherits, by the field's name."""
    docs: dict[str, str] = {}
    for part in reversed(shape.__mro__):
        if issubclass(part, Frozen) and part is not Frozen:
            docs |= _own_field_docs(part)
    return docs


def _own_field_docs(shape: type[Frozen]) -> dict[str, str]:
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(shape))).body
    assert isinstance(definition, ast.ClassDef)
    docs = {}
    for field, below in zip(definition.body, definition.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(below, ast.Expr):
            docs[field.target.id] = str(ast.literal_eval(below.value))
    return docs


def _describe(definition: dict[str, Any], shape: type[Frozen]) -> None:
    for name, text in field_docs(shape).items():
        definition["properties"][name]["description"] = inspect.cleandoc(text)
    for name, kind in get_type_hints(shape).items():
        if get_origin(kind) is dict and issubclass(word := get_args(kind)[0], enum.Enum):
            definition["properties"][name]["propertyNames"] = {"enum": [member.value for member in word]}


def _with_inner(shapes: list[type[Frozen]]) -> Iterator[type[Frozen]]:
    """The shapes, and the shapes of their fields, each once."""
    seen: set[type[Frozen]] = set()
    waiting: list[object] = list(shapes)
    while waiting:
        shape = waiting.pop()
        waiting.extend(get_args(shape))
        if isinstance(shape, type) and issubclass(shape, Frozen) and shape not in seen:
            seen.add(shape)
            waiting.extend(get_type_hints(shape).values())
            yield shape


def _anything(kind: type) -> dict[str, Any]:
    """The schema of what a gate's own keys may hold, before each gate's options say it."""
    if kind is object:
        return {"title": "any value"}
    raise NotImplementedError


def _merged(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """One table holds the keys that every gate understands and those of its own."""
    return {
        "type": "object",
        "description": own.get("description", ""),
        "properties": {**common["properties"], **own["properties"]},
        "required": [*common.get("required", ()), *own.get("required", ())],
        "additionalProperties": False,
    }
