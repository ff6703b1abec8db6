"""Two tenants, freshly let in, with objects of their own: what one probe is about, so that none can spoil the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sdlc_gates._dast.client import Reply, Request
from sdlc_gates._tenants.kinds import Kind
from sdlc_gates._tenants.making import Maker, NotMade, Planted
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.people import ANYBODY, People, Session
from sdlc_gates._tenants.state import Reading, State, changes

SAFE = "GET"
# Longer than the resolution of most clocks that a reply may show.
QUIET_SECONDS = 1.2


class NotExercised(Exception):
    """An operation can't be judged; the message says why."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What one probe of an operation is about."""

    operation: Operation
    people: People
    maker: Maker
    reading: Reading
    owner: Session
    other: Session
    planted: Planted
    """The owner's."""
    own: Planted
    """The other's."""

    def read(self) -> State:
        """What the owner reads of what was planted; of operations that may change it, also whether it is still let in."""
        return self.reading.of(self.owner, self.planted, login=self.operation.method != SAFE)

    def ask(self, *, anonymous: bool = False, mine: Sequence[str] = ()) -> tuple[Request, Reply]:
        """The operation, called by the other or by nobody with the owner's ids but for the kinds in `mine`."""
        ids = {kind: self.own.ids[kind] if kind in mine else id for kind, id in self.planted.ids.items()}
        request = self.maker.asking.request(self.operation, ids, self.own.mark)
        return self.people.send(ANYBODY if anonymous else self.other, request)

    def drift(self, since: State) -> frozenset[str]:
        """What comes to read differently by itself."""
        self.people.client.bounds.cancel.wait(QUIET_SECONDS)
        return frozenset(change.what for change in changes(since, since, self.read()))


@dataclass(slots=True)
class Stage:
    """Sets scenes."""

    people: People
    maker: Maker
    reading: Reading
    unmade: dict[str, str] = field(default_factory=dict)
    """Kinds that no tenant can make, and why."""
    restless: set[str] = field(default_factory=set)
    """What reads differently whether or not somebody else names it."""

    def scene(self, operation: Operation, number: int, kinds: Sequence[str], *, everything: bool = False) -> Scene:
        """Tenant `number` owns what is planted: the kinds, with what lies in them, or `everything` that can be made.

        Raises `NotExercised` when one of the kinds can't be made.
        """
        self.people.reset()
        sessions = [self.people.fresh(number), self.people.fresh(1 - number)]
        also = self._beside(operation, kinds, everything=everything)
        try:
            planted, own = (self._made(session, kinds, also) for session in sessions)
        except NotMade as error:
            raise NotExercised(str(error)) from error
        return Scene(operation, self.people, self.maker, self.reading, sessions[0], sessions[1], planted, own)

    def _beside(self, operation: Operation, kinds: Sequence[str], *, everything: bool) -> list[str]:
        """What an operation may show with the kinds it names: whatever lies in them, or all where they are accounts."""
        made = [kind for kind in self.maker.asking.kinds if kind.create]
        lasting = all(self.maker.asking.kind(kind).create is None for kind in kinds)
        if everything or (operation.method == SAFE and lasting):
            return [kind.name for kind in made]
        inside = [kind.name for kind in made if any(self._lies_in(kind, outer) for outer in kinds)]
        return inside if operation.method == SAFE else []

    def _made(self, session: Session, needed: Sequence[str], also: Sequence[str]) -> Planted:
        """The needed kinds, and those of the others that can be made; raises `NotMade` for a needed one."""
        wanted = [name for name in also if name not in self.unmade and name not in needed]
        while True:
            try:
                return self.maker.make(session, (*needed, *wanted))
            except NotMade as error:
                kept = [name for name in wanted if name != error.kind and not self._within(name, error.kind)]
                if kept == wanted:
                    raise
                self.unmade[error.kind] = self.people.client.redacted(str(error))
                wanted = kept

    def _within(self, name: str, outer: str) -> bool:
        return self._lies_in(self.maker.asking.kind(name), outer)

    def _lies_in(self, kind: Kind, outer: str) -> bool:
        """Whether one is made in another, or by naming it."""
        return kind.create is not None and any(one.kind == outer for one in self.maker.asking.references(kind.create))
