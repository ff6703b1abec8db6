from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from sdlc_reports.markdown import MAX_CHARACTERS, Markdown, cell, code, marker

from sdlc.model import Coverage, Errored, SourceLocation
from sdlc.run import Run, Subject
from tests.unit.reports import runs

ACTIVE = {"link_open", "image", "html_inline", "html_block", "heading_open", "fence", "code_block", "s_open", "em_open", "hr"}


def tokens(text: str) -> list[Token]:
    """Everything that a CommonMark renderer with GitHub's tables and bare links makes of it."""
    parser = MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"])
    flat: list[Token] = []
    for token in parser.parse(text):
        flat += [token, *(token.children or [])]
    return flat


def outside_code(text: str) -> str:
    """The text that a reader sees, without code spans, in which nothing is read as a mention or a link."""
    return "\n".join(token.content for token in tokens(text) if token.type == "text")


def test_the_first_line_is_a_hidden_marker_that_stays_the_same(rich: Run) -> None:
    later = msgspec.structs.replace(rich, id="20270101T000000Z-ffffffff")
    first = Markdown().render(rich).splitlines()[0]
    assert first == marker(rich) == marker(later)
    assert re.fullmatch(r"<!-- sdlc-report [A-Za-z0-9_.-]* -->", first)


@given(st.text())
def test_a_name_cannot_end_the_marker(name: str) -> None:
    run = msgspec.structs.replace(runs.empty_run(), subject=Subject(name=name))
    inner = marker(run).removeprefix("<!-- ").removesuffix(" -->")
    assert "--" not in inner
    assert ">" not in inner


def test_the_verdict_comes_first(rich: Run) -> None:
    assert Markdown().render(rich).splitlines()[1].startswith("## ❌ FAIL: ")
    assert Markdown().render(runs.clean_run()).splitlines()[1].startswith("## ✅ PASS: `shop`")
    assert Markdown().render(runs.empty_run()).splitlines()[1].startswith("## ⚠️ INCONCLUSIVE: ")


@given(st.text(st.sampled_from("`|\\ \n<>@#a[](){}!*_~&;:/-\x00\u202e")))
def test_a_code_span_holds_any_text(text: str) -> None:
    kinds = [token.type for token in tokens(f"x {code(text)} y")]
    assert set(kinds) <= {"paragraph_open", "inline", "text", "code_inline", "paragraph_close"}
    assert kinds.count("code_inline") == bool(code(text))


@given(st.text(st.sampled_from("`|\\ \n<>@#a[](){}!*_~&;:/-\x00\u202e")))
def test_a_cell_holds_any_text(text: str) -> None:
    found = tokens(f"| a | b | c |\n|---|---|---|\n| x | {cell(text)} | y |\n")
    row = [token.content for token in found if token.type == "inline"][3:]
    assert (len(row), row[0], row[2]) == (3, "x", "y")
    assert not {token.type for token in found} & ACTIVE
    # GitHub reads a doubled backslash as one character, and then a pipe after it ends the cell.
    assert "|" not in re.sub(r"\\[\\|]", "", cell(text))


def test_hostile_texts_are_neither_markup_nor_links_nor_mentions(rich: Run) -> None:
    text = Markdown().render(rich)
    found = tokens(text)
    assert [token.content.strip() for token in found if token.type in ACTIVE and token.type != "heading_open"] == [marker(rich)]
    assert [token.tag for token in found if token.type == "heading_open"] == ["h2", "h3", "h3", "h3", "h3"]
    plain = outside_code(text)
    assert not re.search(r"[@#<>]|https?:|www\.|GH-\d|[0-9a-f]{7,}|\]\(|-->", plain)


def test_the_table_has_a_row_for_each_gate(rich: Run) -> None:
    found = tokens(Markdown().render(rich).partition("### Thresholds")[0])
    assert sum(token.type == "tr_open" for token in found) == 1 + len(rich.policy.required)
    assert sum(token.type == "td_open" for token in found) == 6 * len(rich.policy.required)


def test_each_threshold_on_a_measurement_says_what_was_measured(rich: Run) -> None:
    text = Markdown().render(rich).partition("### Thresholds")[2].partition("###")[0]
    assert sum(token.type == "tr_open" for token in tokens(text)) == 1 + len(rich.decision.outcomes) > 2
    assert all(cell(outcome.because) in text for outcome in rich.decision.outcomes)


def test_what_a_gate_remarks_is_shown() -> None:
    limits = "this engine has no rule for race conditions"
    answered = runs.completed("wapiti")
    noted = msgspec.structs.replace(answered, answer=msgspec.structs.replace(answered.answer, notes=(limits,) * 21))
    text = Markdown().render(runs.run(noted))
    assert text.count(f"- `wapiti`: `{limits}`") == 20
    assert "and 1 more note in the HTML report" in text


def test_many_reasons_are_counted_not_listed() -> None:
    found = [runs.finding(SourceLocation(path=f"a{number}.py", line=1)) for number in range(57)]
    text = Markdown().render(runs.run(runs.completed("bandit", *found)))
    assert text.count("- **high** at") == 20
    assert "and 37 more in the HTML report" in text
    unanswered = runs.completed("locust", coverage=(Coverage(what="requests", measured=1, expected=2),))
    text = Markdown().render(runs.run(runs.completed("bandit", *found), unanswered))
    assert "it measured 1 of 2 requests" in text
    assert "and 37 more in the HTML report" in text


def test_a_partial_run_says_so(rich: Run) -> None:
    assert Markdown().render(rich).count("> **Not a verdict over the whole release:**") == 3


def test_what_does_not_block_is_counted(rich: Run) -> None:
    text = Markdown().render(rich)
    assert "Not blocking: 7 findings (1 waived, 1 suppressed, 5 tolerated)." in text
    assert "The code asks in 1 place not to be judged" in text


@pytest.mark.parametrize("text", ["|" * 1000, "\u202e" * 1000, "`" * 1000, "a" * 1000, "\\|" * 500])
def test_the_worst_run_still_fits_into_a_comment(text: str) -> None:
    gates = [
        Errored(
            gate=f"{number}{text}",
            fault="timeout",
            reason=text,
            fix=text,
            answer=runs.completed(
                "x",
                *(runs.finding(SourceLocation(path=f"{n}{text}", line=1), message=text, fix=text) for n in range(3)),
                coverage=tuple(Coverage(what=text, measured=10**9, expected=10**10) for _ in range(9)),
            ).answer,
        )
        for number in range(60)
    ]
    run = msgspec.structs.replace(runs.run(*gates, partial=(text,) * 50), subject=Subject(name=text, commit=text), id=text)
    assert len(Markdown().render(run)) <= MAX_CHARACTERS


def test_a_comment_is_short_when_there_is_little_to_say() -> None:
    assert len(Markdown().render(runs.clean_run())) < 1000


def test_remarks_are_shown(rich: Run) -> None:
    assert "\n> `the routes could not be read`" in Markdown().render(rich)
