from __future__ import annotations

import json

import msgspec
from sdlc_reports.json import Json

from sdlc.run import FORMAT, Run
from tests.unit.reports import runs


def test_it_is_the_run_itself() -> None:
    run = runs.all_errored_run()
    assert msgspec.json.decode(Json().render(run), type=Run) == run


def test_its_first_key_says_which_format_it_is() -> None:
    content = json.loads(Json().render(runs.clean_run()))
    assert next(iter(content.items())) == ("format", FORMAT)


def test_a_name_that_is_not_utf_8_does_not_stop_it(rich: Run) -> None:
    content = Json().render(rich)
    read = msgspec.json.decode(content, type=Run)
    assert read.decision.verdict is rich.decision.verdict
    assert len(read.decision.rulings) == len(rich.decision.rulings)


def test_a_long_text_is_whole_here(rich: Run) -> None:
    assert "A" * 1_000_000 in Json().render(rich)
