"""What the user asks for, checked, as it is written to `plan.json` for the processes and for judging."""

from __future__ import annotations

from typing import Literal

from sdlc import quantity
from sdlc.errors import ConfigError
from sdlc.model import Frozen
from sdlc_gates.load.requests import PlannedRequest

FORMAT = 1
RAMP_MARGIN = 20.0
START_MARGIN = 30.0


class LoadOptions(Frozen, frozen=True):
    """The load gate's keys in `[gates.locust]`; durations are written with their unit."""

    locustfile: str = ""
    """A Locust file below the project's root; without one, users are made from the paths or the OpenAPI description."""
    paths: tuple[str, ...] = ()
    """What ready-made users ask for: `/products`, `POST /checkout`."""
    exclude: tuple[str, ...] = ()
    """Operations of the OpenAPI description to leave alone, as shell patterns: `POST *`."""
    users: int = 10
    spawn_rate: float = 10.0
    """Users started a second."""
    wait: str = "100 ms"
    """How long a ready-made user pauses between two requests, on average."""
    warm_up: str = "5 s"
    """Not judged."""
    duration: str = "30 s"
    """How long the judged, steady phase lasts; whole seconds."""
    workers: int = 1
    """Processes that make the load."""
    request_timeout: str = "10 s"
    """After which a request has failed, and how long the end waits for answers."""
    model: Literal["closed", "open"] = "closed"
    """`closed`: each user asks again once it was answered. `open`: tasks begin at a rate, whatever the target does."""
    rate: float = 0.0
    """Tasks begun a second, over all workers; the open model only, where `users` is how many may be under way at once."""
    seed: int = 1
    """Of the moments at which tasks begin in the open model."""
    max_loop_lag: str = "100 ms"
    """How late the load generator's own clockwork may be, at its 99th percentile."""
    pass_env: tuple[str, ...] = ()
    """Environment variables that the Locust file gets."""
    allow_remote: bool = False
    """Whether a target that isn't on this machine may be put under load."""


class Plan(Frozen, frozen=True, omit_defaults=False):
    """A load test, with durations in seconds."""

    format: int
    users: int
    spawn_rate: float
    warm_up: float
    duration: int
    request_timeout: float
    workers: int
    wait: float
    model: str
    rate: float
    seed: int
    max_loop_lag: float
    host: str
    anywhere: bool
    """Whether users may ask hosts other than the target's and this machine's."""
    root: str
    """The project's folder, where the users' own code finds its data."""
    requests: tuple[PlannedRequest, ...]
    """Empty where a Locust file says what is asked."""

    @property
    def longest(self) -> float:
        """Seconds that it takes at most, start and end included."""
        ramp = self.users / self.spawn_rate + RAMP_MARGIN
        return START_MARGIN + ramp + self.warm_up + self.duration + self.request_timeout + START_MARGIN


def plan(options: LoadOptions) -> Plan:
    """The test that the options describe, without target and requests; raises `ConfigError` naming the key that is wrong."""
    duration = seconds("duration", options.duration)
    if duration < 1 or duration != int(duration):
        raise ConfigError(f"duration = {options.duration!r}: the steady phase is a whole number of seconds, at least one")
    for name, number in (("users", options.users), ("workers", options.workers), ("spawn_rate", options.spawn_rate)):
        if number <= 0:
            raise ConfigError(f"{name} = {number}: it must be above 0")
    if options.users < options.workers:
        raise ConfigError(f"workers = {options.workers}: each needs at least one of the {options.users} users")
    if (options.model == "open") != (options.rate > 0):
        raise ConfigError(f"rate = {options.rate}: the open model needs a rate above 0, and the closed model has none")
    timeout = seconds("request_timeout", options.request_timeout)
    if timeout <= 0:
        raise ConfigError(f"request_timeout = {options.request_timeout!r}: it must be above 0")
    return Plan(
        format=FORMAT,
        users=options.users,
        spawn_rate=float(options.spawn_rate),
        warm_up=seconds("warm_up", options.warm_up),
        duration=int(duration),
        request_timeout=timeout,
        workers=options.workers,
        wait=seconds("wait", options.wait),
        model=options.model,
        rate=float(options.rate),
        seed=options.seed,
        max_loop_lag=seconds("max_loop_lag", options.max_loop_lag),
        host="",
        anywhere=False,
        root="",
        requests=(),
    )


def seconds(name: str, text: str) -> float:
    """The duration that the option `name` holds; raises `ConfigError` when it is none."""
    try:
        return quantity.parse(text, "seconds")
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
