"""Options of the load gate."""

from __future__ import annotations

import msgspec
import pytest
from sdlc_gates.load.plan import LoadOptions, plan

from sdlc.errors import ConfigError


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
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_with_the_key(options: dict[str, object], word: str) -> None:
    with pytest.raises(ConfigError, match=word):
        plan(msgspec.convert(options, LoadOptions))
