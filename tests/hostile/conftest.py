"""The gates and the project of the fault matrix."""

from __future__ import annotations

import pytest
from sdlc_gates.load import plan

from tests.faults.conftest import make, place

__all__ = ["make", "place"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Load tests that may take no longer than they need, so that a deadline can be short."""
    monkeypatch.setattr(plan, "START_MARGIN", 1.0)
    monkeypatch.setattr(plan, "RAMP_MARGIN", 1.0)
