"""Where the marks of a picture go: pure geometry, bounded whatever a gate hands over."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sdlc.model import Band, Curve, Level, Picture
from sdlc_reports.axis import Axis, axis, drawable, written
from sdlc_reports.drawn import LevelLine, Panel, Plot, Shade, Stroke, Tick
from sdlc_reports.wording import count

WIDTH, HEIGHT = 400, 236
"""Of a panel, in its own units."""
LEFT, TOP, RIGHT, BOTTOM = 50, 22, 388, 198
"""The edges of the part that curves are drawn in."""
BAND_NAME = 17
"""The height of the line in which bands have their names."""
MOST_PANELS = 12
MOST_CURVES = 6
"""In a panel; the rest is named."""
MOST_POINTS = 160
MOST_LEVELS = 6
MOST_BANDS = 12
APART = 20
"""When the curves' middles are this many times apart, an even axis would lay the lower ones on the floor."""
_LETTER = 7

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Frame:
    x: Axis
    y: Axis
    top: float
    """Where the y axis ends: below the names of bands."""

    def right(self, value: float) -> float:
        return round(LEFT + self.x.share(value) * (RIGHT - LEFT), 1)

    def down(self, value: float) -> float:
        return round(BOTTOM - self.y.share(value) * (BOTTOM - self.top), 1)


