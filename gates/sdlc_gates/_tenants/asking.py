"""A request of an operation: references name the objects that are meant, texts hold a mark. Pure."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sdlc_gates._dast.client import Request
from sdlc_gates._tenants.bodies import Path, encoded
from sdlc_gates._tenants.kinds import GENERIC, PLACEHOLDER, Kind, Reference, plain, references
from sdlc_gates._tenants.marks import Mark
from sdlc_gates._tenants.operations import JSON, Operation, Parameter
from sdlc_gates._tenants.templates import filled_in

SEARCHES = frozenset({"q", "query", "search", "term", "keyword", "filter", "text", "find", "s"})
SIZES = frozenset({"limit", "pagesize", "perpage", "size", "count", "take", "maxresult", "maxresults"})
MANY = 100
# What a path may hold as it is; a percent sign in a template begins an escape already.
LITERAL = "/:@!$&'()*+,;=%"
# Set by the session or by the body, whatever a description says of them.
NOT_OURS = frozenset({"authorization", "cookie", "accept", "content-type", "content-length", "host"})


@dataclass(frozen=True, slots=True)
class Asking:
    """What requests are made from."""

    operations: Sequence[Operation]
    """Those that may be called."""
    kinds: Sequence[Kind]
    values: Mapping[str, str]
    """Values for parameters that name no tenant's object, by the parameter's name."""
    bodies: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """Templates of bodies, by the operation's label."""

    def kind(self, name: str) -> Kind:
        """The kind of that name."""
        return next(kind for kind in self.kinds if kind.name == name)

    def references(self, operation: Operation) -> tuple[Reference, ...]:
        """The places that name an object."""
        return references(operation, self.kinds)

    def request(
        self, operation: Operation, ids: Mapping[str, str], mark: Mark, where: Mapping[Path, str] | None = None
    ) -> Request:
        """Ask with these ids, by kind, and with the mark in the texts `where`, or by default wherever it fits."""
        told = {(one.place, one.name): ids[one.kind] for one in self.references(operation) if one.kind in ids}
        # Literal parts and, at odd places, names of placeholders.
        pieces = PLACEHOLDER.split(operation.path)
        pieces[::2] = [urllib.parse.quote(piece, safe=LITERAL, errors="replace") for piece in pieces[::2]]
        pieces[1::2] = [self._in_path(operation, name, told) for name in pieces[1::2]]
        path = "".join(pieces)
        query = urllib.parse.urlencode(list(self._carried(operation, "query", told, mark)), errors="replace")
        headers = [(name, value) for name, value in self._carried(operation, "header", told, mark) if value.isprintable()]
        cookies = "; ".join(f"{name}={value}" for name, value in self._carried(operation, "cookie", told, mark))
        headers += [("Cookie", cookies)] if cookies else []
        media, body = self._body(operation, ids, mark, where)
        headers += [("Content-Type", media)] if media else []
        return Request(operation.method, f"{path}?{query}" if query else path, tuple(headers), body)

    def search(self, operation: Operation, mark: Mark) -> Request:
        """Ask for what holds the mark, without naming its canary."""
        slots = operation.body.slots() if operation.body else ()
        return self.request(operation, {}, mark, {path: "word" for path, _ in slots if path and plain(path[-1]) in SEARCHES})

    def _in_path(self, operation: Operation, name: str, told: Mapping[tuple[str, str], str]) -> str:
        described = next((parameter for parameter in operation.within("path") if parameter.name == name), None)
        value = told.get(("path", name)) or self.values.get(name) or (_sample(described) if described else "sample")
        return urllib.parse.quote(value, safe="", errors="replace")

    def _carried(
        self, operation: Operation, place: str, told: Mapping[tuple[str, str], str], mark: Mark
    ) -> Iterator[tuple[str, str]]:
        """The parameters there that a request needs, that name an object, or that make it find more."""
        for parameter in operation.within(place):
            name = parameter.name
            if place == "header" and name.lower() in NOT_OURS:
                continue
            if (place, name) in told:
                yield name, told[(place, name)]
            elif name in self.values:
                yield name, self.values[name]
            elif place == "query" and plain(name) in SEARCHES and not parameter.choices:
                yield name, mark.word
            elif place == "query" and plain(name) in SIZES:
                yield name, str(min(MANY, parameter.largest or MANY))
            elif parameter.required:
                yield name, _sample(parameter)

    def _body(
        self, operation: Operation, ids: Mapping[str, str], mark: Mark, where: Mapping[Path, str] | None
    ) -> tuple[str, bytes]:
        if operation.label in self.bodies:
            words = {**ids, "name": mark.name, "word": mark.word, "text": mark.text, "canary": mark.canary}
            return encoded(operation.media or JSON, filled_in(dict(self.bodies[operation.label]), words))
        if operation.body is None:
            return "", b""
        chosen: dict[Path, object] = {}
        for reference in self.references(operation):
            if reference.place == "body" and reference.kind in ids:
                chosen[reference.path] = _like(operation, reference.path, ids[reference.kind])
        for path, slot in operation.body.slots():
            what = "text" if where is None else where.get(path, "")
            text = {"name": mark.name, "word": mark.word, "text": mark.text}.get(what, "")
            if text and path not in chosen and slot.holds(text):
                chosen[path] = slot.written(text)
        # Whatever else is optional may refer to what isn't there.
        value = operation.body.filled(chosen, keep=lambda path: False)
        return encoded(operation.media, value, operation.body.files)

    def fields(self, kind: Kind, create: Operation) -> Iterator[tuple[Path, str]]:
        """Places for a text; the one that becomes the id is no place for a secret, since others are told it."""
        referring = {one.path for one in self.references(create) if one.place == "body"}
        mark = Mark()
        for path, slot in create.body.slots() if create.body else ():
            named = bool(path) and plain(path[-1]) == plain(kind.parameter) and plain(kind.parameter) not in GENERIC - {"name"}
            if path not in referring and slot.holds(mark.name if named else mark.text):
                yield path, "name" if named else "text"


def _like(operation: Operation, path: Path, id: str) -> object:
    """The id, as a number where the description wants one."""
    shape = dict(operation.body.numbers()) if operation.body else {}
    return int(id) if path in shape and id.isdecimal() else id


def _sample(parameter: Parameter) -> str:
    if parameter.choices:
        return str(parameter.choices[0])
    value = parameter.shape.filled({})
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, (bool, int, float)) else "sample"
