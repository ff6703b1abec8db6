"""What the user asks for, checked, as it is written to `plan.json` for the processes and for judging."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from sdlc import quantity
from sdlc.errors import ConfigError
from sdlc.model import Frozen
from sdlc_gates.load.comparison import CompareOptions, complaint
from sdlc_gates.load.requests import PlannedRequest

FORMAT = 1
RAMP_MARGIN = 20.0
START_MARGIN = 30.0
START_SECONDS = 5.0


Kind = Literal["smoke", "warm-up", "step", "steady", "spike", "soak"]


class PhaseOptions(Frozen, frozen=True):
    """One of `[[gates.locust.phases]]`."""

    kind: Kind
    """What the phase is for: `warm-up`, `smoke`, `step`, `steady`, `spike` or `soak`."""
    duration: str = "30 s"
    """Whole seconds; of each step, where there are several."""
    users: int = 0
    """0: as many as in the gate's own table."""
    rate: float = 0.0
    """Tasks a second, in the open model; 0: as in the gate's own table."""
    steps: tuple[float, ...] = ()
    """Of a `step` phase: users, or tasks a second in the open model, one after the other."""
    recover_within: str = "30 s"
    """Of a `spike` phase: how long its aftermath is watched, under the steady load."""


class LoadOptions(Frozen, frozen=True):
    """The load gate's keys in `[gates.locust]`; durations are written with their unit."""

    locustfile: str = ""
    """A Locust file beside the configuration; without one, users are made from the paths or the OpenAPI description."""
    paths: tuple[str, ...] = ()
    """What ready-made users ask for: `/products`, `POST /checkout`."""
    exclude: tuple[str, ...] = ()
    """Operations of the OpenAPI description to leave alone, as shell patterns: `POST *`."""
    users: int = 10
    """How many users there are at once, in the closed model."""
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
    remote_workers: int = 0
    """Instead of `workers`: how many processes on other hosts to wait for, started with `sdlc load worker`."""
    bind: str = "127.0.0.1:5557"
    """Where workers on other hosts reach this one. Locust asks nobody who they are: a private network only."""
    workers_within: str = "2 min"
    """How long remote workers are waited for."""
    phases: tuple[PhaseOptions, ...] = ()
    """Instead of `warm_up` and `duration`: what happens, in this order. One of them is `steady` or `soak`, and judged."""
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
    arguments: tuple[str, ...] = ()
    """For options that the Locust file adds, and for Locust's `--tags`: `["--tenant", "7"]`. What the gate sets stays set."""
    allow_remote: bool = False
    """Whether a target that isn't on this machine may be put under load."""
    compare: CompareOptions | None = None
    """Compares the target with a base, run against run, instead of measuring it alone."""


class Stage(Frozen, frozen=True, omit_defaults=False):
    """A stretch of constant load."""

    name: str
    """The kind of its phase; `recovery` after a spike."""
    users: int
    rate: float
    """Tasks a second; 0 in the closed model."""
    seconds: int


class Plan(Frozen, frozen=True, omit_defaults=False):
    """A load test, with durations in seconds."""

    format: int
    users: int
    spawn_rate: float
    stages: tuple[Stage, ...]
    duration: int
    """Of the judged phase."""
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
        most = max(stage.users for stage in self.stages)
        ramps = (most / self.spawn_rate + RAMP_MARGIN) * (1 + self._changes)
        return START_MARGIN + ramps + sum(stage.seconds + 1 for stage in self.stages) + self.request_timeout + START_MARGIN

    @property
    def usual(self) -> float:
        """Seconds that it takes when nothing is slow."""
        return self.stages[0].users / self.spawn_rate + sum(stage.seconds for stage in self.stages) + START_SECONDS

    @property
    def _changes(self) -> int:
        """How often the number of users changes."""
        return sum(before.users != after.users for before, after in itertools.pairwise(self.stages))