def plot(picture: Picture) -> Plot:
    """The picture's geometry; what isn't a number is left out and counted, what is too much is left out and named."""
    curves = [_placed(curve, picture.logarithmic) for curve in picture.curves]
    empty = [curve.name for curve in curves if not curve.points]
    facets, crowded = _facets([curve for curve in curves if curve.points])
    drawn = [curve for facet in facets.values() for curve in facet.values()]
    levels = [level for level in picture.levels if drawable(level.value, level.on_x and picture.logarithmic)]
    bands = [band for band in picture.bands if drawable(band.start) and drawable(band.end) and band.start < band.end]
    frame = _frame(drawn, levels[:MOST_LEVELS], bands[:MOST_BANDS], picture.logarithmic)
    panels = tuple(_panels(facets, frame))
    styles = {stroke.style: stroke for panel in reversed(panels) for stroke in panel.strokes}
    shown = {id(mark) for mark in (*levels[:MOST_LEVELS], *bands[:MOST_BANDS])}
    return Plot(
        picture=picture,
        panels=panels,
        kinds=tuple(styles[style] for style in sorted(styles)),
        lines=tuple(_lines(levels[:MOST_LEVELS], frame)),
        shades=tuple(_shade(band, frame) for band in bands[:MOST_BANDS]),
        across=tuple(Tick(frame.right(value), written(value)) for value in frame.x.ticks()),
        up=tuple(Tick(frame.down(value), written(value)) for value in frame.y.ticks()),
        steep=frame.y.logarithmic,
        left_out=(*crowded, *empty, *_unshown(picture.levels, shown), *_unshown(picture.bands, shown)),
        unplaced=sum(len(curve.points) for curve in picture.curves) - sum(len(curve.points) for curve in curves),
    )


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[Point, ...]:
    """At most `most` of the points; the lowest and the highest of each stretch stay, so that no peak is lost."""
    if len(points) <= most:
        return tuple(points)
    stretches = most // 2
    edges = [number * len(points) // stretches for number in range(stretches + 1)]
    kept: list[Point] = []
    for start, end in itertools.pairwise(edges):
        numbers = range(start, end)
        extremes = {min(numbers, key=lambda n: points[n][1]), max(numbers, key=lambda n: points[n][1])}
        kept.extend(points[number] for number in sorted(extremes))
    return tuple(kept)


def _unshown(marks: Sequence[Level] | Sequence[Band], shown: set[int]) -> list[str]:
    return [mark.name for mark in marks if id(mark) not in shown]


def _placed(curve: Curve, logarithmic: bool) -> Curve:
    points = tuple((x, y) for x, y in curve.points if drawable(x, logarithmic) and drawable(y))
    return Curve(name=curve.name, points=points, joined=curve.joined)


def _facets(curves: Sequence[Curve]) -> tuple[dict[str, dict[str, Curve]], list[str]]:
    """The curves by panel, each with its word in the key; and the names of those that are too many.

    Curves named `p95 of GET /` and the like go to one panel for each subject.
    """
    parted = [curve.name.partition(" of ") for curve in curves]
    split = all(of for _, of, _ in parted) and len({subject for _, _, subject in parted}) > 1
    facets: dict[str, dict[str, Curve]] = {}
    words: dict[str, None] = {}
    crowded = []
    for number, (curve, (kind, _, subject)) in enumerate(zip(curves, parted, strict=True)):
        panel, word = (subject, kind) if split else ("", f"{number}")
        full = len(facets) >= MOST_PANELS and panel not in facets
        if full or (len(words) >= MOST_CURVES and word not in words) or word in facets.get(panel, ()):
            crowded.append(curve.name)
        else:
            words[word] = None
            facets.setdefault(panel, {})[word] = curve
    return facets, crowded


def _frame(curves: Sequence[Curve], levels: Sequence[Level], bands: Sequence[Band], logarithmic: bool) -> _Frame:
    def ends(on_x: bool) -> Iterator[float]:
        for level in levels:
            if level.on_x == on_x:
                yield from (end for end in (level.value, level.low, level.high) if end is not None)

    across = [*(x for curve in curves for x, _ in curve.points), *ends(True)]
    across += [edge for band in bands for edge in (band.start, band.end)]
    up = [*(y for curve in curves for _, y in curve.points), *ends(False)]
    return _Frame(axis(across, logarithmic), axis(up, _steep(curves, up), roomy=True), TOP + (BAND_NAME if bands else 0))


def _steep(curves: Sequence[Curve], values: Iterable[float]) -> bool:
    if len(curves) < 2 or not all(drawable(value, logarithmic=True) for value in values):
        return False
    middles = [statistics.median(y for _, y in curve.points) for curve in curves]
    return max(middles) / min(middles) >= APART


def _panels(facets: dict[str, dict[str, Curve]], frame: _Frame) -> Iterator[Panel]:
    words = list(dict.fromkeys(word for facet in facets.values() for word in facet))
    for name, facet in facets.items():
        strokes = (_stroke(curve, word if name else curve.name, words.index(word), frame) for word, curve in facet.items())
        yield Panel(name=name, strokes=tuple(strokes))


def _stroke(curve: Curve, name: str, style: int, frame: _Frame) -> Stroke:
    marks = not curve.joined or len(curve.points) == 1
    places = [f"{frame.right(x)} {frame.down(y)}" for x, y in thinned(curve.points)]
    path = "".join(f"M{place}h0" for place in places) if marks else f"M{'L'.join(places)}"
    return Stroke(name, style, path, marks, _told(curve))


def _told(curve: Curve) -> str:
    points = curve.points
    low, high = min(y for _, y in points), max(y for _, y in points)
    (first, begins), (last, ends) = points[0], points[-1]
    return (
        f"{count(len(points), 'point', 'points')}, {written(begins)} at {written(first)}, {written(ends)} at "
        f"{written(last)}, lowest {written(low)}, highest {written(high)}"
    )


def _lines(levels: Sequence[Level], frame: _Frame) -> Iterator[LevelLine]:
    """Those with bounds, which were measured, have odd styles, and those without, which were set, even ones."""
    given = [0, 1]
    for level in levels:
        bounded = level.low is not None or level.high is not None
        yield _line(level, given[bounded] % MOST_LEVELS, frame)
        given[bounded] += 2


def _line(level: Level, style: int, frame: _Frame) -> LevelLine:
    at = frame.right(level.value) if level.on_x else frame.down(level.value)
    path = f"M{at} {TOP}V{BOTTOM}" if level.on_x else f"M{LEFT} {at}H{RIGHT}"
    return LevelLine(level.name, style, path, _bounds(level), _stretch(level, frame))


def _bounds(level: Level) -> str:
    low, high = ("" if end is None else written(end) for end in (level.low, level.high))
    ends = f"{low} to {high}" if low and high else f"at least {low}" if low else f"at most {high}" if high else ""
    return f"{written(level.value)} ({ends})" if ends else written(level.value)


def _stretch(level: Level, frame: _Frame) -> tuple[float, float, float, float] | None:
    """Between its bounds; to the edge where one is missing, since infinite ones are left out."""
    if level.low is None and level.high is None:
        return None
    axis_of, place = (frame.x, frame.right) if level.on_x else (frame.y, frame.down)
    start, end = sorted(
        place(edge if bound is None or not drawable(bound) else bound)
        for bound, edge in ((level.low, axis_of.low), (level.high, axis_of.high))
    )
    size = round(max(1.0, end - start), 1)
    return (start, TOP, size, BOTTOM - TOP) if level.on_x else (LEFT, start, RIGHT - LEFT, size)


def _shade(band: Band, frame: _Frame) -> Shade:
    x = frame.right(band.start)
    width = round(frame.right(band.end) - x, 1)
    letters = sum(1 if letter.isascii() else 2 for letter in band.name[:WIDTH])
    return Shade(band.name, x, width, letters * _LETTER < width, f"{written(band.start)} to {written(band.end)}")
