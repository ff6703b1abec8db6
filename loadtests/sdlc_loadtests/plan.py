"""What the gate asked for, as the processes of a load test read it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

PLAN_VARIABLE = "SDLC_LOAD_PLAN"
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
    def read(cls) -> Plan:
        """The plan that the environment points to."""
        content = json.loads(Path(os.environ[PLAN_VARIABLE]).read_bytes())
        return cls(**{field.name: content[field.name] for field in fields(cls)})


def records() -> Path:
    """The folder that every process writes its journal to."""
    return Path(os.environ[RECORDS_VARIABLE])
