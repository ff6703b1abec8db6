"""Locust's HTTP clients, watched: a request is known from its beginning, not only once it is answered."""

from __future__ import annotations

import ipaddress
import re
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from gevent import GreenletExit, getcurrent
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession, FastHttpUser

from sdlc_loadtests.tally import Begun, Tally

ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
REMEMBERED = 1000
NOT_TARGET = "not the target, and may not be put under load"


class Watch:
    """Ties the requests that the clients begin to the reports that Locust's request event brings."""

    def __init__(
        self,
        tally: Tally,
        timeout: float,
        due: Callable[[], float | None],
        refused: Callable[[str], None],
        only: str | None = None,
    ) -> None:
        """Requests whose code names no time-out of its own end after `timeout` seconds; `due` says when one was due.

        With `only`, an address, no host is asked but its own and this machine; `refused` is told of each other, once.
        """
        self.tally, self.due, self.refused = tally, due, refused
        self.only = None if only is None else urllib.parse.urlsplit(only).hostname
        self.timeout = timeout
        self._open: dict[int, list[Begun]] = {}
        self._allowed: set[str] = set()
        self._strangers: set[str] = set()

    def install(self) -> None:
        """Put itself between the users and the clients, for as long as the process lives."""
        FastHttpUser.network_timeout = FastHttpUser.connection_timeout = self.timeout
        for session, defaults in ((HttpSession, {"timeout": self.timeout}), (FastHttpSession, {})):
            session.request = self._watched(session.request, defaults)  # type: ignore[method-assign]  # on purpose

    def on_request(self, request_type: str, name: str, response_time: float | None, **report: Any) -> None:
        """Listen to Locust's request event."""
        latency = (response_time or 0.0) / 1000
        full_name, failed = f"{request_type} {name}", bool(report.get("exception"))
        # Locust's own HTTP clients report the address; an event that user code fires beside them doesn't.
        begun = self._latest() if "url" in report else None
        if begun:
            answered = not failed or bool(getattr(report.get("response"), "status_code", 0))
            self.tally.finish(begun, full_name, latency, failed=failed, answered=answered)
        else:
            self.tally.report(time.time(), full_name, latency, failed=failed)

    def abandon(self, now: float) -> None:
        """The code of this greenlet has raised: what it began and did not report has failed."""
        for begun in self._open.pop(id(getcurrent()), ()):
            self.tally.finish(begun, begun.name, now - begun.at - begun.late, failed=True)

    def _watched(self, send: Callable[..., Any], defaults: dict[str, Any]) -> Callable[..., Any]:
        def request(session: Any, method: str, url: str, *arguments: Any, **named: Any) -> Any:
            self._refuse_elsewhere(session, url)
            name = guess(session, method, url, arguments, named)
            begun = self.tally.begin(time.time(), name, self.due())
            self._open.setdefault(id(getcurrent()), []).append(begun)
            try:
                return send(session, method, url, *arguments, **(defaults | named))
            except GreenletExit:
                self._forget(begun)
                self.tally.censor(begun, time.time())
                raise
            except BaseException:
                # No answer and no report: an address that can't be asked, a stop from inside a listener.
                if begun in self.tally.open:
                    self._forget(begun)
                    self.tally.finish(begun, begun.name, time.time() - begun.at - begun.late, failed=True, answered=False)
                raise

        return request

    def _refuse_elsewhere(self, session: Any, url: Any) -> None:
        """Raise `PermissionError` when the full address lies on a host that may not be put under load."""
        full = str(url) if ABSOLUTE.match(str(url)) else str(session.base_url)
        if self.only is not None and full not in self._allowed:
            host = urllib.parse.urlsplit(full).hostname or ""
            if host != self.only and not is_loopback(host):
                self._tell_of(host)
                raise PermissionError(f"{host} is {NOT_TARGET}")
            if len(self._allowed) < REMEMBERED:
                self._allowed.add(full)

    def _tell_of(self, host: str) -> None:
        """The users' own code may catch the exception, and must not hide it."""
        if host not in self._strangers and len(self._strangers) < REMEMBERED:
            self._strangers.add(host)
            self.refused(f"{host} was asked for, which is {NOT_TARGET}")

    def _latest(self) -> Begun | None:
        """The request that this greenlet began last and has not reported."""
        stack = self._open.get(id(getcurrent()))
        if not stack:
            return None
        begun = stack.pop()
        if not stack:
            del self._open[id(getcurrent())]
        return begun

    def _forget(self, begun: Begun) -> None:
        stack = self._open.get(id(getcurrent()), [])
        if begun in stack:
            stack.remove(begun)
        if not stack:
            self._open.pop(id(getcurrent()), None)


def is_loopback(host: str) -> bool:
    """Whether a host's name or address means this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def guess(session: Any, method: str, url: Any, arguments: tuple[Any, ...], named: dict[str, Any]) -> str:
    """The name that Locust will most likely report a request under."""
    name = named.get("name") or (arguments[0] if arguments else None) or session.request_name
    if not name and ABSOLUTE.match(str(url)):
        parts = urllib.parse.urlsplit(str(url))
        name = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return f"{method} {name or url}"
