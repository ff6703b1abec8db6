"""Full collections that take long are not made over the same objects again."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from sdlc_loadtests.garbage import LONG_SECONDS, spare


@pytest.fixture
def clock() -> Iterator[list[float]]:
    """Moments that the listener sees, one after the other; with them it listens until the test ends."""
    moments: list[float] = []
    listener = spare(lambda: moments.pop(0) if moments else 0.0)
    assert gc.get_freeze_count() == 0
    yield moments
    gc.callbacks.remove(listener)
    gc.unfreeze()


def test_what_survives_a_long_collection_is_looked_at_no_more(clock: list[float]) -> None:
    kept = [[number] for number in range(1000)]
    clock += [0.0, LONG_SECONDS * 2]
    gc.collect()
    assert gc.get_freeze_count() >= len(kept)


def test_a_short_collection_changes_nothing(clock: list[float]) -> None:
    clock += [0.0, LONG_SECONDS / 2]
    gc.collect()
    assert gc.get_freeze_count() == 0


def test_a_long_collection_of_young_objects_changes_nothing(clock: list[float]) -> None:
    clock += [0.0, LONG_SECONDS * 2]
    gc.collect(1)
    assert gc.get_freeze_count() == 0
