from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from importlib.resources import files

import pytest
from sdlc_reports.html import Html

from sdlc.model import Curve, Level, Measurement, Picture, SourceLocation
from sdlc.policy import Policy
from sdlc.run import Run
from tests.unit.reports import runs
from tests.unit.reports.pages import Page


@pytest.fixture(scope="module")
def page(rich: Run) -> Page:
    return Page(Html().render(rich))


def test_nothing_is_loaded_from_anywhere(page: Page) -> None:
    assert not {element.tag for element in page.elements} & {
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "base",
        "source",
        "audio",
        "video",
    }
    assert not [
        element for element in page.elements if {"src", "srcset", "background", "action", "style"} & element.attributes.keys()
    ]
    assert not re.search(r"url\(|@import", page.of("style")[0].content)


def test_there_is_one_script_and_one_style_and_the_policy_names_them_by_their_hashes(page: Page) -> None:
    (policy,) = [
        e.attributes["content"]
        for e in page.of("meta")
        if "content-security-policy" in e.attributes.get("http-equiv", "").lower()
    ]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    (script,), (style,) = page.of("script"), page.of("style")
    for name, element in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(element.content.encode()).digest()).decode()
        assert rules[name] == f"'sha256-{digest}'"
    assert rules["default-src"] == "'none'"
    assert rules["form-action"] == rules["base-uri"] == "'none'"


def test_no_attribute_is_a_script(page: Page) -> None:
    assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]


def test_links_lead_into_the_page_or_to_the_web(page: Page) -> None:
    for link in page.of("a"):
        target = link.attributes["href"]
        assert target.startswith(("#", "https://cwe.mitre.org/", "https://example.org/b602")), target


