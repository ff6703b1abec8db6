"""The process behind `guard`: run as a program, told what to do by the environment, ended by SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from sdlc.errors import SdlcError
from sdlc_gates._dast.client import Bounds, Client
from sdlc_gates._dast.guard import VARIABLE, Plan, Word
from sdlc_gates._dast.proxy import Lines, Proxy, place_of, unchanged
from sdlc_gates._dast.session import Session

PROBE_SECONDS = 10.0
# A scan may take the session's cookie away many times a second.
SOONEST_SECONDS = 1.0
# A scheme and no host after it.
NO_PAGE = re.compile(rb"location:\s*[a-z][a-z0-9+.-]*:(?!//)", re.IGNORECASE)


class Guardian:
    """One proxy, and the session that it keeps."""

    def __init__(self, plan: Plan) -> None:
        """Prepare everything; nothing is asked yet."""
        self.plan = plan
        self.session = _session(plan)
        carrying = self.session.carried if self.session else unchanged
        self.proxy = Proxy(place_of(plan.url), plan.per_second, plan.exclude, carrying, self._showing)
        self.told = 0
        self._doubted = asyncio.Event()
        self._looking = asyncio.Lock()

    async def attend(self) -> Word:
        """Serve until SIGTERM, or until the session is lost for good; returns the last word."""
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        fault = await self._look(Session.begin)
        if fault:
            return Word(fault=fault, ended=True)
        server, port = await self.proxy.serve()
        say(Word(listening=port))
        keeping, stopped = asyncio.create_task(self._keep()), asyncio.create_task(stop.wait())
        await asyncio.wait({keeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
        server.close()
        await self.proxy.end()
        fault = keeping.result() if keeping.done() else await self._last_look(keeping)
        for task in (keeping, stopped):
            task.cancel()
        await asyncio.gather(keeping, stopped, return_exceptions=True)
        checks = self.session.checks if self.session else 0
        return Word(ended=True, fault=fault, forwarded=self.proxy.forwarded, checks=checks, refused=dict(self.proxy.refused))

    async def _keep(self) -> str:
        """Look at the session now and then; returns why it is lost for good."""
        if not self.session:
            await asyncio.Event().wait()
            return ""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._doubted.wait(), self.session.identity.probe.seconds)
            self._doubted.clear()
            if fault := await asyncio.shield(asyncio.ensure_future(self._look(Session.verify))):
                return fault
            await asyncio.sleep(SOONEST_SECONDS)

    async def _last_look(self, keeping: asyncio.Task[str]) -> str:
        keeping.cancel()
        # Whoever gave the scan up waits for no target that hangs.
        return "" if Path(self.plan.given_up).exists() else await self._look(Session.conclude)

    async def _look(self, how: Callable[[Session], None]) -> str:
        """Ask the target, in a thread; returns what is wrong."""
        session = self.session
        if session is None:
            return ""
        async with self._looking:
            try:
                await asyncio.to_thread(how, session)
            except SdlcError as error:
                return session.client.redacted(str(error))
            finally:
                self._write_down(session)
        return ""

    def _write_down(self, session: Session) -> None:
        Path(self.plan.secrets).write_bytes(msgspec.json.encode(sorted(session.client.secrets)))
        for reason in session.lost[self.told :]:
            say(Word(lost=session.client.redacted(reason)))
        self.told = len(session.lost)

    def _showing(self, lines: Lines) -> Lines:
        """What the scanner gets to see of a reply's header lines."""
        if self.plan.page_locations:
            lines = [line for line in lines if not NO_PAGE.match(line)]
        if self.session is None:
            return lines
        if self.session.ends(lines):
            self._doubted.set()
        return self.session.hidden(lines)


def _session(plan: Plan) -> Session | None:
    if plan.identity is None:
        return None
    bounds = Bounds(plan.deadline, threading.Event(), requests=1_000_000, seconds=PROBE_SECONDS)
    return Session(plan.identity, Client(plan.url, bounds, secrets=set(plan.identity.fields.values())))


def say(word: Word) -> None:
    """Tell the engine something in one line."""
    sys.stdout.buffer.write(msgspec.json.encode(word) + b"\n")
    sys.stdout.flush()


def main() -> None:
    """Do what the environment says, and tell how it went."""
    plan = msgspec.json.decode(os.environ.pop(VARIABLE), type=Plan)
    os.umask(0o077)
    say(asyncio.run(Guardian(plan).attend()))


if __name__ == "__main__":
    main()
