"""One operation at a time: first as the owner of what it is about, then as the other tenant and as nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sdlc_gates._dast.client import Reply, Request
from sdlc_gates._tenants.making import accepted, said
from sdlc_gates._tenants.marks import Mark, Sight, seen
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.people import ANYBODY, Session
from sdlc_gates._tenants.scene import SAFE, NotExercised, Scene, Stage
from sdlc_gates._tenants.state import Change, changes, telling


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


@dataclass(frozen=True, slots=True)
class Prober:
    """Probes operations, each time on a fresh scene."""

    stage: Stage

    def with_object(self, operation: Operation, owner: int) -> Iterator[Leak]:
        """What others get, or do, of the tenant number `owner` with its ids; raises `NotExercised`."""
        asking = self.stage.maker.asking
        kinds = tuple(dict.fromkeys(one.kind for one in asking.references(operation)))
        lasting = [kind for kind in kinds if asking.kind(kind).create is None]
        if operation.method != SAFE and lasting and not self.stage.people.renewable:
            raise NotExercised(f"it could spoil the {lasting[0]}, which can't be made anew: set sign_up or reset")
        _control(self.stage.scene(operation, owner, kinds))
        yield from self._attack(operation, owner, kinds)
        for kind in kinds if len(kinds) > 1 else ():
            yield from self._attack(operation, owner, kinds, mine=tuple(one for one in kinds if one != kind))
        yield from self._attack(operation, owner, kinds, anonymous=True)

    def listing(self, operation: Operation, owner: int) -> tuple[tuple[Leak, ...], str]:
        """What others see of the tenant number `owner` where things are listed, searched or exported.

        Beside it, why that isn't all that can be said; empty when it is.
        """
        leaks, doubt = [], ""
        for role in ("owner", "other", "nobody"):
            scene = self.stage.scene(operation, owner, (), everything=True)
            caller = {"owner": scene.owner, "other": scene.other, "nobody": ANYBODY}[role]
            search = self.stage.maker.asking.search(operation, scene.planted.mark)
            request, reply = self.stage.people.send(caller, search)
            shown = seen(scene.planted.secrets, reply, request)
            named = None if shown else seen(scene.planted.names, reply, request)
            if role == "owner" and not (shown or named):
                doubt = f"it shows its owner nothing of what was planted ({said(reply)})"
            elif role != "owner" and (shown or named):
                leaks.append(_leak(scene, caller, (request, reply), shown or named, by_name=not shown))
            doubt = doubt or _unjudged(reply, caller)
        return tuple(leaks), doubt

    def _attack(
        self, operation: Operation, owner: int, kinds: Sequence[str], *, anonymous: bool = False, mine: Sequence[str] = ()
    ) -> Iterator[Leak]:
        """Somebody else's request, with the owner's ids but for the kinds in `mine`."""
        scene = self.stage.scene(operation, owner, kinds)
        caller = ANYBODY if anonymous else scene.other
        before, again = scene.read(), scene.read()
        exchange = request, reply = scene.ask(anonymous=anonymous, mine=mine)
        found = changes(before, again, scene.read())
        sight = seen(scene.planted.secrets, reply, request)
        if sight:
            yield _leak(scene, caller, exchange, sight)
        sure = scene.reading.made_there(scene.owner, operation, scene.planted, scene.own.mark, reply)
        sure += telling(found, (scene.own.mark.canary, scene.own.mark.word), scene.planted.mark.canary)
        sure = sure or self._unexplained(found, operation, owner, kinds, anonymous=anonymous)
        if sure:
            yield _leak(scene, caller, exchange, changed=sure)
        elif not sight and (doubt := _unjudged(reply, caller)):
            raise NotExercised(doubt)

    def _unexplained(
        self, found: Sequence[Change], operation: Operation, owner: int, kinds: Sequence[str], *, anonymous: bool
    ) -> tuple[Change, ...]:
        """The changes that don't come about when the same caller names nothing of the owner's.

        What does is a clock, or a counter of everything; it is remembered.
        """
        restless = self.stage.restless
        if any(change.what not in restless for change in found):
            scene = self.stage.scene(operation, owner, kinds)
            before = scene.read()
            scene.ask(anonymous=anonymous, mine=kinds)
            restless |= scene.drift(before)
        return tuple(change for change in found if change.what not in restless)


def _control(scene: Scene) -> None:
    """The owner itself must get what was planted, or see an effect: else nothing can be said about others."""
    before, again = scene.read(), scene.read()
    mark = Mark()
    request, reply = scene.people.send(scene.owner, scene.maker.asking.request(scene.operation, scene.planted.ids, mark))
    if not accepted(reply):
        raise NotExercised(f"its owner was refused: {said(reply)}")
    if doubt := _unjudged(reply, scene.owner):
        raise NotExercised(doubt)
    shown = seen(scene.planted.secrets, reply, request)
    if scene.operation.method == SAFE and not shown:
        raise NotExercised(f"it doesn't show its owner what was planted: {said(reply)}")
    if scene.operation.method == SAFE or (scene.operation.method == "POST" and shown):
        return
    after = scene.read()
    found = changes(before, again, after)
    if scene.reading.made_there(scene.owner, scene.operation, scene.planted, mark, reply):
        return
    if telling(found, (mark.canary, mark.word), scene.planted.mark.canary):
        return
    if not found or {change.what for change in found} <= scene.drift(after):
        raise NotExercised(f"nothing that its owner can read shows an effect of it: {said(reply)}")


def _leak(
    scene: Scene,
    caller: Session,
    exchange: tuple[Request, Reply],
    sight: Sight | None = None,
    *,
    changed: tuple[Change, ...] = (),
    by_name: bool = False,
) -> Leak:
    request, reply = exchange
    anonymous = caller is ANYBODY
    names = caller.credentials
    return Leak(scene.owner.name, caller.name, anonymous, request, reply, sight, changed, by_name, names)


def _unjudged(reply: Reply, caller: Session) -> str:
    """Why a reply says nothing about what its caller may do; empty when it does."""
    if not reply.status:
        return f"{caller.name} got no reply: {reply.fault}"
    if reply.status == 429:
        return f"{caller.name} was turned away for asking too often (429)"
    return "" if reply.complete else f"{caller.name} got a reply too large to be read"
