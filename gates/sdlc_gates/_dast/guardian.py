"""The process behind `guard`: run as a program, told what to do by the environment, ended by SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import ssl
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from sdlc.errors import SdlcError
from sdlc_gates._dast.client import Bounds, Client
from sdlc_gates._dast.guard import VARIABLE, Plan, Word
from sdlc_gates._dast.heads import Carrying, Lines, as_it_came, place_of
from sdlc_gates._dast.path_values import PathValues
from sdlc_gates._dast.proxy import Proxy, Tls
from sdlc_gates._dast.recorded import Recorded, Sessions, read
from sdlc_gates._dast.session import Session
from sdlc_gates._dast.standing import standing

PROBE_SECONDS = 10.0
MOST_RECORDED = 5_000
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
        self.flows = read(Path(plan.flows)) if plan.flows else ()
        self.proxy = Proxy(
            allowed=place_of(plan.url),
            per_second=plan.per_second,
            exclude=plan.exclude,
            carrying=self._carrying(),
            showing=self._showing,
            tls=_tls(plan),
            meant=PathValues(plan.templates).meant,
            record=self._recording(),
        )
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
        return Word(
            ended=True,
            fault=fault,
            forwarded=self.proxy.forwarded,
            checks=self.session.checks if self.session else 0,
            refused=dict(self.proxy.refused),
            flows=await self._standing(),
        )

    async def _standing(self) -> dict[str, str]:
        """Why pages that the flows were let in to no longer let anybody in who asks as they did; empty for one that does."""
        if self.session or not self.flows or Path(self.plan.given_up).exists():
            return {}
        return await asyncio.to_thread(standing, _client(self.plan), self.flows)

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

    def _carrying(self) -> Carrying:
        """As whom requests are sent on: with the session, or else as the flows asked for the same path."""
        if session := self.session:
            return lambda path, lines: session.carried(lines)
        return Sessions(self.flows).carried if self.flows else as_it_came

    def _recording(self) -> Callable[[Recorded], None] | None:
        if not self.plan.record:
            return None
        file = Path(self.plan.record)

        def record(one: Recorded) -> None:
            if self.proxy.forwarded <= MOST_RECORDED:
                with file.open("ab") as journal:
                    journal.write(msgspec.json.encode(one) + b"\n")

        return record

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
    client = _client(plan)
    client.secrets |= set(plan.identity.fields.values())
    return Session(plan.identity, client)


def _client(plan: Plan) -> Client:
    bounds = Bounds(plan.deadline, threading.Event(), requests=1_000_000, seconds=PROBE_SECONDS)
    return Client(plan.url, bounds, folder=Path(plan.folder))


def _tls(plan: Plan) -> Tls | None:
    """Both ends of HTTPS: ours with the certificate that was made for it, and the target's verified as usual."""
    if not plan.certificate:
        return None
    here = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    here.load_cert_chain(plan.certificate)
    there = ssl.create_default_context()
    there.set_alpn_protocols(["http/1.1"])
    return Tls(here, there)


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
