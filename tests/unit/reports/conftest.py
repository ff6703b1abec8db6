"""What the tests of reports share."""

from __future__ import annotations

import pytest

from sdlc.run import Run
from tests.unit.reports import runs


@pytest.fixture(scope="session")
def rich() -> Run:
    """A run with everything in it."""
    return runs.rich_run()
