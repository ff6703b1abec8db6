from __future__ import annotations

import math
import re

import pytest
from sdlc_reports.drawn import Plot
from sdlc_reports.plot import (
    BOTTOM,
    LEFT,
    MOST_BANDS,
    MOST_CURVES,
    MOST_LEVELS,
    MOST_PANELS,
    MOST_POINTS,
    RIGHT,
    TOP,
    plot,
    thinned,
)

from sdlc.model import Band, Curve, Level, Picture
from tests.unit.reports.runs import HOSTILE

RISE = ((0.0, 1.0), (1.0, 2.0), (2.0, 4.0))


def drawn(*curves: Curve, levels: tuple[Level, ...] = (), bands: tuple[Band, ...] = (), logarithmic: bool = False) -> Plot:
    return plot(Picture(title="t", x="x", y="y", curves=curves, levels=levels, bands=bands, logarithmic=logarithmic))


def curve(name: str = "measured", points: tuple[tuple[float, float], ...] = RISE, joined: bool = True) -> Curve:
    return Curve(name=name, points=points, joined=joined)


def places(path: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"[ML](\S+?) ([\d.]+)", path)]


def test_a_curve_goes_up_where_its_numbers_do() -> None:
    (stroke,) = drawn(curve()).panels[0].strokes
    xs, ys = zip(*places(stroke.path), strict=True)
    assert xs == tuple(sorted(xs))
    assert ys == tuple(sorted(ys, reverse=True))
    assert (xs[0], xs[-1]) == (LEFT, RIGHT)
    assert stroke.said == "3 points, 1 at 0, 4 at 2, lowest 1, highest 4"


def test_ten_thousand_points_become_few_and_no_peak_is_lost() -> None:
    points = tuple((float(x), 500.0 if x == 7_321 else -90.0 if x == 123 else float(x % 7)) for x in range(10_000))
    kept = thinned(points)
    assert len(kept) <= MOST_POINTS
    assert {(7_321.0, 500.0), (123.0, -90.0)} <= set(kept)
    assert kept == tuple(sorted(kept))
    assert len(drawn(curve(points=points)).panels[0].strokes[0].path) < MOST_POINTS * 14


def test_what_is_not_a_number_is_left_out_and_counted() -> None:
    made = drawn(curve(points=((0.0, math.nan), (1.0, 3.0), (math.inf, 1.0), (2.0, -math.inf), (3.0, 5.0))))
    assert made.unplaced == 3
    assert len(places(made.panels[0].strokes[0].path)) == 2


def test_what_is_not_positive_has_no_place_on_a_logarithmic_axis() -> None:
    made = drawn(curve(points=((0.0, 1.0), (-1.0, 1.0), (1.0, 1.0), (10.0, 2.0))), logarithmic=True)
    assert made.unplaced == 2


@pytest.mark.parametrize("curves", [(), (curve(points=()),), (curve(points=((math.nan, 1.0),)),)])
def test_without_points_there_is_nothing_to_draw(curves: tuple[Curve, ...]) -> None:
    made = drawn(*curves, levels=(Level(name="limit", value=3),))
    assert made.panels == ()
    assert set(made.left_out) == {c.name for c in curves}


def test_curves_of_several_requests_get_a_panel_each_on_the_same_axes() -> None:
    named = [curve(f"{kind} of {name}") for name in ("GET /", "GET /a of b") for kind in ("p50", "p95")]
    made = drawn(*named)
    assert [panel.name for panel in made.panels] == ["GET /", "GET /a of b"]
    assert [kind.name for kind in made.kinds] == ["p50", "p95"]
    assert [stroke.style for panel in made.panels for stroke in panel.strokes] == [0, 1, 0, 1]


def test_too_many_panels_curves_levels_and_bands_are_named_instead() -> None:
    panels = drawn(*(curve(f"p50 of {number}") for number in range(MOST_PANELS + 3)))
    assert len(panels.panels) == MOST_PANELS
    assert panels.left_out == tuple(f"p50 of {MOST_PANELS + number}" for number in range(3))
    curves = drawn(
        *(curve(f"c{number}") for number in range(MOST_CURVES + 2)),
        levels=tuple(Level(name=f"l{number}", value=1) for number in range(MOST_LEVELS + 1)),
        bands=tuple(Band(name=f"b{number}", start=0, end=1) for number in range(MOST_BANDS + 1)),
    )
    assert curves.left_out == (
        f"c{MOST_CURVES}",
        f"c{MOST_CURVES + 1}",
        f"l{MOST_LEVELS}",
        f"b{MOST_BANDS}",
    )


