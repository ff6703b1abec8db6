"""Leads a load test through its phases, in the master or in the only process, and writes down what happened."""

# mypy: allow-untyped-calls

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust import runners
from locust.runners import MasterRunner

from sdlc_loadtests.journal import File, Journal
from sdlc_loadtests.make import difference, make
from sdlc_loadtests.plan import Plan
from sdlc_loadtests.recording import Recording
from sdlc_loadtests.remote import Received

DRAIN = "sdlc-drain"
DONE = "sdlc-done"
HELLO = "sdlc-hello"
RATE = "sdlc-rate"
SPAWN_MARGIN_SECONDS = 20.0
SILENT_SECONDS = 10
POLL_SECONDS = 0.1
DONE_MARGIN_SECONDS = 10.0
HELLO_MARGIN_SECONDS = 10.0
MAX_SKEW_SECONDS = 0.25


class Conductor:
    """The phases: a ramp, the stages of the plan, and the drain."""

    def __init__(self, environment: Any, plan: Plan, folder: Path, recording: Recording | None) -> None:
        """Begin the journal `events.ndjson`; `recording` is this process's own, where it runs the users itself."""
        self.environment, self.plan, self.recording = environment, plan, recording
        self.journal = Journal(File(folder / "events.ndjson"))
        self.journal.write("hello", distributed=recording is None)
        self._users, self._rate, self._end_of_stage = 0, 0.0, 0
        self._clock = time.time() - time.monotonic()
        self._begun, self._spawned = Event(), Event()
        self._greeted, self._done, self._lost = set[str](), set[str](), set[str]()
        self._differ = False
        environment.events.test_start.add_listener(lambda **_: self._begun.set())
        environment.events.spawning_complete.add_listener(lambda **_: self._spawned.set())
        environment.events.quitting.add_listener(self._on_quitting)
        if isinstance(environment.runner, MasterRunner):
            # After three seconds, Locust would start the users of a worker that is only slow once more, elsewhere.
            runners.HEARTBEAT_LIVENESS = SILENT_SECONDS
            environment.runner.register_message(DONE, self._on_done)
            environment.runner.register_message(HELLO, self._on_hello)
            self._received = Received(environment.runner, folder)

    def start(self, remarks: Sequence[str]) -> None:
        """Conduct, beside everything else; `remarks` are for the report."""
        for text in remarks:
            self.journal.write("remark", text=text)
        gevent.spawn(self._conduct)

    def _conduct(self) -> None:
        complete = False
        try:
            # Locust waits for its workers before it begins, and gives up by itself when they don't come.
            self._begun.wait()
            complete = self._ramp() and all(map(self._stage, self.plan.stages)) and self._drain(self._end_of_stage)
        finally:
            self._end(complete=complete)
            self.environment.runner.quit()

    def _ramp(self) -> bool:
        """Wait for the users that Locust was told to start."""
        self._phase("ramp")
        self._users, self._rate = self.plan.users, self.plan.rate
        return self._all_have_greeted() and self._wait_for_users(self.plan.users)

    def _all_have_greeted(self) -> bool:
        """Whether every worker runs what this gate sent, and no other has joined."""
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            return True
        deadline = time.time() + HELLO_MARGIN_SECONDS
        while strangers := [node.id for node in runner.clients.all if node.id not in self._greeted]:
            if time.time() > deadline:
                who = ", ".join(str(runner.get_worker_index(node)) for node in strangers)
                self._problem("worker-differs", f"worker {who} was not started by `sdlc load worker` in this version")
                return False
            gevent.sleep(POLL_SECONDS)
        return not self._differ

    def _stage(self, stage: dict[str, Any]) -> bool:
        """Hold one stage's load; False when the test ended early."""
        same = (stage["users"], stage["rate"]) == (self._users, self._rate)
        if stage["users"] != self._users and not self._resize(stage["users"]):
            return False
        if stage["rate"] != self._rate:
            self._set_rate(stage["rate"])
        # Records are kept by whole seconds, so a stage is made of whole seconds too.
        start = self._end_of_stage if same and self._end_of_stage else math.ceil(time.time())
        self._end_of_stage = start + stage["seconds"]
        if not self._keep_watch(start):
            return False
        self._phase(stage["name"], start=start, end=self._end_of_stage, users=self._users, rate=self._rate)
        return self._keep_watch(self._end_of_stage)

    def _resize(self, users: int) -> bool:
        self._phase("ramp")
        self._spawned.clear()
        self._users = users
        # Users who have to go finish what they are at.
        self.environment.stop_timeout = self.plan.request_timeout
        gevent.spawn(self.environment.runner.start, users, self.plan.spawn_rate)
        return self._wait_for_users(users)

    def _set_rate(self, rate: float) -> None:
        self._rate = rate
        if self.recording:
            self.recording.set_rate(rate)
        else:
            self.environment.runner.send_message(RATE, {"rate": rate})

    def _wait_for_users(self, users: int) -> bool:
        if self._spawned.wait(users / self.plan.spawn_rate + SPAWN_MARGIN_SECONDS):
            return True
        self._problem("spawn-not-reached", f"{self.environment.runner.user_count} of {users} users were started")
        return False

    def _drain(self, end: float) -> bool:
        self._phase("drain")
        if self.recording:
            self.recording.drain(end)
            return True
        runner = self.environment.runner
        runner.send_message(DRAIN, {"end": end})
        deadline = time.time() + self.plan.request_timeout + DONE_MARGIN_SECONDS
        while len(self._done) + len(self._lost) < self.plan.workers and time.time() < deadline:
            self._look_for_lost_workers()
            gevent.sleep(POLL_SECONDS)
        for node, apart in self._received.skew.items():
            if abs(apart) > MAX_SKEW_SECONDS:
                self._problem("clock-skew", f"the clock of worker {runner.get_worker_index(node)} is {apart:+.2f} s off")
        return len(self._done) == self.plan.workers

    def _keep_watch(self, until: float) -> bool:
        """Wait, and see that the test goes on; False when it ended early."""
        while (left := until - time.time()) > 0:
            gevent.sleep(min(POLL_SECONDS, left))
            self._look_at_the_clock()
            self._look_for_lost_workers()
            if self.environment.runner.state in ("stopping", "stopped", "cleanup"):
                self._problem(
                    "test-cut-short", "the test was stopped before its time, by its own code or because no worker was left"
                )
                return False
        return True

    def _look_at_the_clock(self) -> None:
        """Records are kept by the time of day, so seconds that it leaps over would count as load."""
        before, self._clock = self._clock, time.time() - time.monotonic()
        if abs(self._clock - before) > MAX_SKEW_SECONDS:
            self._problem("clock-skew", f"this machine's clock was set by {self._clock - before:+.2f} s during the test")

    def _look_for_lost_workers(self) -> None:
        runner = self.environment.runner
        if isinstance(runner, MasterRunner):
            for node in runner.clients.missing:
                if node.id not in self._lost:
                    self._lost.add(node.id)
                    self._problem("worker-lost", f"worker {runner.get_worker_index(node.id)} stopped answering")

    def _on_hello(self, msg: Any, **_: Any) -> None:
        self._greeted.add(msg.node_id)
        if apart := difference(msg.data, make(self.environment.parsed_locustfiles)):
            self._differ = True
            number = self.environment.runner.get_worker_index(msg.node_id)
            self._problem("worker-differs", f"worker {number} has {apart}")

    def _on_done(self, msg: Any, **_: Any) -> None:
        self._done.add(msg.node_id)
        self.journal.write("worker_done", worker=msg.data["worker"], started=msg.data["started"])

    def _on_quitting(self, **_: Any) -> None:
        if self.environment.process_exit_code:
            self._problem("user-verdict", f"the Locust file set exit code {self.environment.process_exit_code}")
        self._end(complete=False)

    def _phase(self, name: str, **fields: Any) -> None:
        self.journal.write("phase", name=name, **fields)

    def _problem(self, code: str, text: str) -> None:
        self.journal.write("problem", code=code, text=text)

    def _end(self, *, complete: bool) -> None:
        self.journal.end(complete=complete)
