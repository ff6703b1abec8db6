"""Runs each task of a Locust file once, through a proxy and apart from any timing: `python -m sdlc_loadtests.replay PLAN`.

PLAN is a file of JSON. What became of each task is written to a file as it happens, a JSON object a line.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import functools
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import locust
import urllib3
from locust.argument_parser import get_parser
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.env import Environment
from locust.exception import InterruptTaskSet, RescheduleTask, StopUser
from locust.util.load_locustfile import load_locustfile

REFUSED = "Sdlc-Refused"
DEEPEST = 10
WORDS = 300
# How a task says that it, or its user, has done all it wanted.
ENDED = (InterruptTaskSet, RescheduleTask, StopUser)


class Replay:
    """One run of every task."""

    def __init__(self, plan: dict[str, Any]) -> None:
        """Load the Locust file; everything it asks for over Locust's clients goes through the proxy of the plan."""
        self.seconds: float = plan["task_seconds"]
        self.until = time.monotonic() + plan["seconds"]
        self.journal = Path(plan["report"]).open("w", encoding="utf-8")  # noqa: SIM115  # until the process ends
        send_through(plan["proxy"])
        kinds = load_locustfile(plan["locustfile"])[0]
        for kind in kinds.values():
            kind.host = plan["host"]
        self.environment = Environment(user_classes=list(kinds.values()), events=locust.events, host=plan["host"])
        self.environment.parsed_options = options(plan["host"])
        self.environment.events.request.add_listener(self._on_request)
        self._asked, self._failed, self._refused, self._words = 0, 0, [], ""  # type: tuple[int, int, list[str], str]

    def run(self) -> None:
        """Run them, user class by user class, in the order in which they are written."""
        kinds = self.environment.user_classes
        self._say(found=[name for kind in kinds for name in names(kind, kind.__name__)])
        runner = self.environment.create_local_runner()
        self.environment.events.init.fire(environment=self.environment, runner=runner, web_ui=None)
        self.environment.events.test_start.fire(environment=self.environment)
        for kind in kinds:
            self._user(kind)
        self.environment.events.test_stop.fire(environment=self.environment)
        self._say(ended=True)
        self.journal.close()

    def _user(self, kind: Any) -> None:
        made: list[Any] = []

        def begin() -> None:
            made.append(kind(self.environment))
            made[0].on_start()

        if fault := self._tried(begin, ended=()):
            self._all(kind, kind.__name__, f"its user could not begin: {fault}")
            return
        self._holder(made[0], kind, kind.__name__, 0)
        self._tried(made[0].on_stop)

    def _holder(self, holder: Any, kind: Any, prefix: str, depth: int) -> None:
        """Run the tasks of a user or a set of tasks that has begun."""
        for task in tasks_of(kind):
            name = f"{prefix}.{called(task)}"
            if not is_set(task):
                self._task(name, functools.partial(task, holder))
            elif depth < DEEPEST:
                self._set(holder, task, name, depth + 1)

    def _set(self, parent: Any, kind: Any, name: str, depth: int) -> None:
        made: list[Any] = []

        def begin() -> None:
            made.append(kind(parent))
            made[0].on_start()

        if fault := self._tried(begin, ended=()):
            self._all(kind, name, f"its set of tasks could not begin: {fault}")
            return
        self._holder(made[0], kind, name, depth)
        self._tried(made[0].on_stop)

    def _task(self, name: str, task: Callable[[], object]) -> None:
        self._asked, self._failed, self._refused, self._words = 0, 0, [], ""
        fault = self._tried(task)
        counts = {"asked": self._asked, "failed": self._failed, "refused": self._refused, "words": self._words}
        self._say(task=name, fault=fault, **counts)

    def _all(self, kind: Any, prefix: str, fault: str) -> None:
        for name in names(kind, prefix):
            self._say(task=name, fault=fault)

    def _tried(self, task: Callable[[], object], ended: tuple[type[Exception], ...] = ENDED) -> str:
        """Why it came to no good end; empty when it did, or said so by raising one of `ended`."""
        left = min(self.seconds, self.until - time.monotonic())
        if left <= 0:
            return "the time for all tasks was over"
        patience = gevent.Timeout(left)
        try:
            with patience:
                task()
        except ended:
            return ""
        except gevent.Timeout as late:
            return f"it took longer than {left:.0f} s" if late is patience else explained(late)
        except BaseException as error:  # noqa: BLE001  # the project's own code may raise anything
            return explained(error)
        return ""

    def _on_request(self, request_type: str, name: str, exception: BaseException | None = None, **report: Any) -> None:
        self._asked += 1
        refused = (getattr(report.get("response"), "headers", None) or {}).get(REFUSED)
        if refused:
            self._refused.append(str(refused))
        if refused or exception:
            self._failed += 1
            self._words = self._words or f"{request_type} {name}: {exception or 'refused'}"[:WORDS]

    def _say(self, **fields: Any) -> None:
        self.journal.write(json.dumps(fields) + "\n")
        self.journal.flush()


def send_through(proxy: str) -> None:
    """Make Locust's clients ask through the proxy, whatever is set for them; its own certificate need not be known."""
    host, _, port = proxy.removeprefix("http://").rstrip("/").rpartition(":")
    urllib3.disable_warnings()
    request, begin = HttpSession.request, FastHttpSession.__init__

    def through(session: Any, *arguments: Any, **named: Any) -> Any:
        return request(session, *arguments, **named | {"proxies": {"http": proxy, "https": proxy}, "verify": False})

    def begun(session: Any, *arguments: Any, **named: Any) -> None:
        begin(
            session, *arguments, **named | {"proxy_host": host, "proxy_port": int(port), "insecure": True, "client_pool": None}
        )

    setattr(HttpSession, "request", through)  # noqa: B010  # mypy guards methods
    setattr(FastHttpSession, "__init__", begun)  # noqa: B010
    for kind in (locust.TaskSet, locust.User):
        setattr(kind, "wait", lambda holder: None)  # noqa: B010


def options(host: str) -> Any:
    """Locust's own options and those that the Locust file adds, as if none had been given."""
    return get_parser(default_config_files=[]).parse_known_args(["--headless", "--host", host])[0]


def tasks_of(kind: Any) -> list[Any]:
    """Each task of a user class or a set of tasks once, in the order in which they are written."""
    if transitions := getattr(kind, "transitions", None):
        return [getattr(kind, name) for name in transitions]
    return list(dict.fromkeys(getattr(kind, "tasks", ())))


def names(kind: Any, prefix: str, depth: int = 0) -> Iterator[str]:
    """The tasks below a user class or set of tasks, each with the names of what it is in."""
    for task in tasks_of(kind):
        name = f"{prefix}.{called(task)}"
        if not is_set(task):
            yield name
        elif depth < DEEPEST:
            yield from names(task, name, depth + 1)


def called(task: Any) -> str:
    """A task's name."""
    return str(getattr(task, "__name__", task))


def is_set(task: Any) -> bool:
    """Whether a task is a set of tasks."""
    return isinstance(task, type)


def explained(error: BaseException) -> str:
    """What was raised, and where in the project's code."""
    place = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" ({Path(place[0].filename).name}:{place[0].lineno})" if place else ""
    return f"{type(error).__name__}: {error}"[:WORDS] + where


def main() -> None:
    """Do what the plan says; ends with 0 when every task was tried."""
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.chdir(plan["root"])
    # Locust files may read the command line, which is not meant for them.
    sys.argv = ["locust"]
    Replay(plan).run()


if __name__ == "__main__":
    main()
