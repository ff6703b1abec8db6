"""The operations of an OpenAPI description, with what they take, ready to be filled in. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sdlc_gates._dast.openapi import METHODS, base_path, mapping, parameters, resolved
from sdlc_gates._tenants.bodies import Shape, sampled

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
# Other methods carry no data of a tenant.
JUDGED = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a request carries outside its body."""

    name: str
    place: str
    """`path`, `query`, `header` or `cookie`."""
    required: bool
    shape: Shape
    choices: tuple[object, ...] = ()
    """What the description allows, where it lists it."""
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path."""

    method: str
    """Upper case."""
    path: str
    """The template, below the target's address."""
    parameters: tuple[Parameter, ...] = ()
    media: str = ""
    """The body's content type; empty where it takes none."""
    body: Shape | None = None
    lists: bool = False
    """Whether the description says that a reply holds an array."""
    name: str = ""
    """The template as the description writes it, where a base path comes before it."""

    @property
    def label(self) -> str:
        """What it is called in reports and in the configuration."""
        return f"{self.method} {self.name or self.path}"

    def within(self, place: str) -> tuple[Parameter, ...]:
        """Its parameters there."""
        return tuple(parameter for parameter in self.parameters if parameter.place == place)


def operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Everything that the description names and that may carry data of a tenant, in its order."""
    return tuple(
        # A half of a surrogate pair is no path, and can't be written down.
        _operation(document, str(path).encode("utf-8", "replace").decode(), method.upper(), item, item[method])
        for path, item in mapping(document.get("paths")).items()
        for method in METHODS
        if isinstance(item, dict) and isinstance(item.get(method), dict) and method.upper() in JUDGED
    )


def _operation(
    document: Mapping[str, Any], path: str, method: str, item: Mapping[str, Any], spec: Mapping[str, Any]
) -> Operation:
    given = parameters(document, item, spec)
    media, body = _body(document, spec, given)
    return Operation(
        method=method,
        path=base_path(document) + path,
        parameters=tuple(_parameter(document, one) for one in given if one.get("in") not in ("body", "formData")),
        media=media,
        body=body,
        lists=_lists(document, spec),
        name=path,
    )


def _parameter(document: Mapping[str, Any], given: Mapping[str, Any]) -> Parameter:
    # Swagger 2 writes the schema's keys into the parameter itself.
    schema = resolved(document, given.get("schema", given))
    place = str(given.get("in"))
    choices = schema.get("enum")
    largest = schema.get("maximum")
    example = {"example": given["example"]} if "example" in given else {}
    return Parameter(
        name=str(given.get("name")),
        place=place,
        required=bool(given.get("required")) or place == "path",
        shape=sampled(document, {**schema, **example}, resolved),
        choices=tuple(choices) if isinstance(choices, list) else (),
        largest=largest if isinstance(largest, int) else None,
    )


def _body(document: Mapping[str, Any], spec: Mapping[str, Any], given: Sequence[Mapping[str, Any]]) -> tuple[str, Shape | None]:
    content = mapping(resolved(document, spec.get("requestBody")).get("content"))
    for media, entry in content.items():
        known = next((kind for kind in (JSON, FORM, MULTIPART) if str(media).partition(";")[0].strip() == kind), "")
        if known or str(media).endswith("+json"):
            described = mapping(entry)
            return known or str(media), sampled(document, described.get("schema"), resolved, described.get("example"))
    if content:
        return str(next(iter(content))), None
    for parameter in given:
        if parameter.get("in") == "body":
            return JSON, sampled(document, parameter.get("schema"), resolved)
    fields = {str(p.get("name")): p for p in given if p.get("in") == "formData"}
    if fields:
        needed = [name for name, field in fields.items() if field.get("required")]
        return FORM, sampled(document, {"type": "object", "properties": fields, "required": needed}, resolved)
    return "", None


def _lists(document: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether a reply, or one of its fields, is described as an array."""
    replies = mapping(spec.get("responses"))
    described = next((resolved(document, reply) for status, reply in replies.items() if str(status).startswith("2")), {})
    schemas = [mapping(media).get("schema") for media in mapping(described.get("content")).values()]
    schemas += [described["schema"]] if "schema" in described else []
    for schema in (resolved(document, schema) for schema in schemas):
        parts = (resolved(document, part) for part in mapping(schema.get("properties")).values())
        if schema.get("type") == "array" or any(part.get("type") == "array" for part in parts):
            return True
    return False
