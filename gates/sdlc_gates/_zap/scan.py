"""The phases of a scan, each with a deadline, and never beyond the target's own address."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from sdlc.errors import OutputInvalid, SdlcError, TargetFailed, ToolTimeout
from sdlc.gate import Workspace, decode
from sdlc.model import Coverage, Missing
from sdlc.target import Target
from sdlc_gates._dast.routes import Visit
from sdlc_gates._zap.api import Api, Refused
from sdlc_gates._zap.daemon import Daemon
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates._zap.patterns import inside_pattern
from sdlc_gates._zap.wholeness import Look

POLL_SECONDS = 0.2
PROXY_SECONDS = 2.0
# Kept back of the whole deadline, to read what was found by then.
RESERVE_SECONDS = 15.0
SCRIPTED_ACTIVE = "50000"
"""Id of the rule that runs the active scripts."""
STATUS_LINE = re.compile(r"HTTP/\d(?:\.\d)? (\d{3})")
LOCATION = re.compile(r"^location:(.*)$", re.IGNORECASE | re.MULTILINE)
CONTEXT = "sdlc"
"""The name of our own context in ZAP."""
DONE = "Complete"
Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """A request that ZAP made for us, and its reply's first lines."""

    response_header: str


class Context(msgspec.Struct, frozen=True):
    """What ZAP says of a context."""

    id: str


