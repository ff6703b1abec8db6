"""Live progress: one line a gate on a terminal, one line an event elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from sdlc.cli.console import plain
from sdlc.identity import Problem, problems
from sdlc.model import Answer, Canary, Completed, Errored, GateResult
from sdlc.quantity import show
from sdlc.tally import found_by

REFRESH_PER_SECOND = 8
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


class Progress:
    """Shows what each gate is doing."""

    def __init__(self, console: Console, gates: tuple[str, ...]) -> None:
        """Write to `console`; a terminal gets lines that change, anything else lines that stay."""
        self._console = console
        self._live = Live(self, console=console, refresh_per_second=REFRESH_PER_SECOND) if console.is_terminal else None
        self._states: dict[str, Text] = {gate: Text("waiting", "dim") for gate in gates}
        self._began: dict[str, float] = {}
        self._ended: dict[str, float] = {}
        self._width = max(map(len, gates), default=0)
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def __rich__(self) -> RenderableType:
        with self._lock:
            return Group(*(self._line(gate, state) for gate, state in self._states.items()))

    def started(self, gate: str) -> None:
        """A gate has begun."""
        self._began[gate] = time.monotonic()
        self._set(gate, Text("running"))

    def said(self, gate: str, text: str) -> None:
        """A gate reports progress; only a terminal shows it."""
        if self._live:
            self._set(gate, Text(plain(text, 100)))

    def ended(self, result: GateResult) -> None:
        """A gate has a result."""
        self._ended[result.gate] = time.monotonic()
        self._set(result.gate, summary(result))

    def _set(self, gate: str, state: Text) -> None:
        with self._lock:
            self._states[gate] = state
        if not self._live:
            self._console.print(self._line(gate, state))

    def _line(self, gate: str, state: Text) -> Text:
        began = self._began.get(gate)
        now = self._ended.get(gate, time.monotonic())
        clock = f"{now - began:6.1f} s" if began else " " * 8
        busy = began is not None and gate not in self._ended
        turn = SPINNER[int(time.monotonic() * REFRESH_PER_SECOND) % len(SPINNER)] if busy and self._live else " "
        return Text.assemble(f"{turn} {gate:<{self._width}}  {clock}  ", state)


def summary(result: GateResult, among: Sequence[Problem] | None = None) -> Text:
    """What a gate found, in a few words; `among` all problems of the run, where these are known."""
    match result:
        case Completed(answer=Answer(coverage=()), canary=Canary() as canary):
            return Text(f"canary: {plain(canary.detail, 160)}")
        case Completed(answer=answer):
            counts = found_by(result.gate, problems(answer.findings) if among is None else among)
            found = [f"{number} {severity.value}" for severity, number in counts]
            covered = [f"{coverage.measured}/{coverage.expected} {coverage.what}" for coverage in answer.coverage]
            overall = [f"{m.name} {show(m.value, m.unit)}" for m in answer.measurements if not m.subject and m.name in HEADLINE]
            said = ", ".join(found) if found else "no findings" if not answer.measurements else ""
            return Text("; ".join(part for part in (said, ", ".join(overall), ", ".join(covered)) if part))
        case Errored(fault=fault, reason=reason):
            return Text(f"no answer: {fault}: {plain(reason, 160)}", "yellow")
        case skipped:
            return Text(f"skipped: {plain(skipped.reason, 160)}", "dim")


HEADLINE = ("p95", "error_rate", "requests_per_second")
