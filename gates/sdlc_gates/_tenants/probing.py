"""One operation at a time: first as the owner of what it is about, then as the other tenant and as nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sdlc_gates._dast.client import Reply, Request
from sdlc_gates._tenants.kinds import Kind
from sdlc_gates._tenants.making import Maker, NotMade, Planted, accepted, said
from sdlc_gates._tenants.marks import Mark, Sight, seen
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.people import ANYBODY, People, Session
from sdlc_gates._tenants.state import Change, Reading, changes, telling

LONGEST_QUIET_SECONDS = 3.0
SAFE = "GET"


class NotExercised(Exception):
    """An operation can't be judged; the message says why."""


@dataclass(frozen=True, slots=True)
class Leak:
    """Something that crossed from one tenant to another, or to nobody."""

    owner: str
    caller: str
    anonymous: bool
    request: Request
    reply: Reply
    sight: Sight | None = None
    """What was shown."""
    changed: tuple[Change, ...] = ()
    """What was changed."""
    by_name: bool = False
    """Only a name was shown, and not what is in it."""
    credentials: frozenset[str] = frozenset()
    """Names of the request's headers that let the caller in."""


@dataclass(slots=True)
class Prober:
    """Probes operations with fresh objects each time."""

    people: People
    maker: Maker
    reading: Reading
    unmade: dict[str, str] = field(default_factory=dict)
    """Kinds that no tenant can make, and why."""

    def with_object(self, operation: Operation, owner: int) -> Iterator[Leak]:
        """What others get, or do, of the tenant number `owner` with its ids; raises `NotExercised`."""
        kinds = tuple(dict.fromkeys(one.kind for one in self.maker.asking.references(operation)))
        lasting = [kind for kind in kinds if self.maker.asking.kind(kind).create is None]
        if operation.method != SAFE and lasting and not self.people.renewable:
            raise NotExercised(f"it could spoil the {lasting[0]}, which can't be made anew: set sign_up or reset")
        self._control(operation, owner, kinds)
        yield from self._attack(operation, owner, kinds, anonymous=False, mine=())
        for kind in kinds if len(kinds) > 1 else ():
            yield from self._attack(operation, owner, kinds, anonymous=False, mine=tuple(one for one in kinds if one != kind))
        yield from self._attack(operation, owner, kinds, anonymous=True, mine=())

    def listing(self, operation: Operation, owner: int) -> tuple[tuple[Leak, ...], str]:
        """What others see of the tenant number `owner` where things are listed, searched or exported.

        Beside it, why that isn't all that can be said; empty when it is.
        """
        leaks, doubt = [], ""
        for number, anonymous in ((owner, False), (1 - owner, False), (1 - owner, True)):
            self.people.reset()
            mine = self.people.fresh(owner)
            planted = self._everything(mine)
            other = self.people.fresh(1 - owner)
            self._everything(other)
            caller = ANYBODY if anonymous else mine if number == owner else other
            request, reply = self.people.send(caller, self.maker.asking.search(operation, planted.mark))
            shown = seen(planted.secrets, reply, request)
            named = None if shown else seen(planted.names, reply, request)
            if number == owner and not (shown or named):
                doubt = f"it shows its owner nothing of what was planted ({said(reply)})"
            elif number != owner and (shown or named):
                leaks.append(
                    Leak(
                        mine.name,
                        caller.name,
                        anonymous,
                        request,
                        reply,
                        shown or named,
                        by_name=not shown,
                        credentials=caller.credentials,
                    )
                )
            doubt = doubt or _unjudged(reply, caller)
        return tuple(leaks), doubt

    def _everything(self, session: Session) -> Planted:
        """One object of every kind that can be made."""
        return self._made_as_far(session, (), [kind.name for kind in self.maker.asking.kinds if kind.create])

    def _made(self, session: Session, operation: Operation, kinds: Sequence[str]) -> Planted:
        """What an operation is about, and what it may show with it: whatever lies in it, or all where that is an account."""
        made = [kind for kind in self.maker.asking.kinds if kind.create]
        inside = [kind.name for kind in made if any(self._lies_in(kind, outer) for outer in kinds)]
        lasting = all(self.maker.asking.kind(kind).create is None for kind in kinds)
        also = [kind.name for kind in made] if lasting else inside
        try:
            return self._made_as_far(session, kinds, also if operation.method == SAFE else ())
        except NotMade as error:
            raise NotExercised(str(error)) from error

    def _made_as_far(self, session: Session, needed: Sequence[str], also: Sequence[str]) -> Planted:
        """The needed kinds, and those of the others that can be made; raises `NotMade` for a needed one."""
        wanted = [name for name in also if name not in self.unmade and name not in needed]
        while True:
            try:
                return self.maker.make(session, (*needed, *wanted))
            except NotMade as error:
                if error.kind not in wanted and not any(self._lies_in(self.maker.asking.kind(n), error.kind) for n in wanted):
                    raise
                self.unmade[error.kind] = str(error)
                wanted = [n for n in wanted if n != error.kind and not self._lies_in(self.maker.asking.kind(n), error.kind)]

    def _lies_in(self, kind: Kind, outer: str) -> bool:
        """Whether one is made in another, or by naming it."""
        return kind.create is not None and any(one.kind == outer for one in self.maker.asking.references(kind.create))

    def _control(self, operation: Operation, number: int, kinds: Sequence[str]) -> None:
        """The owner itself must get what was planted, or see an effect: else nothing can be said about others."""
        self.people.reset()
        owner = self.people.fresh(number)
        planted = self._made(owner, operation, kinds)
        before = self.reading.of(owner, planted, login=operation.method != SAFE)
        again = self.reading.of(owner, planted, login=operation.method != SAFE)
        mark = Mark()
        request, reply = self.people.send(owner, self.maker.asking.request(operation, planted.ids, mark))
        if not accepted(reply) or (doubt := _unjudged(reply, owner)):
            raise NotExercised(f"its owner was refused: {said(reply)}" if not accepted(reply) else doubt)
        shown = seen(planted.secrets, reply, request)
        if operation.method == SAFE and not shown:
            raise NotExercised(f"it doesn't show its owner what was planted: {said(reply)}")
        if operation.method == SAFE or (operation.method == "POST" and shown):
            return
        new = self.reading.made_there(owner, operation, planted, mark, reply)
        if not new and not changes(before, again, self.reading.of(owner, planted, login=True)):
            raise NotExercised(f"nothing that its owner can read shows an effect of it: {said(reply)}")

    def _attack(
        self, operation: Operation, number: int, kinds: Sequence[str], *, anonymous: bool, mine: Sequence[str]
    ) -> Iterator[Leak]:
        """Somebody else's request, with the owner's ids but for the kinds in `mine`."""
        self.people.reset()
        owner = self.people.fresh(number)
        planted = self._made(owner, operation, kinds)
        other = self.people.fresh(1 - number)
        own = self._made(other, operation, kinds)
        caller = ANYBODY if anonymous else other
        login = operation.method != SAFE
        began = time.monotonic()
        before, again = self.reading.of(owner, planted, login=login), self.reading.of(owner, planted, login=login)
        ids = {kind: own.ids[kind] if kind in mine else id for kind, id in planted.ids.items()}
        request, reply = self.people.send(caller, self.maker.asking.request(operation, ids, own.mark))
        after = self.reading.of(owner, planted, login=login)
        if sight := seen(planted.secrets, reply, request):
            yield Leak(owner.name, caller.name, anonymous, request, reply, sight, credentials=caller.credentials)
        found = changes(before, again, after)
        sure = self.reading.made_there(owner, operation, planted, own.mark, reply)
        sure += telling(found, (own.mark.canary, own.mark.word), planted.mark.canary)
        if found and not sure:
            quiet = self._quiet(operation, number, kinds, time.monotonic() - began)
            sure = tuple(change for change in found if change.what not in quiet)
        if sure:
            yield Leak(owner.name, caller.name, anonymous, request, reply, changed=sure, credentials=caller.credentials)
        elif not sight and (doubt := _unjudged(reply, caller)):
            raise NotExercised(doubt)

    def _quiet(self, operation: Operation, number: int, kinds: Sequence[str], seconds: float) -> frozenset[str]:
        """What changes by itself within that time."""
        login = operation.method != SAFE
        self.people.reset()
        owner = self.people.fresh(number)
        planted = self._made(owner, operation, kinds)
        before = self.reading.of(owner, planted, login=login)
        self.people.client.bounds.cancel.wait(min(seconds, LONGEST_QUIET_SECONDS))
        after = self.reading.of(owner, planted, login=login)
        return frozenset(change.what for change in changes(before, before, after))


def _unjudged(reply: Reply, caller: Session) -> str:
    """Why a reply says nothing about what its caller may do; empty when it does."""
    if not reply.status:
        return f"{caller.name} got no reply: {reply.fault}"
    if reply.status == 429:
        return f"{caller.name} was turned away for asking too often (429)"
    return "" if reply.complete else f"{caller.name} got a reply too large to be read"
