"""What the gate asked for, as the processes of a load test read it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

RECORDS_VARIABLE = "SDLC_LOAD_RECORDS"


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of `plan.json` that drives the load; durations in seconds. See docs/load-format.md."""

    users: int
    spawn_rate: float
    stages: tuple[dict[str, Any], ...]
    """Each with `name`, `users`, `rate` and `seconds`."""
    request_timeout: float
    model: str
    rate: float
    seed: int
    workers: int
    wait: float
    host: str
    anywhere: bool
    root: str
    requests: tuple[dict[str, Any], ...]

    @classmethod
    def given(cls) -> Plan:
        """The plan that came with the Locust file of the gate; raises `RuntimeError` when this was started otherwise."""
        if not Given.plan:
            raise RuntimeError("these users are started by the load gate, which brings the plan")
        content = json.loads(Given.plan)
        return cls(**{field.name: content[field.name] for field in fields(cls)})


class Given:
    """What the gate's own Locust file brings. Locust sends that file to workers on other hosts."""

    plan: ClassVar[str] = ""
    """The content of `plan.json`."""
    recorded: ClassVar[bool] = False
    """Whether the test is over, and this process has recorded all of it."""


def records() -> Path | None:
    """The folder that processes on the master's host write their journals to; None on others."""
    folder = os.environ.get(RECORDS_VARIABLE)
    return Path(folder) if folder else None