class Seen(msgspec.Struct, frozen=True):
    """One line of ZAP's history; numbers come as text."""

    id: str
    method: str
    url: str
    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,3}$")]


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of one target by one daemon."""

    daemon: Daemon
    target: Target
    options: ZapOptions
    work: Workspace
    attacks: bool
    """Whether it tries anything on the target, or only looks."""
    context: str = CONTEXT
    """The name of the context that is scanned."""

    @property
    def api(self) -> Api:
        """The daemon's."""
        return self.daemon.api

    @property
    def start(self) -> str:
        """The URL that everything begins at."""
        return self.target.url + "/"

    def access(self) -> None:
        """Ask for the first page; raises `TargetFailed` when ZAP gets nothing from it."""
        url = self.target.url + self.target.ready
        try:
            messages = self.api.ask(list[Message], lambda zap: zap.core.access_url(url, followredirects="false"))
        except Refused as refusal:
            # A proxy that has just ended, because nobody stays logged in, tells why in a moment.
            self.work.cancel.wait(PROXY_SECONDS)
            self.daemon.check()
            raise TargetFailed(f"ZAP got no answer from {url}: {refusal}") from refusal
        status = STATUS_LINE.match(messages[0].response_header) if messages else None
        if status is None or int(status[1]) >= 400 or status[1] == "0":
            raise TargetFailed(f"ZAP asked {url} and was answered {status[1] if status else 'nothing'}")

    def crawl(self) -> None:
        """Follow the target's links."""
        number = self.begun("spider", lambda zap: zap.spider.scan(self.start, recurse="true", contextname=self.context))

        def progress() -> tuple[int, object]:
            percent = self.api.ask(Percent, lambda zap: zap.spider.status(number))
            return percent, self.messages()

        self.wait("spider", self.options.spider_seconds, progress)

    def settle(self) -> None:
        """Wait until the passive rules have read every reply; our own need no waiting."""
        if not self.api.has(lambda zap: zap.pscan.records_to_scan):
            return

        def progress() -> tuple[int, object]:
            left = self.api.ask(int, lambda zap: zap.pscan.records_to_scan)
            return (100 if left == 0 else 0), left

        self.wait("passive rules", self.options.passive_seconds, progress)

    def attack(self, *, scripted: bool) -> Coverage:
        """Try the active rules on all that was found; says which of them came to their end.

        `scripted` tells whether script rules are among them.
        """
        policy = self.options.policy or None
        context = self.api.ask(Context, lambda zap: zap.context.context(self.context)).id
        number = self.begun("active scan", lambda zap: zap.ascan.scan(contextid=context, recurse="true", scanpolicyname=policy))

        def progress() -> tuple[int, object]:
            percent = self.api.ask(Percent, lambda zap: zap.ascan.status(number))
            return percent, self.api.ask(list[Any], lambda zap: zap.ascan.scan_progress(number))

        self.wait("active scan", self.options.active_seconds, progress)
        report = self.api.ask(list[Any], lambda zap: zap.ascan.scan_progress(number))
        self.daemon.keep(self.work, "active-rules.json", report)
        return attacked(report, scripted)

    def messages(self) -> int:
        """How many requests ZAP has made so far."""
        return self.api.ask(int, lambda zap: zap.core.number_of_messages())

    def visits(self) -> tuple[Visit, ...]:
        """Every request that was made of the target, with its reply's status."""
        inside = inside_pattern(self.target.url)
        found = self.api.ask(list[dict[str, Any]], lambda zap: zap.search.urls_by_url_regex(inside))
        seen = decode(self.daemon.keep(self.work, "history.json", found), list[Seen])
        look = Look(self.api)
        return tuple(
            Visit(
                one.method,
                one.url,
                int(one.code),
                self._location(one),
                cut=look.is_cut(one.id, one.method, one.url, one.code),
            )
            for one in seen
        )

    def _location(self, seen: Seen) -> str:
        """Where a redirection leads; empty for any other reply."""
        if not seen.code.startswith("3"):
            return ""
        message = self.api.ask(Message, lambda zap: zap.core.message(seen.id))
        location = LOCATION.search(message.response_header)
        return location[1].strip() if location else ""

    def begun(self, phase: str, question: Callable[[Any], object]) -> str:
        """The number that ZAP gives what it has begun."""
        number = self.api.ask(str, question)
        if not number.isdecimal():
            raise OutputInvalid(f"ZAP began the {phase} and gave it no number, but {number[:200]!r}")
        return number

    def until(self, seconds: float) -> float:
        """The point of `time.monotonic()` at which a phase that may take so long ends, and time is left to tell of it."""
        return min(time.monotonic() + seconds, self.work.limits.deadline - RESERVE_SECONDS)

    def wait(self, phase: str, seconds: float, progress: Callable[[], tuple[int, object]]) -> None:
        """Poll until 100 %; raises `ToolTimeout` at the phase's deadline, near the whole one, or when nothing moves.

        However it ends early, ZAP is told to stop.
        """
        try:
            self._poll(phase, seconds, progress)
        except BaseException:
            self.halt()
            raise

    def halt(self) -> None:
        """Stop every crawl and attack: a daemon that runs on must not go on when nobody waits for it."""
        for stop in (lambda zap: zap.spider.stop_all_scans(), lambda zap: zap.ascan.stop_all_scans()):
            with contextlib.suppress(SdlcError):
                self.api.do(stop)

    def _poll(self, phase: str, seconds: float, progress: Callable[[], tuple[int, object]]) -> None:
        until = self.until(seconds)
        moved = time.monotonic()
        last: tuple[int, object] | None = None
        while True:
            self.daemon.check()
            percent, mark = progress()
            if percent >= 100:
                return
            now = time.monotonic()
            if last is None or percent != last[0]:
                self.work.say(f"{phase}: {percent} %")
            if (percent, mark) != last:
                moved, last = now, (percent, mark)
            if now > until:
                raise ToolTimeout(f"the {phase} was at {percent} % when its time was over")
            if now - moved > self.options.stalled_seconds:
                raise ToolTimeout(f"the {phase} stood still at {percent} % for {self.options.stalled_seconds:.0f} s")
            self.work.cancel.wait(POLL_SECONDS)


def attacked(report: list[Any], scripted: bool) -> Coverage:
    """Which active rules ran to their end on every host: `ascan/view/scanProgress` names each with its state."""
    states: dict[str, str] = {}
    for host in report[1::2]:
        for entry in host.get("HostProcess", ()) if isinstance(host, dict) else ():
            name, number, _, state = (*entry.get("Plugin", ()), "", "", "", "")[:4]
            # Without scripts, the rule that runs them is listed all the same, and skipped.
            if scripted or number != SCRIPTED_ACTIVE:
                states[f"{number} {name}"] = str(state)
    missing = tuple(Missing(item=rule, reason=state or "no state") for rule, state in sorted(states.items()) if state != DONE)
    return Coverage(what="active rules", measured=len(states) - len(missing), expected=len(states), missing=missing)
