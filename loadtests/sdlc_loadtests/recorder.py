"""The Locust plug-in: name it before the users' file, `-f recorder.py,users.py`."""

# mypy: allow-untyped-calls

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import gevent
from locust import events
from locust.runners import MasterRunner, WorkerRunner

from sdlc_loadtests.conductor import DONE, DRAIN, HELLO, RATE, Conductor
from sdlc_loadtests.make import make
from sdlc_loadtests.plan import Given, Plan, records
from sdlc_loadtests.recording import Recording

plan = Plan.given()
# Users' files read their data beside the project; Locust itself was started where no configuration of theirs lies.
if Path(plan.root).is_dir():
    os.chdir(plan.root)


def read_no_configuration_file(parser: Any, **_: Any) -> None:
    """Keep Locust from obeying a `locust.conf` or `pyproject.toml` of the scanned project."""
    parser._default_config_files = []  # noqa: SLF001  # configargparse offers no other way


def record(environment: Any, runner: Any, **_: Any) -> None:
    """Begin to record, in every process of the test."""
    told = overruled(environment, plan)
    environment.shape_class = None
    folder, recording = records(), None
    if not isinstance(runner, MasterRunner):
        recording = Recording(environment, plan, folder, runner.worker_index)
    if isinstance(runner, WorkerRunner) and recording:
        answer_to_master(runner, recording)
    elif folder:
        Conductor(environment, plan, folder, recording).start(told)


def overruled(environment: Any, plan: Plan) -> list[str]:
    """What the Locust file asks for and doesn't get, since the plan says otherwise."""
    hosts = {kind.host: kind.__name__ for kind in environment.user_classes if kind.host and kind.host != plan.host}
    told = [f"the Locust file's {name} has the host {host}: {plan.host} was asked instead" for host, name in hosts.items()]
    if environment.shape_class:
        told.append(
            f"the Locust file's {type(environment.shape_class).__name__} was not used: the phases are in the configuration"
        )
    return told


def answer_to_master(runner: Any, recording: Recording) -> None:
    """Drain when the master says so, and say when that is done."""

    def drain(msg: Any, **_: Any) -> None:
        totals = recording.drain(msg.data["end"])
        runner.send_message(DONE, {"worker": recording.number, **totals})
        Given.recorded = True

    runner.send_message(HELLO, make(runner.environment.parsed_locustfiles))
    runner.register_message(RATE, lambda msg, **_: recording.set_rate(msg.data["rate"]))
    runner.register_message(DRAIN, lambda msg, **_: gevent.spawn(drain, msg))


events.init_command_line_parser.add_listener(read_no_configuration_file)
events.init.add_listener(record)
