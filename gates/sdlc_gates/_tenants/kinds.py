"""Which kinds of objects an application keeps for its tenants, and which operations refer to one. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdlc_gates._tenants.bodies import Path, leaves
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.settings import Thing

PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")
# Parts of a path that don't say what is there.
NAMELESS = re.compile(r"\{.*|v\d+|api", re.IGNORECASE)
# What a parameter is called when its name doesn't say of what.
GENERIC = frozenset({"id", "pk", "uuid", "guid", "slug", "key", "name", "ref", "number"})
ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object."""

    name: str
    create: Operation | None = None
    """None: it is there already, and `thing.id` says what it is called."""
    item: str = ""
    """The path below which its parameter stands, with anonymous placeholders: `/notes/{}`."""
    parameter: str = ""
    """What the last placeholder of `item` is called."""
    names: frozenset[str] = frozenset()
    """What parameters and fields that hold its id are called, `plain`."""
    read: Operation | None = None
    thing: Thing | None = None
    """What the configuration says about it."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in a request that names an object."""

    kind: str
    place: str
    """`path`, `query`, `header` or `body`."""
    name: str
    path: Path = ()
    """In a body, where."""


def plain(name: str) -> str:
    """A name without what tells spellings apart: `X-Note-Id`, `noteId` and `note_ids` are one."""
    bare = re.sub(r"[^a-z0-9]", "", name.lower().removeprefix("x-"))
    return bare[:-1] if bare.endswith("ids") else bare


def singular(word: str) -> str:
    """The word for one of them, as far as spelling tells."""
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def anonymous(path: str) -> str:
    """The path with the names of its placeholders left out."""
    return PLACEHOLDER.sub("{}", path)


def kinds(operations: Sequence[Operation], things: Sequence[Thing], accounts: Mapping[str, str]) -> tuple[Kind, ...]:
    """What the configuration names, then what paths show: somewhere to post to, and the same with an id behind it.

    `accounts` are the templates that an account is known by, by the field of a login or sign-up that holds them.
    """
    by_label = {operation.label: operation for operation in operations}
    found = [_configured(thing, by_label) for thing in things]
    taken = {kind.create.label for kind in found if kind.create}
    # The same collection once per spelling of its item's parameter would be two kinds.
    shown = {kind.item: kind for kind in _shown(operations, by_label) if kind.create and kind.create.label not in taken}
    found += [kind for item, kind in shown.items() if item not in {other.item for other in found}]
    return (*found, *_accounts(accounts, found))


def _configured(thing: Thing, by_label: Mapping[str, Operation]) -> Kind:
    read, create = by_label.get(thing.read), by_label.get(thing.create)
    names = {plain(name) for name in thing.parameters}
    item = parameter = ""
    if read and (placeholders := PLACEHOLDER.findall(read.path)):
        parameter = placeholders[-1]
        item = anonymous(read.path[: read.path.rindex("{" + parameter + "}")] + "{}")
        names |= {plain(parameter)} - GENERIC
    return Kind(thing.name, create, item, parameter, frozenset(names | _called(thing.name)), read, thing)


def _shown(operations: Sequence[Operation], by_label: Mapping[str, Operation]) -> Iterator[Kind]:
    for operation in operations:
        above, _, last = operation.path.rpartition("/")
        match = PLACEHOLDER.fullmatch(last)
        create = next((one for one in operations if one.method == "POST" and one.path.rstrip("/") == above), None)
        if match is None or create is None:
            continue
        word = singular(next((part for part in reversed(above.split("/")) if part and not NAMELESS.fullmatch(part)), "object"))
        read = next((one for one in operations if one.method == "GET" and one.path == operation.path), None)
        names = _called(word) | ({plain(match[1])} - GENERIC)
        yield Kind(word, create, anonymous(operation.path), match[1], frozenset(names), read)


def _called(word: str) -> set[str]:
    bare = plain(word)
    return {f"{bare}id", f"{bare}uuid"}


def _accounts(accounts: Mapping[str, str], found: Sequence[Kind]) -> Iterator[Kind]:
    """The tenants' accounts, one kind for each template that they are known by."""
    known = {kind.name for kind in found} | {name for kind in found for name in kind.names if kind.thing}
    for name, template in accounts.items():
        if ACCOUNT not in known and plain(name) not in known:
            thing = Thing(name=f"{ACCOUNT} ({name})", id=template)
            yield Kind(thing.name, names=frozenset({plain(name)}), parameter=name, thing=thing)


def references(operation: Operation, known: Sequence[Kind]) -> tuple[Reference, ...]:
    """The places in an operation's requests that name an object of a known kind."""
    found = [*_in_path(operation, known)]
    for place in ("query", "header", "cookie"):
        for parameter in operation.within(place):
            if not parameter.choices and (kind := _named(parameter.name, operation, known)):
                found.append(Reference(kind.name, place, parameter.name))
    if operation.body:
        for path, _ in leaves(operation.body.value):
            name = next((part for part in reversed(path) if not part.isdecimal()), "")
            # What a body calls `email` is as a rule a new one, and no account's.
            if kind := _named(name, operation, [kind for kind in known if not kind.name.startswith(f"{ACCOUNT} (")]):
                found.append(Reference(kind.name, "body", name, path))
    return tuple(reference for reference in found if not _sets_its_own(reference, operation, known))


def _sets_its_own(reference: Reference, operation: Operation, known: Sequence[Kind]) -> bool:
    """Whether it is the field by which a new object gets its name, which refers to none."""
    makes = next((kind for kind in known if kind.create == operation), None)
    return reference.place == "body" and makes is not None and makes.name == reference.kind


def _in_path(operation: Operation, known: Sequence[Kind]) -> Iterator[Reference]:
    for match in PLACEHOLDER.finditer(operation.path):
        here = anonymous(operation.path[: match.end()])
        kind = next((kind for kind in known if kind.item == here), None) or _named(match[1], operation, known)
        if kind and not any(parameter.name == match[1] and parameter.choices for parameter in operation.within("path")):
            yield Reference(kind.name, "path", match[1])


def _named(name: str, operation: Operation, known: Sequence[Kind]) -> Kind | None:
    """The kind that a parameter's name speaks of; a name that doesn't say which speaks of what its path is about."""
    bare = plain(name)
    if bare in GENERIC:
        inside = [kind for kind in known if kind.create and anonymous(operation.path).startswith(anonymous(kind.create.path))]
        return inside[0] if bare != "name" and inside else None
    return next((kind for kind in known if bare in kind.names), None)


def unknown(operation: Operation, known: Sequence[Kind], values: Mapping[str, str]) -> tuple[str, ...]:
    """Placeholders of a path that name nothing known, have no value, and aren't one of a few choices."""
    told = {reference.name for reference in _in_path(operation, known)}
    told |= {parameter.name for parameter in operation.within("path") if parameter.choices} | set(values)
    return tuple(name for name in PLACEHOLDER.findall(operation.path) if name not in told)
