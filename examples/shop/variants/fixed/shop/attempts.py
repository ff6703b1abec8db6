"""How often somebody may try to log in."""

from __future__ import annotations

import time
from collections import deque

WINDOW_SECONDS = 10.0
MOST_FAILURES = 5

# The latest failures, whoever's they are: a bounded number of (when, address).
failures: deque[tuple[float, str]] = deque(maxlen=1000)


def allowed(email: str) -> bool:
    """Whether one more try is allowed for that address."""
    # FIXED CWE-307: a few tries in a while, for an address without an account too.
    since = time.monotonic() - WINDOW_SECONDS
    recent = sum(when > since and address == email for when, address in tuple(failures))
    return recent < MOST_FAILURES


def failed(email: str) -> None:
    """Remembers that a try failed."""
    failures.append((time.monotonic(), email))
