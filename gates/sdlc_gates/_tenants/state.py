"""What an owner reads of its own: taken before and after somebody else's request, and compared."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sdlc_gates._dast.client import Reply
from sdlc_gates._tenants.asking import Asking
from sdlc_gates._tenants.bodies import leaves
from sdlc_gates._tenants.kinds import unknown
from sdlc_gates._tenants.making import Planted, accepted, objects, told
from sdlc_gates._tenants.marks import Mark
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.people import People, Session

READERS = 5
LEAVES = 5000
LOGIN = "logging in"
State = Mapping[str, str]
"""Each leaf of what was read, by the operation and its path there."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that reads differently."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads the state of planted objects as their owner."""

    people: People
    asking: Asking

    def of(self, owner: Session, planted: Planted, *, login: bool) -> State:
        """All that its owner can read of it; with `login`, also whether the owner is still let in."""
        state: dict[str, str] = {}
        readers = self._readers(planted)
        for operation in readers:
            reply = self._asked(owner, operation, planted)
            state[f"{operation.label} status"] = str(reply.status)
            state |= dict(_leaves(operation.label, reply))
        if not readers:
            state |= dict(self._listed(owner, planted))
        if login and (let_in := self.people.can_log_in(owner)) is not None:
            state[LOGIN] = "accepted" if let_in else "refused"
        return state

    def made_there(
        self, owner: Session, operation: Operation, planted: Planted, mark: Mark, reply: Reply
    ) -> tuple[Change, ...]:
        """What a reply says was made in the planted objects, as far as their owner finds it there."""
        for kind in self.asking.kinds:
            if kind.create == operation and kind.read and accepted(reply) and (id := told(reply, kind)):
                request = self.asking.request(kind.read, {**planted.ids, kind.name: id}, planted.mark)
                _, read = self.people.send(owner, request)
                if mark.canary in read.text:
                    return (Change(f"{kind.read.label} (new)", "", read.text),)
        return ()

    def _readers(self, planted: Planted) -> Sequence[Operation]:
        """The operations that show these objects, those that are meant for it first."""
        meant = {kind.read.label for kind in self.asking.kinds if kind.read and kind.name in planted.ids}
        found = [one for one in self.asking.operations if one.method == "GET" and self._shows(one, planted)]
        return sorted(found, key=lambda one: one.label not in meant)[:READERS]

    def _shows(self, operation: Operation, planted: Planted) -> bool:
        named = {reference.kind for reference in self.asking.references(operation)}
        open_ends = unknown(operation, self.asking.kinds, self.asking.values)
        return bool(named) and named <= planted.ids.keys() and not open_ends

    def _listed(self, owner: Session, planted: Planted) -> Iterator[tuple[str, str]]:
        """What lists say of an object that nothing shows by itself."""
        collections = {kind.create.path for kind in self.asking.kinds if kind.create and kind.name in planted.ids}
        for operation in self.asking.operations:
            if operation.method == "GET" and operation.path in collections:
                data = self._asked(owner, operation, planted).data()
                mine = next((node for node in objects(data) if planted.mark.canary in str(node)), None)
                yield from ((f"{operation.label} {'.'.join(path)}", str(leaf)) for path, leaf in leaves(mine))

    def _asked(self, owner: Session, operation: Operation, planted: Planted) -> Reply:
        request = self.asking.request(operation, planted.ids, planted.mark)
        return self.people.send(owner, request)[1]


def _leaves(label: str, reply: Reply) -> Iterator[tuple[str, str]]:
    data = reply.data()
    if data is None and reply.body:
        yield f"{label} body", f"{reply.text[:200]} (sha256 {hashlib.sha256(reply.body).hexdigest()[:16]})"
    elif reply.body:
        yield from ((f"{label} {'.'.join(path)}", str(leaf)) for path, leaf in itertools.islice(leaves(data), LEAVES))


def changes(first: State, second: State, after: State) -> tuple[Change, ...]:
    """What reads differently afterwards, though it read the same twice before."""
    steady = {what for what in first.keys() | second.keys() if first.get(what) == second.get(what)}
    fresh = after.keys() - first.keys() - second.keys()
    return tuple(
        Change(what, first.get(what, ""), after.get(what, ""))
        for what in sorted(steady | fresh)
        if first.get(what) != after.get(what)
    )


def telling(found: Sequence[Change], texts: Sequence[str], canary: str) -> tuple[Change, ...]:
    """The changes that can only come from the other's request: they hold its texts, or the canary is gone."""
    return tuple(
        change
        for change in found
        if any(text in change.after and text not in change.before for text in texts)
        or (canary in change.before and canary not in change.after)
    )
