"""Being logged in for the time of a scan: shown before it, now and then during it, and after it, and renewed when lost."""

from __future__ import annotations

import http.cookies
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from sdlc.errors import TargetFailed
from sdlc.model import Frozen
from sdlc_gates._dast.client import Client, Reply, Request
from sdlc_gates._dast.login import Login, log_in, secrets_in

SHOWN = b"kept-by-the-gate"
"""What a scanner gets to see instead of the session's cookies."""
FAULTS_IN_A_ROW = 3
PAUSE_SECONDS = 0.5
FEW = 4


class Probe(Frozen, frozen=True):
    """A page that only somebody logged in gets to see."""

    path: str
    """Where it is; it must answer with a status below 300."""
    shows: str = ""
    """A text that must stand in it, such as the user's name; matters where everybody gets the page, each a different one."""
    seconds: Annotated[float, Meta(gt=0)] = 15
    """How often it is asked for during the scan."""


class Identity(Frozen, frozen=True):
    """As whom the target is scanned, with every credential filled in."""

    probe: Probe
    login: Login | None = None
    fields: dict[str, str] = {}
    """What the login is sent."""
    headers: dict[str, str] = {}
    """What every request carries beside the session."""


@dataclass(slots=True)
class Session:
    """One identity at one target; what the target's replies to attacks set does not change it."""

    identity: Identity
    client: Client
    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    checks: int = 0
    """How often the probe had an answer."""
    lost: list[str] = field(default_factory=list)
    """What it was answered each time the session was lost; it was renewed then."""
    _faults: int = 0
    _silence: str = ""
    """What the probe said when it told nothing of the session."""

    def begin(self) -> None:
        """Log in; raises `TargetFailed` unless the probe can tell it from not being logged in."""
        self.client.secrets |= secrets_in(self.identity.headers)
        probe = self.identity.probe
        if not self._outside(self._asked({}, {})):
            raise TargetFailed(
                f"{probe.path} shows to everybody what only somebody logged in should see, so it can't tell a lost session",
                fix="name another page in logged_in, or a text that it shows to nobody else (shows)",
            )
        self._renew()
        for _ in range(FAULTS_IN_A_ROW):
            if (fault := self._fault()) is not None:
                break
            time.sleep(PAUSE_SECONDS)
        if fault is None or fault:
            why = fault or self._silence
            raise TargetFailed(f"logged in, and yet {probe.path} {why}", fix="see login and logged_in in the gate's table")
        self.checks += 1

    def verify(self) -> None:
        """Ask the probe and renew the session when it is lost; raises `TargetFailed` when that does not help."""
        fault = self._fault()
        if fault is None:
            self._faults += 1
            if self._faults >= FAULTS_IN_A_ROW:
                raise TargetFailed(
                    f"{self.identity.probe.path} told nothing of the session {self._faults} times in a row: it {self._silence}"
                )
            return
        self._faults = 0
        self.checks += 1
        if fault:
            self.lost.append(fault)
            self._renew()
            if still := self._fault():
                raise TargetFailed(f"the session was lost ({fault}), and logging in again did not help: it {still}")
            if len(self.lost) > FEW and 2 * len(self.lost) > self.checks:
                raise TargetFailed(
                    f"the session was lost {len(self.lost)} times in {self.checks} looks, at last because it {fault}"
                )

    def conclude(self) -> None:
        """The last look; raises `TargetFailed` when the session is lost or the probe gives no answer for good."""
        for _ in range(FAULTS_IN_A_ROW):
            before = self.checks
            self.verify()
            if self.checks > before:
                return
            time.sleep(PAUSE_SECONDS)

    def carried(self, lines: Iterable[bytes]) -> list[bytes]:
        """The header lines of a request with the session's in place of its own."""
        own = {name.lower().encode() for name in self.headers}
        kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in own]
        kept += [f"{name}: {value}".encode("latin-1") for name, value in self.headers.items()]
        if not self.cookies:
            return kept
        pairs = [pair for line in kept if _named(line, b"cookie") for pair in line.partition(b":")[2].split(b";")]
        names = {name.encode("latin-1") for name in self.cookies}
        others = [pair.strip() for pair in pairs if pair.partition(b"=")[0].strip() not in names]
        mine = [f"{name}={value}".encode("latin-1") for name, value in self.cookies.items()]
        return [line for line in kept if not _named(line, b"cookie")] + [
            b"Cookie: " + b"; ".join([*filter(None, others), *mine])
        ]

    def hidden(self, lines: Iterable[bytes]) -> list[bytes]:
        """The header lines of a reply without the values of the session's cookies; their attributes stay."""
        return [self._hidden(line) if _named(line, b"set-cookie") else line for line in lines]

    def ends(self, lines: Iterable[bytes]) -> bool:
        """Whether a reply takes one of the session's cookies away."""
        given = [line.partition(b":")[2].partition(b";")[0] for line in lines if _named(line, b"set-cookie")]
        pairs = [_pair(pair.decode("latin-1")) for pair in given]
        return any(name in self.cookies and not value.strip('"') for name, value in pairs)

    def _hidden(self, line: bytes) -> bytes:
        pair, semicolon, attributes = line.partition(b":")[2].partition(b";")
        name, value = _pair(pair.decode("latin-1"))
        if name not in self.cookies or not value:
            return line
        return b"Set-Cookie: " + name.encode("latin-1") + b"=" + SHOWN + semicolon + attributes

    def _renew(self) -> None:
        self.headers, self.cookies = dict(self.identity.headers), {}
        if login := self.identity.login:
            for name, value in log_in(self.client, login, self.identity.fields):
                if name.lower() == "cookie":
                    self.cookies |= dict(_pairs(value))
                else:
                    self.headers[name] = value

    def _fault(self) -> str | None:
        """What speaks against being logged in: empty when nothing does; None when the target is too busy to tell."""
        reply = self._asked(self.headers, self.cookies)
        if not reply.status or reply.status == 429 or reply.status >= 500:
            self._silence = f"answered {reply.status}" if reply.status else f"gave no answer: {reply.fault}"
            return None
        if outside := self._outside(reply):
            return outside
        # What a page sets for somebody logged in belongs to the session, as in a browser.
        self.cookies |= dict(_set(reply))
        self.client.secrets |= secrets_in({"Cookie": "; ".join(f"{n}={v}" for n, v in self.cookies.items())})
        return ""

    def _outside(self, reply: Reply) -> str:
        """How a reply shows that whoever asked is not logged in; empty when it doesn't."""
        probe = self.identity.probe
        if not reply.accepted:
            return f"answered {reply.status}"
        return "" if probe.shows in reply.text else f"did not show {probe.shows!r}"

    def _asked(self, headers: Mapping[str, str], cookies: Mapping[str, str]) -> Reply:
        pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        carried = [*headers.items(), *([("Cookie", pairs)] if pairs else [])]
        return self.client.send(Request("GET", self.identity.probe.path, tuple(carried)))


def _named(line: bytes, name: bytes) -> bool:
    return line.partition(b":")[0].strip().lower() == name


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    return (_pair(pair) for pair in header.split(";") if "=" in pair)


def _set(reply: Reply) -> Iterator[tuple[str, str]]:
    """The cookies that a reply sets, those that it takes away aside."""
    for header in reply.named("Set-Cookie"):
        jar = http.cookies.SimpleCookie()
        try:
            jar.load(header)
        except http.cookies.CookieError:
            continue
        yield from ((name, morsel.coded_value) for name, morsel in jar.items() if morsel.value and morsel["max-age"] != "0")
