"""A picture as it is drawn: what a template writes down without thinking."""

from __future__ import annotations

from dataclasses import dataclass

from sdlc.model import Picture


@dataclass(frozen=True, slots=True)
class Stroke:
    """A curve as it is drawn."""

    name: str
    style: int
    path: str
    """Of an SVG path."""
    marks: bool
    """Whether its points stand alone."""
    said: str
    """For those who don't see it."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Curves that share one frame."""

    name: str
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True, slots=True)
class LevelLine:
    """A line across the frame at a value, and the stretch between its bounds where it has any."""

    name: str
    style: int
    path: str
    said: str
    stretch: tuple[float, float, float, float] | None
    """x, y, width and height."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A stretch of the x axis."""

    name: str
    x: float
    width: float
    fits: bool
    """Whether its name can be written in it."""
    said: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A number beside an axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture as it is drawn: panels on the same axes, with the same levels and bands."""

    picture: Picture
    panels: tuple[Panel, ...]
    """Empty when there is nothing to draw."""
    kinds: tuple[Stroke, ...]
    """One stroke of each style, for the key."""
    lines: tuple[LevelLine, ...]
    shades: tuple[Shade, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    steep: bool
    """Whether the y axis is logarithmic."""
    left_out: tuple[str, ...]
    """The names of what was too much to draw, or has no number."""
    unplaced: int
    """How many points have no place on the axes."""