def test_two_curves_of_one_name_are_both_accounted_for() -> None:
    made = drawn(curve("p50 of a"), curve("p50 of a"), curve("p50 of b"))
    assert made.left_out == ("p50 of a",)


def test_curves_far_apart_share_a_logarithmic_axis_and_others_do_not() -> None:
    near, far = curve("a"), curve("b", tuple((x, y * 1000) for x, y in RISE))
    assert drawn(near, far).steep
    assert not drawn(near, curve("b")).steep
    assert not drawn(far).steep
    assert not drawn(near, far, curve("c", ((0.0, 0.0),))).steep


def test_a_level_lies_where_its_value_does_between_its_bounds() -> None:
    (line,) = drawn(curve(), levels=(Level(name="p95", value=1.0, on_x=True, low=0.5, high=1.5),)).lines
    assert line.stretch is not None
    x, y, width, height = line.stretch
    middle = (LEFT + RIGHT) / 2
    assert line.path == f"M{middle} {TOP}V{BOTTOM}"
    assert (x + width / 2, y, height) == (middle, TOP, BOTTOM - TOP)
    assert line.said == "1 (0.5 to 1.5)"


def test_a_bound_that_was_left_out_goes_on_to_the_edge() -> None:
    across, up = drawn(
        curve(), levels=(Level(name="a", value=1, on_x=True, low=0.5), Level(name="b", value=2, low=1, high=math.inf))
    ).lines
    assert across.stretch is not None
    assert up.stretch is not None
    assert across.stretch[0] + across.stretch[2] == RIGHT
    assert across.said == "1 (at least 0.5)"
    assert up.stretch[1] == TOP


def test_a_level_beyond_the_curve_is_still_in_the_picture() -> None:
    (line,) = drawn(curve(), levels=(Level(name="limit", value=40.0),)).lines
    ((_, y),) = places(line.path)
    assert TOP <= y < BOTTOM


def test_no_level_or_band_without_a_number_is_drawn() -> None:
    odd = (math.nan, math.inf, -math.inf)
    made = drawn(
        curve(),
        levels=tuple(Level(name=f"l{value}", value=value) for value in odd),
        bands=tuple(Band(name=f"b{value}", start=value, end=value) for value in odd),
    )
    assert not made.lines
    assert not made.shades
    assert len(made.left_out) == 6


def test_bands_lie_side_by_side_and_a_long_name_is_not_written_in() -> None:
    made = drawn(curve(), bands=(Band(name="warm-up", start=0, end=1), Band(name=HOSTILE[-1], start=1, end=2)))
    first, second = made.shades
    assert first.x + first.width == second.x
    assert (first.fits, second.fits) == (True, False)


def test_a_point_alone_is_a_mark() -> None:
    assert drawn(curve(points=((1.0, 1.0),))).panels[0].strokes[0].marks
    assert drawn(curve(joined=False)).panels[0].strokes[0].path.count("h0") == 3


@pytest.mark.parametrize("value", [0.0, 5e-324, 1e300, -1e300, 1.0])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_no_mark_leaves_the_frame(value: float, logarithmic: bool) -> None:
    made = drawn(
        curve(points=((value, -value), (value, value), (1.0, 1e300), (2.0, -1e300))),
        levels=(Level(name="l", value=value, low=-1e308, high=1e308), Level(name="m", value=value, on_x=True, high=value)),
        logarithmic=logarithmic,
    )
    for panel in made.panels:
        for stroke in panel.strokes:
            assert all(LEFT <= x <= RIGHT and TOP <= y <= BOTTOM for x, y in places(stroke.path))
    for tick in made.across:
        assert LEFT <= tick.at <= RIGHT
    for tick in made.up:
        assert TOP <= tick.at <= BOTTOM
