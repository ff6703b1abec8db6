"""What each gate measured, with its pictures made ready to draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sdlc.model import Measurement, Picture, Skipped, Verdict
from sdlc_reports.drawn import Plot
from sdlc_reports.plot import plot
from sdlc_reports.view import GateView

MOST_PICTURES = 10
"""Of one gate; the rest is named."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The numbers of a gate."""

    id: str
    verdict: Verdict | None
    measurements: tuple[Measurement, ...]
    plots: tuple[Plot, ...]
    undrawn: tuple[str, ...]
    """The titles of the pictures that are too many."""

    @property
    def total(self) -> int:
        """How many numbers there are."""
        return len(self.measurements)


def measured(gates: Iterable[GateView]) -> Iterator[Measured]:
    """Of each gate that measured something, or has a picture to show."""
    for gate in gates:
        answers = [result.answer for result in gate.results if not isinstance(result, Skipped)]
        measurements = tuple(item for answer in answers for item in answer.measurements)
        pictures: tuple[Picture, ...] = tuple(picture for answer in answers for picture in answer.pictures)
        if measurements or pictures:
            yield Measured(
                id=gate.id,
                verdict=gate.verdict,
                measurements=measurements,
                plots=tuple(map(plot, pictures[:MOST_PICTURES])),
                undrawn=tuple(picture.title for picture in pictures[MOST_PICTURES:]),
            )
