"""Words and colours for the terminal; every text that comes from a tool or the scanned code is made harmless first."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
import unicodedata
from types import FrameType

from rich.console import Console
from rich.text import Text

from sdlc.model import Severity, Verdict


class Terminal(Console):
    """A console that takes no text for markup, and does not end the process by itself when nobody reads any more."""

    def __init__(self, *, stderr: bool = False) -> None:
        """Write to standard output, or to standard error."""
        super().__init__(stderr=stderr, highlight=False, soft_wrap=True, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


out = Terminal()
err = Terminal(stderr=True)
EXIT = {Verdict.PASS: 0, Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 3}
VERDICT_STYLE = {Verdict.PASS: "bold green", Verdict.FAIL: "bold red", Verdict.INCONCLUSIVE: "bold yellow"}
SEVERITY_STYLE = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}
ONE_ORDER_SECONDS = 0.2
MARK = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "?"}
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)?")


def plain(text: str, limit: int = 400) -> str:
    """One harmless line: no escape sequences, no control or direction characters, at most `limit` characters."""
    without = _ESCAPE.sub("", text[: limit * 8])
    words = " ".join("".join(" " if char.isspace() else char for char in without).split())
    shown = "".join(char for char in words if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def verdict_text(verdict: Verdict) -> Text:
    """The verdict in its colour."""
    return Text(f"{MARK[verdict]} {verdict.value}", VERDICT_STYLE[verdict])


def severity_text(severity: Severity) -> Text:
    """The severity in its colour."""
    return Text(severity.value, SEVERITY_STYLE[severity])


def complain(message: str) -> None:
    """Say on standard error what is wrong."""
    err.print(Text.assemble(("error: ", "bold red"), plain(message, 4000)))


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C, SIGTERM and SIGHUP set; a second one ends this process at once, and with it all it started.

    What comes within `ONE_ORDER_SECONDS` is the same order: `timeout`, for one, tells the process and then its group.
    """
    cancel = threading.Event()
    first = 0.0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal first
        if cancel.is_set():
            if time.monotonic() - first > ONE_ORDER_SECONDS:
                os._exit(EXIT[Verdict.INCONCLUSIVE])
            return
        first = time.monotonic()
        cancel.set()
        # The console may be in the middle of a line, and waits for itself then.
        with contextlib.suppress(OSError):
            os.write(2, b"stopping; once more to stop at once\n")

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return cancel
