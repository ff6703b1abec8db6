"""The tenants: what they are called, how they are let in, and what they carry once they are."""

from __future__ import annotations

import base64
import itertools
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sdlc.errors import TargetFailed
from sdlc_gates._dast.client import Client, Reply, Request
from sdlc_gates._dast.login import FORM, JSON, from_environment, log_in, secrets_in
from sdlc_gates._tenants.marks import SHORTEST_SECRET, Mark
from sdlc_gates._tenants.settings import SignUp, Tenant, TenantOptions
from sdlc_gates._tenants.templates import filled, filled_in

NOBODY = "an anonymous caller"
NEEDED = "set two [[gates.tenant-isolation.tenants]], or sign_up"
SHOWN_CHARACTERS = 200
RESETS = 3


@dataclass(frozen=True, slots=True)
class Session:
    """A tenant, let in; or nobody."""

    name: str
    number: int = -1
    """0 or 1; -1 for nobody."""
    words: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    """What each request carries."""
    own: tuple[str, ...] = ()
    """Texts of the account that only this tenant may see."""
    known_as: tuple[str, ...] = ()
    """Unmistakable names of the account, which others may not be told."""

    @property
    def credentials(self) -> frozenset[str]:
        """Names of the headers that let it in."""
        return frozenset(name for name, _ in self.headers)

    def with_credentials(self, request: Request) -> Request:
        """The request as this caller sends it."""
        names = {name.lower() for name, _ in self.headers}
        kept = tuple((name, value) for name, value in request.headers if name.lower() not in names)
        cookies = [value for name, value in (*request.headers, *self.headers) if name.lower() == "cookie"]
        mine = tuple((name, value) for name, value in self.headers if name.lower() != "cookie")
        joined = (("Cookie", "; ".join(cookies)),) if cookies else ()
        return replace(request, headers=(*(pair for pair in kept if pair[0].lower() != "cookie"), *mine, *joined))


ANYBODY = Session(NOBODY)


