"""What a report format is: a pure function from a run to text. Found through the entry-point group `sdlc.reports`."""

from __future__ import annotations

import abc
from typing import ClassVar

from sdlc.run import Run


class Report(abc.ABC):
    """One format."""

    kind: ClassVar[str]
    """Kebab-case: the entry point's name and the word for `--format`."""
    summary: ClassVar[str]
    filename: ClassVar[str]
    """The name it is written under in the run directory."""

    @abc.abstractmethod
    def render(self, run: Run) -> str:
        """The whole document; the same run gives the same text. Every text of a finding is hostile input."""
