"""What a process that runs users writes down."""

# mypy: allow-untyped-calls

from __future__ import annotations

import os
import platform
import time
import traceback
from pathlib import Path
from typing import Any

import gevent
import locust

from sdlc_loadtests import garbage
from sdlc_loadtests.arrivals import Arrivals
from sdlc_loadtests.clients import Watch
from sdlc_loadtests.health import Health
from sdlc_loadtests.journal import File, Journal
from sdlc_loadtests.plan import Plan
from sdlc_loadtests.remote import Sent
from sdlc_loadtests.tally import Tally

FLUSH_SECONDS = 1.0
DRAIN_POLL_SECONDS = 0.02
ERRORS_KEPT = 20


class Recording:
    """The journal of one worker, or of the only process."""

    def __init__(self, environment: Any, plan: Plan, folder: Path | None, number: int) -> None:
        """Begin the journal `worker-<number>-<pid>.ndjson` in `folder`, or with the master where there is none; and listen."""
        self.environment, self.plan, self.number = environment, plan, number
        self.tally = Tally()
        self.health = Health(self._busy)
        self.journal = Journal(File(folder / f"worker-{number}-{os.getpid()}.ndjson") if folder else Sent(environment.runner))
        self.errors = 0
        self.journal.write("hello", worker=number, pid=os.getpid(), locust=locust.__version__, python=platform.python_version())
        self.arrivals = self._arrivals() if plan.model == "open" else None
        due = self.arrivals.due if self.arrivals else lambda: None
        self.watch = Watch(self.tally, plan.request_timeout, due, self.note_error, None if plan.anywhere else plan.host)
        self.watch.install()
        environment.events.request.add_listener(self.watch.on_request)
        environment.events.user_error.add_listener(self.on_user_error)
        environment.events.quitting.add_listener(lambda **_: self.end(complete=False))
        garbage.spare()
        gevent.spawn(self.health.watch)
        gevent.spawn(self._flush_for_ever)

    def on_user_error(self, exception: BaseException, tb: Any, **_: Any) -> None:
        """Note an exception that the users' own code raised."""
        self.watch.abandon(time.time())
        place = traceback.extract_tb(tb)[-1:]
        where = f" ({Path(place[0].filename).name}:{place[0].lineno})" if place else ""
        self.note_error(f"{type(exception).__name__}: {exception}{where}")

    def note_error(self, text: str) -> None:
        """Write down what the users' own code did wrong, the first times."""
        self.errors += 1
        if self.errors <= ERRORS_KEPT:
            self.journal.write("user_error", text=text[:500])

    def drain(self, until: float) -> dict[str, int]:
        """Keep the load on until every request that began before `until` is answered or timed out; then stop, and end.

        Returns how many requests became what.
        """
        deadline = time.time() + self.plan.request_timeout + 1
        while self._oldest() < until and time.time() < deadline:
            gevent.sleep(DRAIN_POLL_SECONDS)
        self.environment.stop_timeout = 0
        self.environment.runner.stop()
        self.end(complete=True)
        return self.tally.totals

    def end(self, *, complete: bool) -> None:
        """Account for what is still in flight, and close the journal."""
        if not self.journal.closed:
            if self.arrivals:
                self.arrivals.drop_all()
            self.tally.censor_all(time.time())
            self._flush()
            self.journal.end(complete=complete, user_errors=self.errors, **self.tally.totals)

    def _arrivals(self) -> Arrivals:
        arrivals = Arrivals(
            self.tally, self.plan.rate / self.plan.workers, self.plan.request_timeout, f"{self.plan.seed}-{self.number}"
        )
        arrivals.install()
        self.environment.events.spawning_complete.add_listener(lambda **_: arrivals.start())
        return arrivals

    def _busy(self) -> int:
        return len(self.tally.open) + (len(self.arrivals.queue) if self.arrivals else 0)

    def set_rate(self, rate: float) -> None:
        """Let so many tasks a second become due over all workers, from now on."""
        if self.arrivals:
            self.arrivals.rate = rate / self.plan.workers

    def _oldest(self) -> float:
        """When the oldest thing that isn't accounted for began, or was due."""
        return min(self.tally.oldest(), self.arrivals.oldest() if self.arrivals else float("inf"))

    def _flush_for_ever(self) -> None:
        while not self.journal.closed:
            gevent.sleep(FLUSH_SECONDS)
            self._flush()

    def _flush(self) -> None:
        arrivals = self.arrivals.take() if self.arrivals else {"arrivals": {}, "queued": 0}
        users = self.environment.runner.user_count
        self.journal.write("tick", users=users, **arrivals, **self.health.take(), **self.tally.take())
