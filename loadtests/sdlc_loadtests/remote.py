"""Journals of workers on other hosts: sent line by line to the master, which writes them down."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

from sdlc_loadtests.journal import File

LINE = "sdlc-line"
LINES_END = "sdlc-lines-end"
MAX_LINE = 64 << 20


class Sent:
    """A journal's lines on their way to the master."""

    def __init__(self, runner: Any) -> None:
        """Send through the connection that Locust has."""
        self.runner = runner

    def put(self, line: str) -> None:
        self.runner.send_message(LINE, {"line": line, "at": time.time()})

    def finish(self) -> None:
        self.runner.send_message(LINES_END, {})


class Received:
    """The master's files of what workers send."""

    def __init__(self, runner: Any, folder: Path) -> None:
        """Listen."""
        self.folder = folder
        self.skew: dict[str, float] = {}
        """By worker: the least difference seen between its clock and this one's, in seconds."""
        self._runner = runner
        self._files: dict[str, File] = {}
        runner.register_message(LINE, self._on_line)
        runner.register_message(LINES_END, self._on_end)

    def _on_line(self, msg: Any, **_: Any) -> None:
        line = str(msg.data["line"])
        # One line is one line, whatever a worker sends.
        if len(line) > MAX_LINE or re.search(r"[\r\n]", line):
            return
        apart = time.time() - float(msg.data["at"])
        known = self.skew.get(msg.node_id)
        self.skew[msg.node_id] = apart if known is None or abs(apart) < abs(known) else known
        if msg.node_id not in self._files:
            number = self._runner.get_worker_index(msg.node_id)
            self._files[msg.node_id] = File(self.folder / f"worker-{number}-remote.ndjson")
        self._files[msg.node_id].put(line)

    def _on_end(self, msg: Any, **_: Any) -> None:
        if file := self._files.pop(msg.node_id, None):
            file.finish()
