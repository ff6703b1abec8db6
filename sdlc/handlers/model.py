"""What is known about routes and the code behind them."""

from __future__ import annotations

from sdlc.model import Frozen


class Span(Frozen, frozen=True):
    """The lines of a function."""

    path: str
    """POSIX, relative to the project's root."""
    first: int
    last: int


class Route(Frozen, frozen=True):
    """A route that the code declares."""

    template: str
    """Path with a parameter in braces, `/products/{id}`; `{id:path}` may hold slashes."""
    methods: tuple[str, ...]
    """Empty: any."""
    code: tuple[Span, ...]
    """The handler first, then the project's functions that it calls, directly or through others."""
