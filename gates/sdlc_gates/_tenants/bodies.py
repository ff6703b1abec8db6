"""Values that fit a schema, with the places in them that can hold a planted text. Pure."""

from __future__ import annotations

import datetime
import json
import re
import secrets
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

DEPTH = 6
# A schema may refer to itself in many places at once.
NODES = 2000
PLAIN: dict[str, object] = {"integer": 1, "number": 1, "boolean": True, "null": None}
FORMATS = {
    "date": "2030-01-31",
    "date-time": "2030-01-31T12:00:00Z",
    "uuid": "00000000-0000-4000-8000-000000000001",
    "ipv4": "192.0.2.1",
}
Path = tuple[str, ...]
Form = Literal["text", "email", "uri", "file"]
Resolve = Callable[[Mapping[str, Any], object], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Slot:
    """A text that may be replaced."""

    plain: str
    """What stands there as long as nothing is planted."""
    form: Form = "text"
    longest: int | None = None

    def holds(self, text: str) -> bool:
        """Whether there is room for it."""
        return self.longest is None or len(self.written(text)) <= self.longest

    def written(self, text: str) -> str:
        """The text in the form that is wanted here."""
        if self.form == "email":
            return f"{text.replace(' ', '.')}@example.com"
        return f"https://example.com/{text.replace(' ', '/')}" if self.form == "uri" else text


@dataclass(frozen=True, slots=True)
class Shape:
    """A value that fits a schema; its replaceable texts are slots."""

    value: object
    optional: frozenset[Path] = frozenset()

    def slots(self) -> tuple[tuple[Path, Slot], ...]:
        """Every place for a text, by its path."""
        return tuple((path, leaf) for path, leaf in leaves(self.value) if isinstance(leaf, Slot))

    def numbers(self) -> tuple[tuple[Path, object], ...]:
        """Every place for a number, by its path."""
        return tuple((path, leaf) for path, leaf in leaves(self.value) if type(leaf) in (int, float))

    @property
    def files(self) -> frozenset[str]:
        """The fields that hold a file."""
        return frozenset(path[0] for path, slot in self.slots() if path and slot.form == "file")

    def filled(self, chosen: Mapping[Path, object], keep: Callable[[Path], bool] = lambda path: True) -> object:
        """The value with the chosen places replaced; what is optional stays only if chosen or kept."""
        unwanted = {path for path in self.optional if not keep(path) and not any(one[: len(path)] == path for one in chosen)}
        return _filled(self.value, (), chosen, unwanted)


def _filled(node: object, path: Path, chosen: Mapping[Path, object], unwanted: set[Path]) -> object:
    if path in chosen:
        return chosen[path]
    if isinstance(node, dict):
        return {
            key: _filled(value, (*path, key), chosen, unwanted) for key, value in node.items() if (*path, key) not in unwanted
        }
    if isinstance(node, list):
        return [_filled(value, (*path, str(index)), chosen, unwanted) for index, value in enumerate(node)]
    return node.plain if isinstance(node, Slot) else node


def leaves(node: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Everything in a value that holds nothing further, by its path."""
    if isinstance(node, dict) and node:
        yield from (found for key, value in node.items() for found in leaves(value, (*path, str(key))))
    elif isinstance(node, list) and node:
        yield from (found for index, value in enumerate(node) for found in leaves(value, (*path, str(index))))
    else:
        yield path, node


def sampled(document: Mapping[str, Any], schema: object, resolve: Resolve, example: object = None) -> Shape:
    """A plausible value: the description's examples and choices first, then the plainest of its type."""
    sampler = _Sampler(document, resolve)
    value = sampler.value(schema, (), 0)
    if example is not None:
        return Shape(_overlaid(value, example))
    return Shape(value, frozenset(sampler.optional))


@dataclass(slots=True)
class _Sampler:
    document: Mapping[str, Any]
    resolve: Resolve
    optional: set[Path] = field(default_factory=set)
    seen: int = 0

    def value(self, schema: object, path: Path, depth: int) -> object:
        known = self._merged(schema)
        self.seen += 1
        if depth > DEPTH or self.seen > NODES:
            return None
        if "const" in known:
            return _dated(known["const"])
        if isinstance(allowed := known.get("enum"), list) and allowed:
            return _dated(allowed[0])
        example = self._example(known)
        kind = known.get("type")
        kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
        if isinstance(known.get("properties"), dict) or kind == "object":
            return self._object(known, path, depth)
        if kind == "array":
            return [self.value(known.get("items"), (*path, "0"), depth + 1)]
        if isinstance(kind, str) and kind in PLAIN:
            least = known.get("minimum")
            return example if example is not None else least if isinstance(least, (int, float)) else PLAIN[kind]
        return _text(known, example) if isinstance(example, (str, type(None))) else example

    def _merged(self, schema: object) -> Mapping[str, Any]:
        """The schema with what it is made of; of several choices the first."""
        known = dict(self.resolve(self.document, schema))
        for key in ("oneOf", "anyOf"):
            choices = known.get(key)
            if isinstance(choices, list) and choices:
                known = {**self.resolve(self.document, choices[0]), **known}
        for part in known["allOf"] if isinstance(known.get("allOf"), list) else ():
            found = self.resolve(self.document, part)
            properties = {**_dict(found.get("properties")), **_dict(known.get("properties"))}
            required = [*_list(found.get("required")), *_list(known.get("required"))]
            known = {**found, **known, "properties": properties, "required": required}
        return known

    def _object(self, known: Mapping[str, Any], path: Path, depth: int) -> dict[str, object]:
        required = _list(known.get("required"))
        made = {}
        for name, part in _dict(known.get("properties")).items():
            if self.resolve(self.document, part).get("readOnly"):
                continue
            if name not in required:
                self.optional.add((*path, str(name)))
            made[str(name)] = self.value(part, (*path, str(name)), depth + 1)
        return made

    def _example(self, known: Mapping[str, Any]) -> object:
        listed = known.get("examples")
        return _dated(known.get("example", known.get("default", listed[0] if isinstance(listed, list) and listed else None)))


def _text(known: Mapping[str, Any], example: str | None) -> object:
    form = known.get("format")
    if form in FORMATS or isinstance(known.get("pattern"), str):
        return example or FORMATS.get(str(form), "sample")
    longest = known.get("maxLength")
    forms: dict[object, Form] = {"email": "email", "uri": "uri", "url": "uri", "binary": "file"}
    slot = Slot(example or "sample", forms.get(form) or _seeming(example or ""), longest if isinstance(longest, int) else None)
    return slot if example else replace(slot, plain=slot.written("sample"))


def _seeming(example: str) -> Form:
    """The form of an example, where the schema names none."""
    if re.fullmatch(r"[^@\s/]+@[^@\s/]+\.\w+", example):
        return "email"
    return "uri" if re.match(r"https?://\S+$", example) else "text"


def _overlaid(value: object, example: object) -> object:
    """An example in the place of a sample, with the sample's knowledge of where texts may go."""
    if isinstance(example, dict):
        known = _dict(value)
        return {str(key): _overlaid(known.get(str(key)), part) for key, part in example.items()}
    if isinstance(example, list):
        first = value[0] if isinstance(value, list) and value else None
        return [_overlaid(first, part) for part in example]
    if isinstance(example, str) and (value is None or isinstance(value, Slot)):
        return replace(value, plain=example) if isinstance(value, Slot) else Slot(example, _seeming(example))
    return _dated(example)


def _dated(value: object) -> object:
    """The value, or the text of what YAML takes for a date."""
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


def encoded(media: str, value: object, files: frozenset[str] = frozenset()) -> tuple[str, bytes]:
    """Content type and bytes of a body; `files` are the fields that a form sends as one."""
    if media.endswith("json"):
        return media, json.dumps(value, default=str).encode()
    fields = {str(key): part if isinstance(part, str) else json.dumps(part, default=str) for key, part in _dict(value).items()}
    if media == "application/x-www-form-urlencoded":
        return media, urllib.parse.urlencode(fields, errors="replace").encode()
    boundary = secrets.token_hex(12)
    parts = []
    for name, part in fields.items():
        attached = '; filename="sample.txt"' if name in files else ""
        head = f'Content-Disposition: form-data; name="{urllib.parse.quote(name, errors="replace")}"{attached}'
        parts.append(f"--{boundary}\r\n{head}\r\n\r\n{part}\r\n")
    return f"{media}; boundary={boundary}", ("".join(parts) + f"--{boundary}--\r\n").encode("utf-8", "replace")


def _dict(node: object) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _list(node: object) -> list[Any]:
    return node if isinstance(node, list) else []