@dataclass(slots=True)
class People:
    """Two tenants of the target."""

    client: Client
    options: TenantOptions
    _sessions: dict[int, Session] = field(default_factory=dict)
    _secrets: list[dict[str, str]] = field(default_factory=list)
    _lent: dict[int, set[str]] = field(default_factory=dict)
    """What lets a tenant in for now: secret as long as its account lasts."""

    def __post_init__(self) -> None:
        if len(self.options.tenants) != 2 and not (self.options.sign_up and not self.options.tenants):
            raise TargetFailed(f"{len(self.options.tenants)} tenants are described, and it takes two", fix=NEEDED)
        self._secrets = [from_environment(tenant.words_env, "word") for tenant in self._tenants()]
        self.client.secrets.update(value for secrets in self._secrets for value in secrets.values())
        who = [
            (tenant.words | own, tenant.headers, tenant.basic)
            for tenant, own in zip(self._tenants(), self._secrets, strict=True)
        ]
        if self.options.tenants and who[0] == who[1]:
            raise TargetFailed("both tenants are the same", fix="give each words of its own")

    @property
    def renewable(self) -> bool:
        """Whether accounts can be had as new again."""
        return bool(self.options.sign_up or self.options.reset)

    def fresh(self, number: int) -> Session:
        """Tenant 0 or 1, with an account as new where that can be had."""
        if number not in self._sessions or self.renewable:
            self._sessions[number] = self._let_in(number)
        return self._sessions[number]

    def send(self, caller: Session, request: Request) -> tuple[Request, Reply]:
        """The request as a caller sends it, and the reply; with a new session where the old one has run out."""
        current = self._sessions.get(caller.number, caller)
        caller = current if current.words == caller.words else caller
        sent = caller.with_credentials(request)
        reply = self.client.send(sent)
        if reply.status == 401 and (renewed := self._renewed(caller)):
            sent = renewed.with_credentials(request)
            reply = self.client.send(sent)
        return sent, reply

    def _renewed(self, caller: Session) -> Session | None:
        """The same tenant with a new session; None where nobody logs in, or is no longer let in."""
        granting = self._granted(caller.number, caller.words) if caller.words else ()
        if not granting:
            return None
        renewed = replace(caller, headers=tuple((dict(caller.headers) | dict(granting)).items()))
        self._sessions[caller.number] = renewed
        return renewed

    def can_log_in(self, session: Session) -> bool | None:
        """Whether the tenant's credentials are still accepted; None where nobody logs in."""
        if not self.options.login or not session.words:
            return None
        return bool(self._granted(session.number, session.words))

    def _granted(self, number: int, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The headers of a new session; empty when the tenant is no longer let in."""
        try:
            return self._entered(number, words)
        except TargetFailed:
            return ()

    def _entered(self, number: int, words: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """The headers of a new session, none where nobody logs in; raises `TargetFailed` when the tenant isn't let in."""
        login = self.options.login
        if not login:
            return ()
        known = set(self.client.secrets)
        fields = login.credentials() | {name: filled(value, words) for name, value in login.fields.items()}
        try:
            return log_in(self.client, login, fields)
        finally:
            self._lent.setdefault(number, set()).update(self.client.secrets - known)

    def reset(self) -> None:
        """Bring the application's data back to where it began; raises `TargetFailed` when it refuses each time it is asked."""
        if not self.options.reset:
            return
        method, _, path = self.options.reset.rpartition(" ")
        replies = (self.client.send(Request(method or "POST", path)) for _ in range(RESETS))
        refused = list(itertools.takewhile(lambda reply: not reply.accepted, replies))
        if len(refused) == RESETS:
            raise TargetFailed(
                f"the reset {self.options.reset} failed: {_said(refused[-1])}", fix="see reset in the gate's table"
            )

    def _tenants(self) -> tuple[Tenant, ...]:
        return self.options.tenants or (Tenant(name="tenant a"), Tenant(name="tenant b"))

    def _let_in(self, number: int) -> Session:
        self.client.secrets -= self._lent.pop(number, set())
        mark = Mark()
        made_up = {"user": mark.name, "password": f"{Mark().canary}-A1", "email": f"{mark.canary}@example.com"}
        words = {**made_up, "canary": mark.canary, **self._tenants()[number].words, **self._secrets[number]}
        if self.options.sign_up:
            self._sign_up(self.options.sign_up, words)
        return self._with_session(number, words)

    def _sign_up(self, sign_up: SignUp, words: Mapping[str, str]) -> None:
        method, _, path = sign_up.request.rpartition(" ")
        fields = filled_in(sign_up.fields, words)
        body = json.dumps(fields) if sign_up.kind == "json" else urllib.parse.urlencode(fields)
        kind = JSON if sign_up.kind == "json" else FORM
        request = Request(method or "POST", path, (("Content-Type", kind),), body.encode())
        reply = self.client.send(request, confidential=True)
        if not 200 <= reply.status < 400:
            raise TargetFailed(f"signing up at {sign_up.request} failed: {_said(reply)}", fix="see sign_up")

    def _with_session(self, number: int, words: Mapping[str, str]) -> Session:
        tenant = self._tenants()[number]
        headers = {name: filled(value, words) for name, value in tenant.headers.items()}
        if tenant.basic:
            pair = base64.b64encode(filled(tenant.basic, words).encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        headers |= dict(self._entered(number, words))
        if not headers:
            raise TargetFailed(
                f"nothing tells {tenant.name or 'a tenant'} from an anonymous caller", fix="set login, headers or basic"
            )
        secrets = self._secrets[number]
        if secrets:
            self.client.secrets |= secrets_in(headers)
        made = (words["canary"], words["password"]) if self.options.sign_up else ()
        private = (filled(template, words) for template in tenant.private)
        own = tuple(text for text in (*made, *private, *secrets.values()) if len(text) >= SHORTEST_SECRET)
        known_as = (words["user"],) if self.options.sign_up and "user" not in tenant.words else ()
        name = tenant.name or f"tenant {'ab'[number]}"
        return Session(name, number, words, tuple(headers.items()), own, known_as)


def accounts(options: TenantOptions) -> dict[str, str]:
    """The templates that an account is known by, by the field that holds them."""
    fields = dict(options.login.fields if options.login else {})
    fields |= {
        name: value for name, value in (options.sign_up.fields if options.sign_up else {}).items() if isinstance(value, str)
    }
    return {name: value for name, value in fields.items() if value in ("{user}", "{email}", "{id}")}


def _said(reply: Reply) -> str:
    return f"{reply.status} {reply.text[:SHOWN_CHARACTERS]}" if reply.status else reply.fault
