"""Making objects that hold a planted text, and learning how an application wants them made."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sdlc_gates._dast.client import Reply, Request
from sdlc_gates._dast.login import at
from sdlc_gates._tenants.asking import Asking
from sdlc_gates._tenants.bodies import Path, encoded
from sdlc_gates._tenants.kinds import Kind, plain
from sdlc_gates._tenants.marks import Mark
from sdlc_gates._tenants.operations import JSON, Operation
from sdlc_gates._tenants.people import People, Session
from sdlc_gates._tenants.settings import Thing
from sdlc_gates._tenants.templates import filled, filled_in

SHOWN_CHARACTERS = 160


class NotMade(Exception):
    """There is no object of a kind to look with; the message says why."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep which kind it is."""
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Planted:
    """Objects of a tenant, one of each kind that was asked for and of those that they lie in."""

    ids: Mapping[str, str]
    """By kind."""
    secrets: tuple[str, ...]
    """Texts that only their owner may see."""
    names: tuple[str, ...]
    """Unmistakable names that others may not be told."""
    mark: Mark


@dataclass(slots=True)
class Maker:
    """Makes objects as their tenants would."""

    people: People
    asking: Asking
    _learned: dict[str, dict[Path, str]] = field(default_factory=dict)

    def make(self, session: Session, kinds: Sequence[str]) -> Planted:
        """One object of each kind, and of what they lie in; raises `NotMade`."""
        mark = Mark()
        ids: dict[str, str] = {}
        for name in kinds:
            self._made(session, self.asking.kind(name), mark, ids, ())
        created = any(self.asking.kind(name).create for name in ids)
        secrets = (mark.canary, *session.own) if created else session.own
        names = (mark.name, *session.known_as) if mark.name in ids.values() else session.known_as
        return Planted(ids, secrets, names, mark)

    def _made(self, session: Session, kind: Kind, mark: Mark, ids: dict[str, str], above: tuple[str, ...]) -> None:
        """Have an object of the kind in `ids`."""
        if kind.name in ids:
            return
        if kind.create is None:
            ids[kind.name] = filled(kind.thing.id if kind.thing else "", session.words)
            return
        if kind.name in above:
            raise NotMade(kind.name, f"a {kind.name} can only be made in itself")
        for reference in self.asking.references(kind.create):
            self._made(session, self.asking.kind(reference.kind), mark, ids, (*above, kind.name))
        request, reply = self._created(session, kind, kind.create, mark, ids)
        if not accepted(reply):
            raise NotMade(kind.name, f"{session.name} can't make a {kind.name}: {said(reply)}")
        ids[kind.name] = self._id(session, kind, mark, ids, (request, reply))

    def _created(
        self, session: Session, kind: Kind, create: Operation, mark: Mark, ids: Mapping[str, str]
    ) -> tuple[Request, Reply]:
        if kind.thing and kind.thing.body is not None:
            return self.people.send(session, self._as_told(session, create, kind.thing, mark, ids))
        if kind.name in self._learned:
            return self.people.send(session, self.asking.request(create, ids, mark, self._learned[kind.name]))
        fields = dict(self.asking.fields(kind, create))
        if not any(what == "text" for what in fields.values()):
            raise NotMade(kind.name, f"{create.label} has no field that could hold a planted text")
        request, reply = self.people.send(session, self.asking.request(create, ids, mark, fields))
        if accepted(reply):
            self._learned[kind.name] = fields
        if accepted(reply) or reply.status in (401, 403):
            return request, reply
        return self._learn(session, kind, create, mark, ids)

    def _learn(
        self, session: Session, kind: Kind, create: Operation, mark: Mark, ids: Mapping[str, str]
    ) -> tuple[Request, Reply]:
        """Not every field takes a text: plant in one after the other, and keep those that are accepted."""
        chosen: dict[Path, str] = {}
        for path, what in self.asking.fields(kind, create):
            # Another mark each time: what is made on the way must not be taken for what is asked for.
            trial = self.asking.request(create, ids, Mark(), {**chosen, path: what})
            if accepted(self.people.send(session, trial)[1]):
                chosen[path] = what
        request, reply = self.people.send(session, self.asking.request(create, ids, mark, chosen))
        if accepted(reply) and not any(what == "text" for what in chosen.values()):
            raise NotMade(kind.name, f"{create.label} takes no planted text in any field")
        self._learned[kind.name] = chosen
        return request, reply

    def _as_told(self, session: Session, create: Operation, thing: Thing, mark: Mark, ids: Mapping[str, str]) -> Request:
        words = {**session.words, "name": mark.name, "word": mark.word, "text": mark.text, "canary": mark.canary}
        media, body = encoded(create.media or JSON, filled_in(thing.body, words))
        blank = self.asking.request(create, ids, mark, {})
        kept = tuple(pair for pair in blank.headers if pair[0] != "Content-Type")
        return replace(blank, headers=(*kept, ("Content-Type", media)), body=body)

    def _id(self, session: Session, kind: Kind, mark: Mark, ids: Mapping[str, str], exchange: tuple[Request, Reply]) -> str:
        """What the new object is called; raises `NotMade` when nothing tells."""
        request, reply = exchange
        where = kind.thing.id if kind.thing else ""
        words = {**session.words, "name": mark.name, "word": mark.word}
        found = filled(where, words) if "{" in where else _scalar(at(reply.data(), where)) if where else ""
        found = found or told(reply, kind) or _location(reply)
        sent = Reply(0, body=request.body).data()
        found = found or (_scalar(sent.get(kind.parameter)) if isinstance(sent, dict) else "")
        found = found or self._listed(session, kind, mark, ids)
        if not found:
            raise NotMade(kind.name, f"nothing tells the id of a new {kind.name}: {said(reply)}")
        return found

    def _listed(self, session: Session, kind: Kind, mark: Mark, ids: Mapping[str, str]) -> str:
        """The id that stands beside the canary where its owner lists what there is."""
        listing = next(
            (one for one in self.asking.operations if one.method == "GET" and kind.create and one.path == kind.create.path),
            None,
        )
        if listing is None:
            return ""
        request = self.asking.request(listing, ids, mark)
        listed = self.people.send(session, request)[1].data()
        beside = next((node for node in objects(listed) if mark.canary in str(node)), None)
        return _named(beside, kind) if isinstance(beside, dict) else ""