def test_links_within_the_page_have_a_goal(page: Page) -> None:
    ids = [element.attributes["id"] for element in page.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    goals = {link.attributes["href"][1:] for link in page.of("a") if link.attributes["href"].startswith("#")}
    assert {goal for goal in goals if "=" not in goal} <= set(ids)


def test_every_problem_is_one_entry(page: Page, rich: Run) -> None:
    entries = [e for e in page.of("details") if e.attributes.get("class") == "finding"]
    assert len(entries) == len(rich.decision.rulings)
    shared = next(e for e in entries if e.attributes["data-gates"] == "bandit\nsemgrep")
    assert "tainted shell" in shared.content
    assert "a shell is started" in shared.content


def test_each_decision_says_why(page: Page) -> None:
    text = page.section("findings").words
    assert "Waived because waiver W1 by" in text
    assert "Suppressed because the code says" in text
    assert "Tolerated because low is tolerated (default)" in text
    assert "Blocking because waiver W2 expired on 2026-03-03; high: none is allowed (sdlc.toml:3)" in text


def test_what_stands_in_the_way_comes_first_and_most_severe_first(page: Page, rich: Run) -> None:
    sections = [element.attributes["id"] for element in page.of("section")]
    assert sections[0] == "obstacles"
    entries = [e for e in page.of("li") if any(i.attributes.get("id") == "obstacles" for i in e.inside)]
    assert entries[0].words.startswith("critical")
    assert "shop/app.py:12" in entries[1].content
    assert "pass a list of arguments" in entries[1].content
    assert len([e for e in entries if "shop/app.py:12" in e.content]) == 1
    assert [e.attributes["class"] for e in entries] == sorted(e.attributes["class"] for e in entries)


def test_many_blocking_findings_are_counted_and_the_rest_of_the_reasons_stays() -> None:
    found = [runs.finding(SourceLocation(path=f"a{number}.py", line=1)) for number in range(60)]
    run = runs.run(runs.completed("bandit", *found), runs.completed("semgrep", coverage=()))
    text = Page(Html().render(run)).section("obstacles").words
    assert "35 more findings that block" in text
    assert "it did not say what it covered" in text


def test_a_gate_that_could_not_answer_says_why_and_what_to_do() -> None:
    page = Page(Html().render(runs.all_errored_run()))
    text = page.section("gates").words
    assert "could not answer timeout: semgrep went wrong Fix look at it" in text
    assert "INCONCLUSIVE" in text
    assert "PASS" not in text


def test_every_threshold_shows_its_measured_interval_and_where_it_was_set(page: Page) -> None:
    text = page.section("thresholds").words
    assert "p95(GET /) <= 100 ms locust 80 ms 76 ms to 85 ms from 4,000 observations PASS sdlc.toml:12" in text
    assert "900 ms at least 800 ms; no upper bound" in text
    assert "180.3/s no interval from 30 observations" in text
    assert "p95 of POST /nowhere was not measured" in text
    assert "medium wapiti at most 2 1 yes sdlc.toml:20" in text
    assert "critical every gate without its own none 1 no default" in text
    assert "high every gate without its own none 14 no sdlc.toml:3" in text
    assert "Least coverage of semgrep 95 %, set by sdlc.toml:8" in text


def test_coverage_names_what_is_missing(page: Page) -> None:
    text = page.section("coverage").words
    assert "88 of 100 files" in text
    assert "12 missing" in text
    assert "2 left out by configuration" in text


def test_waivers_show_who_until_when_and_whether_they_hold(page: Page) -> None:
    text = page.section("waivers").words
    assert "W2 B602 in shop/app.py was enough once security 2026-03-03 expired 1 problem" in text
    assert "B999 in * for nothing security 2026-03-04 not used" in text


def test_suppressions_in_the_code_are_listed(page: Page) -> None:
    assert "shop/marked.py:1 # nosec ␛[31mred" in page.section("suppressions").words


def test_evidence_shows_command_exit_code_hash_and_canary(page: Page) -> None:
    text = page.section("evidence").words
    assert "exit code 0, 1.2 s, 1 file" in text
    assert "ended by signal 9" in text
    assert "/usr/bin/bandit --quiet '<script>" in text
    assert runs.SHA in text
    assert "Caught its canary in 0.4 s" in text


def test_a_partial_run_says_that_it_is_no_verdict_over_the_whole_release(page: Page) -> None:
    (notice,) = page.of("div", role="note")
    assert "Not a verdict over the whole release" in notice.content
    assert "only changed files were judged" in notice.content


def test_a_long_text_is_cut_and_says_so(rich: Run) -> None:
    text = Html().render(rich)
    assert "[cut: 1,000,000 characters in all]" in text
    assert len(text) < 300_000


def test_the_name_of_a_gate_is_a_strangers_text_too() -> None:
    text = Html().render(runs.run(runs.completed("x\x1b\u202e<b>", runs.finding(SourceLocation(path="a.py", line=1)))))
    assert "x␛[U+202E]&lt;b&gt;" in text
    assert not {"\x1b", "\u202e"} & set(text)


def test_every_control_has_a_label(page: Page) -> None:
    for control in [*page.of("input"), *page.of("select")]:
        assert any(element.tag == "label" for element in control.inside), control.attributes


def test_an_interval_is_described_for_those_who_do_not_see_the_chart(page: Page) -> None:
    charts = [e for e in page.of("svg", role="img") if e.attributes["class"].startswith("chart")]
    assert len(charts) == 6
    assert charts[0].attributes["aria-label"].startswith("measured 80 ms, between 76 ms and 85 ms")


def test_a_picture_is_drawn_and_told_to_those_who_do_not_see_it(page: Page) -> None:
    drawings = page.of("svg", **{"class": "plot"})
    assert len(drawings) == len(runs.HOSTILE) + 2
    last = drawings[-1]
    told = {e.attributes["id"]: e.words for e in page.elements if e.tag in ("title", "desc") and last in e.inside}
    assert last.attributes["role"] == "img"
    assert list(told) == last.attributes["aria-labelledby"].split()
    title, description = told.values()
    assert title == "GET /: GET /item"
    assert "p95: 300 points, 0 at 0, 64 at 299, lowest 0, highest 96." in description
    assert len([e for e in page.of("path") if last in e.inside and "curve" in e.attributes["class"]]) == 2


def test_what_a_picture_leaves_out_is_named(page: Page) -> None:
    first = next(e for e in page.of("figure"))
    (left_out,) = [e for e in page.of("p") if first in e.inside and e.content.startswith("Not drawn")]
    assert "@maintainers fixes" in left_out.content
    many = runs.completed("locust", pictures=tuple(runs.picture(f"picture {number}") for number in range(13)))
    text = Page(Html().render(runs.run(many))).section("measurements").words
    assert "Pictures not drawn, in run.json : picture 10 , picture 11 , picture 12 ." in text


def test_pictures_are_bounded_and_hold_no_number_that_is_none() -> None:
    points = tuple((float(x), float("nan") if x % 3 else float(x)) for x in range(10_000))
    curves = tuple(Curve(name=f"p{kind} of {name}", points=points) for name in range(40) for kind in range(9))
    huge = Picture(title="huge", x="x", y="y", curves=curves, levels=(Level(name="l", value=float("inf")),))
    text = Html().render(runs.run(runs.completed("locust", pictures=(huge,))))
    assert len(text) < 300_000
    drawing = text[text.index('<figure class="picture') : text.index("</figure>")]
    assert not re.search(r"""[ML"' (]-?(nan|inf)""", drawing)
    assert "points have no place on these axes" in drawing


def test_a_picture_without_points_says_so() -> None:
    empty = Picture(title="empty", x="x", y="y", curves=(Curve(name="nothing", points=()),))
    text = Page(Html().render(runs.run(runs.completed("locust", pictures=(empty,))))).section("measurements").words
    assert "There is nothing to draw. Not drawn, in run.json : nothing ." in text


def test_every_measurement_is_listed_with_its_interval(page: Page) -> None:
    text = page.section("measurements").words
    assert "GET / p95 80 ms 76 ms to 85 ms 4,000" in text
    assert "all together requests_per_second 180.3/s no interval 30" in text


def test_a_hint_is_shown_where_a_threshold_has_no_answer(page: Page) -> None:
    assert "from 300 observations more <script>document.title='owned'</script> INCONCLUSIVE" in page.section("thresholds").words


def test_an_attack_and_the_code_that_lets_it_are_one_confirmed_problem() -> None:
    page = Page(Html().render(runs.confirmed_run()))
    (entry,) = page.of("details", **{"class": "finding"})
    both = "shop/search.py:19, confirmed at GET http://127.0.0.1:8000/search [q]"
    assert "high blocking confirmed" in entry.words
    assert f"same weakness: {both}" in entry.words
    assert "Answered by shop/search.py:10-24" in entry.words
    assert f"confirmed bandit wapiti {both}" in page.section("obstacles").words


def test_what_no_attack_confirmed_is_not_called_confirmed(page: Page) -> None:
    assert not [e for e in page.elements if "confirmed" in e.attributes.get("class", "")]


def test_remarks_are_shown_with_the_verdict(page: Page) -> None:
    (remarks,) = page.of("ul", **{"class": "remarks"})
    assert "the routes could not be read" in remarks.content


def test_a_strange_number_does_not_stop_it() -> None:
    odd = [
        Measurement(name="p95", value=value, low=low, high=high, unit="ms", n=1)
        for value, low, high in (
            (float("nan"), None, None),
            (float("inf"), 1.0, float("inf")),
            (-1.0, -2.0, 0.0),
            (0.0, 0.0, 0.0),
        )
    ]
    for measurement in odd:
        run = runs.run(
            runs.completed("locust", measurements=(measurement,)),
            policy=Policy(required=("locust",), thresholds=(runs.bound("p95", ">=", 0, "ms"),)),
        )
        assert "</html>" in Html().render(run)


def colours(css: str) -> Iterator[dict[str, str]]:
    """The palette in the light and in the dark."""
    light, dark = re.findall(r":root \{(.*?)\}", css, re.DOTALL)[:2]
    palette = dict(re.findall(r"--([\w-]+): (#\w+);", light))
    yield palette
    yield palette | dict(re.findall(r"--([\w-]+): (#\w+);", dark))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_text_can_be_read_in_the_light_and_in_the_dark() -> None:
    css = files("sdlc_reports").joinpath("templates", "style.css").read_text(encoding="utf-8")
    palettes = list(colours(css))
    assert palettes[0] != palettes[1]
    for palette in palettes:
        pairs = [(text, back) for text in ("text", "muted", "link") for back in ("page", "card", "sunk")]
        tones = [name.removesuffix("-soft") for name in palette if name.endswith("-soft")]
        pairs += [(tone, f"{tone}-soft") for tone in tones] + [(tone, "card") for tone in tones]
        low = {pair: round(contrast(palette[pair[0]], palette[pair[1]]), 2) for pair in pairs}
        assert not {pair: ratio for pair, ratio in low.items() if ratio < 4.5}
