"""Options of the load gate."""

from __future__ import annotations

import msgspec
import pytest
from sdlc_gates.load.needed import too_short
from sdlc_gates.load.plan import LoadOptions, PhaseOptions, plan
from sdlc_gates.load.requests import from_paths

from sdlc.errors import ConfigError
from sdlc.threshold import MeasurementLimit


def test_durations_are_read_with_their_units() -> None:
    made = plan(LoadOptions(warm_up="500 ms", duration="2 min", request_timeout="1 s"))
    assert (made.duration, made.request_timeout) == (120, 1.0)
    assert [(stage.name, stage.seconds) for stage in made.stages] == [("warm-up", 1), ("steady", 120)]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"duration": "soon"}, "duration"),
        ({"duration": "0 s"}, "duration"),
        ({"duration": "1500 ms"}, "duration"),
        ({"warm_up": "5"}, "warm_up"),
        ({"users": 0}, "users"),
        ({"spawn_rate": -1.0}, "spawn_rate"),
        ({"workers": 0}, "workers"),
        ({"users": 2, "workers": 3}, "workers"),
        ({"request_timeout": "0 s"}, "request_timeout"),
        ({"model": "open"}, "rate"),
        ({"rate": 5.0}, "rate"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_the_key(options: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        plan(msgspec.convert(options, LoadOptions))


@pytest.mark.parametrize(
    ("metric", "bound", "subject", "refused"),
    [
        ("p95", 300, "", False),
        ("p99", 300, "", False),
        ("p99", 300, "GET /a", True),
        ("p99.9", 300, "", True),
        ("error_rate", 0.01, "", False),
        ("error_rate", 0.001, "", True),
        ("error_rate", 0.0, "", True),
        ("requests_per_second", 5, "", False),
    ],
)
def test_a_plan_that_can_keep_no_threshold_is_seen_before(metric: str, bound: float, subject: str, refused: bool) -> None:
    unit = "ms" if metric.startswith("p") else "ratio"
    limit = MeasurementLimit(gate="g", metric=metric, operator="<=", bound=bound, unit=unit, origin="t", subject=subject)
    made = plan(LoadOptions(model="open", rate=15, duration="20 s"))
    made = msgspec.structs.replace(made, requests=from_paths(("/a", "/b")))
    assert bool(too_short(made, (limit,))) is refused
    if bound:
        assert too_short(msgspec.structs.replace(made, requests=()), (limit,)) == ""


def test_phases_are_cut_into_stretches_of_constant_load() -> None:
    phases = (
        PhaseOptions(kind="step", duration="10 s", steps=(5, 10)),
        PhaseOptions(kind="steady", duration="1 min"),
        PhaseOptions(kind="spike", users=60, duration="5 s", recover_within="20 s"),
    )
    made = plan(LoadOptions(users=20, phases=phases))
    assert [(stage.name, stage.users, stage.seconds) for stage in made.stages] == [
        *(("step", 5, 10), ("step", 10, 10), ("steady", 20, 60), ("spike", 60, 5), ("recovery", 20, 20))
    ]
    assert (made.users, made.duration) == (5, 60)
    assert made.longest > 105
    opened = plan(LoadOptions(users=20, model="open", rate=50, phases=phases))
    assert [(stage.users, stage.rate) for stage in opened.stages] == [*((20, 5), (20, 10), (20, 50), (60, 50), (20, 50))]


@pytest.mark.parametrize(
    ("phases", "word"),
    [
        ((PhaseOptions(kind="smoke"),), "steady, or soak"),
        ((PhaseOptions(kind="steady"), PhaseOptions(kind="steady")), "none twice"),
        ((PhaseOptions(kind="spike"), PhaseOptions(kind="soak")), "spike needs a steady"),
        ((PhaseOptions(kind="step"), PhaseOptions(kind="steady")), "steps"),
        ((PhaseOptions(kind="steady", steps=(1, 2)),), "steps"),
        ((PhaseOptions(kind="steady", duration="100 ms"),), "whole number"),
        ((PhaseOptions(kind="steady", rate=5),), "closed model"),
    ],
)
def test_phases_that_make_no_test_are_refused(phases: tuple[PhaseOptions, ...], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        plan(LoadOptions(phases=phases))
