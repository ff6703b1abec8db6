"""Options of the load gate."""

from __future__ import annotations

import msgspec
import pytest
from sdlc_gates.load.needed import too_short
from sdlc_gates.load.plan import LoadOptions, plan
from sdlc_gates.load.requests import from_paths

from sdlc.errors import ConfigError
from sdlc.threshold import MeasurementLimit


def test_durations_are_read_with_their_units() -> None:
    made = plan(LoadOptions(warm_up="500 ms", duration="2 min", request_timeout="1 s"))
    assert (made.warm_up, made.duration, made.request_timeout) == (0.5, 120, 1.0)


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