def plan(options: LoadOptions) -> Plan:
    """The test that the options describe, without target and requests; raises `ConfigError` naming the key that is wrong."""
    for name, number in (("users", options.users), ("workers", options.workers), ("spawn_rate", options.spawn_rate)):
        if number <= 0:
            raise ConfigError(f"{name} = {number}: it must be above 0")
    if options.model == "closed" and (options.rate or any(phase.rate for phase in options.phases)):
        raise ConfigError(f"rate = {options.rate}: the closed model has none; set model = 'open'")
    timeout = seconds("request_timeout", options.request_timeout)
    if timeout <= 0:
        raise ConfigError(f"request_timeout = {options.request_timeout!r}: it must be above 0")
    if options.compare and (why := complaint(options.compare)):
        raise ConfigError(f"compare: {why}")
    if options.compare and options.phases:
        raise ConfigError("phases: a comparison has warm_up and duration alone")
    if options.compare and options.remote_workers:
        raise ConfigError("remote_workers: a comparison makes its load on this machine")
    staged = stages(options)
    workers = options.remote_workers or options.workers
    if (fewest := min(stage.users for stage in staged)) < workers:
        raise ConfigError(f"workers = {workers}: each needs at least one of the {fewest} users")
    if options.model == "open" and min(stage.rate for stage in staged) <= 0:
        raise ConfigError("rate = 0: the open model needs a rate above 0")
    return Plan(
        format=FORMAT,
        users=staged[0].users,
        spawn_rate=float(options.spawn_rate),
        stages=staged,
        duration=next(stage.seconds for stage in staged if stage.name == judged_name(staged)),
        request_timeout=timeout,
        workers=options.remote_workers or options.workers,
        wait=seconds("wait", options.wait),
        model=options.model,
        rate=staged[0].rate,
        seed=options.seed,
        max_loop_lag=seconds("max_loop_lag", options.max_loop_lag),
        host="",
        anywhere=False,
        root="",
        requests=(),
    )


def judged_name(staged: Sequence[Stage]) -> str:
    """The name of the judged stage: `steady`, or `soak` where there is no other."""
    return "steady" if any(stage.name == "steady" for stage in staged) else "soak"


def stages(options: LoadOptions) -> tuple[Stage, ...]:
    """The phases cut into stretches of constant load; raises `ConfigError` when they make no test."""
    if not options.phases:
        warm_up = math.ceil(seconds("warm_up", options.warm_up))
        steady = Stage(name="steady", users=options.users, rate=options.rate, seconds=whole("duration", options.duration))
        return (*([msgspec.structs.replace(steady, name="warm-up", seconds=warm_up)] if warm_up else []), steady)
    cut = tuple(stage for phase in options.phases for stage in _cut(phase, options))
    judged = [stage.name for stage in cut if stage.name in ("steady", "soak")]
    if len(judged) != len(set(judged)) or not judged:
        raise ConfigError("phases: one of them is steady, or soak, and none twice: that one is judged")
    if any(stage.name == "spike" for stage in cut) and "steady" not in [stage.name for stage in cut]:
        raise ConfigError("phases: a spike needs a steady phase, to see when the target is back to it")
    return cut


def _cut(phase: PhaseOptions, options: LoadOptions) -> list[Stage]:
    length = whole("phases: duration", phase.duration)
    stage = Stage(name=phase.kind, users=phase.users or options.users, rate=phase.rate or options.rate, seconds=length)
    if bool(phase.steps) != (phase.kind == "step"):
        raise ConfigError("phases: steps = [10, 20, 40] belongs to kind = 'step', and only there")
    if phase.kind == "step" and options.model == "open":
        return [msgspec.structs.replace(stage, rate=float(step)) for step in phase.steps]
    if phase.kind == "step":
        return [msgspec.structs.replace(stage, users=int(step)) for step in phase.steps]
    if phase.kind == "spike":
        after = whole("phases: recover_within", phase.recover_within)
        return [stage, Stage(name="recovery", users=options.users, rate=options.rate, seconds=after)]
    return [stage]


def whole(name: str, text: str) -> int:
    """A duration of whole seconds, at least one; raises `ConfigError` for another."""
    length = seconds(name, text)
    if length < 1 or length != int(length):
        raise ConfigError(f"{name} = {text!r}: write a whole number of seconds, at least one")
    return int(length)


def seconds(name: str, text: str) -> float:
    """The duration that the option `name` holds; raises `ConfigError` when it is none."""
    try:
        return quantity.parse(text, "seconds")
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
