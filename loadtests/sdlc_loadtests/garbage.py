"""Keeps Python's garbage collector from stopping a process that holds very many users."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

LONG_SECONDS = 0.02


def spare(clock: Callable[[], float] = time.process_time) -> Callable[[str, dict[str, Any]], None]:
    """Look at what survived a long full collection no more; returns the listener that was added to `gc.callbacks`.

    A collection stops every user of the process: seconds, where there are thousands. It happens after the garbage was
    thrown away, and only while what lives grows, so little becomes garbage unseen.
    """
    began = 0.0

    def collected(moment: str, about: dict[str, Any]) -> None:
        nonlocal began
        if moment == "start":
            began = clock()
        elif about["generation"] == 2 and clock() - began > LONG_SECONDS:
            gc.freeze()

    gc.callbacks.append(collected)
    return collected
