"""Why a load test was not run."""

from __future__ import annotations

from sdlc.errors import GateError


class LoadRefused(GateError):
    """The test would have been unsafe, or could not have answered."""

    fault = "load-refused"
