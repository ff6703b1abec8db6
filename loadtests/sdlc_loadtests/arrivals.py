"""The open model: tasks begin when they are due, whether or not the target has answered the ones before."""

# mypy: allow-untyped-calls

from __future__ import annotations

import inspect
import random
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

import gevent
from gevent import getcurrent
from gevent.event import Event
from locust.exception import StopUser
from locust.user.task import LOCUST_STATE_STOPPING, DefaultTaskSet, TaskSet

from sdlc_loadtests.tally import Tally

NO_FREE_USER = "(no free user)"


class Arrivals:
    """Hands out the moments at which tasks should begin, as a Poisson process, to users that are free."""

    def __init__(self, tally: Tally, rate: float, patience: float, seed: str) -> None:
        """`rate` tasks a second; one that no user was free for within `patience` seconds is dropped, and counted."""
        self.tally, self.rate, self.patience = tally, rate, patience
        self.queue: deque[float] = deque()
        self._random = random.Random(seed)
        self._running = False
        self._idle: deque[Event] = deque()
        self._due: dict[int, float] = {}
        self._emitted: defaultdict[int, int] = defaultdict(int)

    def install(self) -> None:
        """Make every task of every user wait until one is due, and let users pause nowhere else."""
        for kind in (TaskSet, DefaultTaskSet):
            setattr(kind, "execute_task", self._when_due(kind.execute_task))  # noqa: B010  # mypy guards methods
        setattr(TaskSet, "wait", go_on)  # noqa: B010

    def start(self) -> None:
        """Let tasks become due, from now on; again is no more."""
        if not self._running:
            self._running = True
            gevent.spawn(self._run)

    def _run(self) -> None:
        due = time.time()
        while True:
            due += self._random.expovariate(self.rate)
            gevent.sleep(max(0.0, due - time.time()))
            self._emitted[int(due)] += 1
            self.queue.append(due)
            self._wake()
            self._drop_stale()

    def due(self) -> float | None:
        """When the first request of the task that this greenlet just began was due; only the first is late with it."""
        return self._due.pop(id(getcurrent()), None)

    def oldest(self) -> float:
        """When the first task that still waits for a user was due; infinite when none waits."""
        return self.queue[0] if self.queue else float("inf")

    def drop_all(self) -> None:
        """Count everything that still waits as dropped."""
        while self.queue:
            self.tally.drop(self.queue.popleft(), NO_FREE_USER)

    def take(self) -> dict[str, Any]:
        """What became due since the last time, and what waits, ready for JSON."""
        emitted, self._emitted = self._emitted, defaultdict(int)
        return {"arrivals": emitted, "queued": len(self.queue)}

    def _drop_stale(self) -> None:
        while self.queue and time.time() - self.queue[0] > self.patience:
            self.tally.drop(self.queue.popleft(), NO_FREE_USER)

    def _wait_for_one(self) -> None:
        self._drop_stale()
        while not self.queue:
            self._wait()
        self._due[id(getcurrent())] = self.queue.popleft()

    def _wake(self) -> None:
        """Tell as many idle users as there are tasks: waking all of them for each would cost more than the request."""
        for _ in range(min(len(self.queue), len(self._idle))):
            self._idle.popleft().set()

    def _wait(self) -> None:
        mine = Event()
        self._idle.append(mine)
        try:
            mine.wait()
        except BaseException:
            # This user ends: what it was told of is another's.
            if mine in self._idle:
                self._idle.remove(mine)
            else:
                self._wake()
            raise

    def _when_due(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_task(taskset: Any, task: Any) -> Any:
            if not inspect.isclass(task):
                self._wait_for_one()
            return execute(taskset, task)

        return execute_task


def go_on(taskset: Any) -> None:
    """Take the place of a user's pause: the next task comes when it is due."""
    if taskset.user._state == LOCUST_STATE_STOPPING:  # noqa: SLF001  # as the method it replaces does
        raise StopUser
