"""Joining a load test from another host."""

from __future__ import annotations

import pytest
from sdlc_loadtests.worker import arguments


def test_a_worker_takes_its_files_from_the_master() -> None:
    assert arguments("10.0.0.5:5557", 1) == [
        *("-m", "locust", "-f", "-", "--worker", "--master-host", "10.0.0.5", "--master-port", "5557")
    ]
    assert arguments("host:1", 4)[-2:] == ["--processes", "4"]


@pytest.mark.parametrize(("master", "processes"), [("", 1), ("host", 1), (":1", 1), ("host:x", 1), ("host:1", 0)])
def test_what_is_no_address_is_refused(master: str, processes: int) -> None:
    with pytest.raises(ValueError, match="usage"):
        arguments(master, processes)
