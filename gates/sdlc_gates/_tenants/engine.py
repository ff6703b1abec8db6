"""The whole examination: which operations there are to judge, each probed in both directions, and what came of it."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field

from sdlc.errors import GateError
from sdlc.model import Answer, Coverage, Missing
from sdlc.target import Target
from sdlc_gates._dast.client import Client
from sdlc_gates._tenants import kinds
from sdlc_gates._tenants.asking import SEARCHES, Asking
from sdlc_gates._tenants.kinds import plain
from sdlc_gates._tenants.making import Maker
from sdlc_gates._tenants.operations import Operation, operations
from sdlc_gates._tenants.people import People, accounts
from sdlc_gates._tenants.probing import Leak, Prober
from sdlc_gates._tenants.scene import NotExercised, Stage
from sdlc_gates._tenants.settings import TenantOptions
from sdlc_gates._tenants.state import Reading
from sdlc_gates._tenants.verdicts import Told, finding, rule_of, told

SHOWING = frozenset({"search", "find", "query", "list", "export", "download", "report", "dump", "backup", "csv"})


@dataclass(slots=True)
class Examination:
    """One run over one target."""

    target: Target
    client: Client
    options: TenantOptions
    _leaks: dict[tuple[str, str], list[Told]] = field(default_factory=dict)
    _missing: dict[str, str] = field(default_factory=dict)
    _done: set[str] = field(default_factory=set)
    _excluded: list[Missing] = field(default_factory=list)

    def run(self) -> Answer:
        """What crosses between the tenants; what is known so far goes with a `GateError`."""
        asking = self._asking()
        people = People(self.client, self.options)
        prober = Prober(Stage(people, Maker(people, asking), Reading(people, asking)))
        waiting = [one for one in asking.operations if not self._left_out(one)]
        judged = (one for one in waiting if asking.references(one) or self._unknown(asking, one) or _lists(one, asking))
        expected = {operation.label for operation in judged}
        try:
            for operation in waiting:
                self._examine(operation, prober, expected=operation.label in expected)
        except GateError as error:
            for label in expected - self._done:
                self._missing.setdefault(label, "it was not reached")
            error.answer = self._answer(asking, prober, expected)
            raise
        return self._answer(asking, prober, expected)

    def _asking(self) -> Asking:
        """Everything that may be called, and the kinds of objects in it."""
        found = []
        for operation in operations(self.target.openapi or {}):
            if pattern := _matching(operation, self.options.exclude):
                self._excluded.append(Missing(item=operation.label, reason=f"excluded by configuration: {pattern}"))
            else:
                found.append(operation)
        known = kinds.kinds(found, self.options.objects, accounts(self.options))
        return Asking(found, known, self.options.values, self.options.bodies)

    def _left_out(self, operation: Operation) -> bool:
        """Whether it is only called for what it does for the examination, or may show everything."""
        if pattern := _matching(operation, self.options.public):
            self._excluded.append(Missing(item=operation.label, reason=f"public by configuration: {pattern}"))
            return True
        login, sign_up = self.options.login, self.options.sign_up
        own = [f"{login.method.upper()} {login.path}"] if login else []
        own += [request for request in (sign_up.request if sign_up else "", self.options.reset) if request]
        return f"{operation.method} {operation.path}" in own

    def _unknown(self, asking: Asking, operation: Operation) -> tuple[str, ...]:
        return kinds.unknown(operation, asking.kinds, self.options.values)

    def _examine(self, operation: Operation, prober: Prober, *, expected: bool) -> None:
        asking = prober.stage.maker.asking
        if names := self._unknown(asking, operation):
            told = ", ".join(f"{{{name}}}" for name in names)
            self._missing[operation.label] = f"nothing tells what {told} names: describe it in objects, or give it a value"
        elif operation.media and operation.body is None and operation.label not in self.options.bodies:
            if expected:
                self._missing[operation.label] = f"a body of type {operation.media} can't be made: give it one in bodies"
        elif asking.references(operation):
            self._with_object(operation, prober)
        elif operation.method == "GET" or expected:
            self._listing(operation, prober, expected=expected)
        self._done.add(operation.label)

    def _with_object(self, operation: Operation, prober: Prober) -> None:
        for owner in (0, 1):
            try:
                for leak in prober.with_object(operation, owner):
                    self._keep(operation, leak, listed=False)
            except NotExercised as error:
                self._missing.setdefault(operation.label, self.client.redacted(str(error)))

    def _listing(self, operation: Operation, prober: Prober, *, expected: bool) -> None:
        for owner in (0, 1):
            leaks, doubt = prober.listing(operation, owner)
            for leak in leaks:
                self._keep(operation, leak, listed=True)
            if doubt and expected:
                self._missing.setdefault(operation.label, self.client.redacted(doubt))

    def _keep(self, operation: Operation, leak: Leak, *, listed: bool) -> None:
        # At once, while it is known which sessions were secrets.
        words = told(leak, self.target.url, self.client.redacted)
        self._leaks.setdefault((operation.label, rule_of(leak, listed=listed)), []).append(words)

    def _answer(self, asking: Asking, prober: Prober, expected: Set[str]) -> Answer:
        findings = tuple(
            finding(operation, rule, leaks, self._parameter(asking, operation), self.target.url)
            for operation in asking.operations
            for (label, rule), leaks in self._leaks.items()
            if operation.label == label
        )
        missing = tuple(Missing(item=item, reason=reason) for item, reason in sorted(self._missing.items()))
        covered = Coverage(
            what="operations",
            measured=len(expected) - len(missing),
            expected=len(expected),
            missing=missing,
            excluded=tuple(self._excluded),
        )
        return Answer(findings=findings, coverage=(covered,), notes=tuple(self._notes(asking, prober)))

    def _parameter(self, asking: Asking, operation: Operation) -> str:
        return ", ".join(dict.fromkeys(reference.name for reference in asking.references(operation)))

    def _notes(self, asking: Asking, prober: Prober) -> Iterator[str]:
        made = [f"{kind.name} ({kind.create.label})" for kind in asking.kinds if kind.create]
        yield f"{self.client.sent} requests; objects that were made: {', '.join(made) or 'none'}"
        yield from (f"no {name} could be made: {why}" for name, why in prober.stage.unmade.items())


def _matching(operation: Operation, patterns: Sequence[str]) -> str:
    names = (operation.name, operation.label)
    return next((pattern for pattern in patterns if any(fnmatch.fnmatchcase(name, pattern) for name in names)), "")


def _lists(operation: Operation, asking: Asking) -> bool:
    """Whether an operation that names no object is there to show many."""
    words = set(re.split(r"[^a-z]+", operation.path.lower()))
    slots = operation.body.slots() if operation.body else ()
    searches = {plain(parameter.name) for parameter in operation.within("query")} & SEARCHES
    searches |= {plain(path[-1]) for path, _ in slots if path} & SEARCHES
    if operation.method == "GET":
        collections = {kind.create.path for kind in asking.kinds if kind.create}
        return bool(operation.lists or searches or words & SHOWING or operation.path in collections)
    makes = any(kind.create == operation for kind in asking.kinds)
    return operation.method == "POST" and not makes and bool(searches or words & SHOWING)
