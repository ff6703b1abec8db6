"""Which paths of the target are scanned. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from sdlc.model import Coverage, Missing
from sdlc_gates._dast import routes
from sdlc_gates._dast.routes import Route, Visit, excluding
from sdlc_gates._zap.options import ZapOptions

NOT_INCLUDED = "not among what configuration includes"


def left_alone(path: str, options: ZapOptions) -> bool:
    """Whether the options keep the scan from this path."""
    return bool(excluding(path, options.exclude)) or not _included(path, options)


def coverage(known: Sequence[Route], visits: Iterable[Visit], options: ZapOptions) -> Coverage:
    """How many of the known routes answered, those aside that the options keep the scan from."""
    inside = [route for route in known if _included(route.template, options)]
    outside = tuple(Missing(item=str(route), reason=NOT_INCLUDED) for route in known if route not in inside)
    if known and not inside:
        return Coverage(what="routes", measured=0, expected=0, excluded=outside)
    seen = [visit for visit in visits if known or _included(visit.path, options)]
    found = routes.coverage(inside, seen, options.exclude)
    return msgspec.structs.replace(found, excluded=(*found.excluded, *outside))


def _included(path: str, options: ZapOptions) -> bool:
    return not options.include or bool(excluding(path, options.include))