def objects(node: object) -> Iterator[object]:
    """Every mapping in a value, the innermost first."""
    if isinstance(node, dict):
        yield from (found for value in node.values() for found in objects(value))
        yield node
    elif isinstance(node, list):
        yield from (found for value in node for found in objects(value))


def told(reply: Reply, kind: Kind) -> str:
    """The id in a reply: in the object itself, or in what it is wrapped in."""
    data = reply.data()
    wrapped = [value for value in data.values() if isinstance(value, dict)] if isinstance(data, dict) else []
    return next((id for node in (data, *wrapped) if isinstance(node, dict) and (id := _named(node, kind))), "")


def _named(node: Mapping[str, object], kind: Kind) -> str:
    wanted = [plain(kind.parameter), *sorted(kind.names), "id", "uuid", "pk"]
    by_name = {plain(str(key)): _scalar(value) for key, value in node.items()}
    return next((by_name[name] for name in wanted if by_name.get(name)), "")


def _location(reply: Reply) -> str:
    if reply.status != 201:
        return ""
    for header in reply.named("Location"):
        with contextlib.suppress(ValueError):  # one that is no address tells no id
            return urllib.parse.unquote(urllib.parse.urlsplit(header).path.rstrip("/").rpartition("/")[2])
    return ""


def _scalar(value: object) -> str:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def accepted(reply: Reply) -> bool:
    """Whether a caller was let through; a form answers with a redirect."""
    return 200 <= reply.status < 400


def said(reply: Reply) -> str:
    """A reply in a few words."""
    return f"{reply.status} {' '.join(reply.text.split())[:SHOWN_CHARACTERS]}" if reply.status else reply.fault
