"""What every registered report must do, whoever wrote it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sdlc.registry import reports
from sdlc.report import Report
from sdlc.run import Run
from tests.unit.reports import runs

MAKERS = [runs.rich_run, runs.clean_run, runs.empty_run, runs.all_errored_run]
ROOT = Path(__file__).parents[2]


def documented() -> type[Report]:
    """The report that docs/reports.md shows how to write."""
    (source,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "reports.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, type[Report]] = {}
    exec(source, names)
    return names["Lines"]


KINDS = (*reports().values(), documented())
every_report = pytest.mark.parametrize("kind", KINDS, ids=[kind.kind for kind in KINDS])
every_run = pytest.mark.parametrize("make", MAKERS)
DIGESTS = """
import hashlib
from sdlc.registry import reports
from tests.unit.reports.runs import rich_run
for name, kind in sorted(reports().items()):
    print(name, hashlib.sha256(kind().render(rich_run()).encode()).hexdigest())
"""


@every_report
@every_run
def test_it_renders_the_same_text_each_time(kind: type[Report], make: Callable[[], Run]) -> None:
    assert kind().render(make()) == kind().render(make())


def test_no_report_depends_on_the_order_of_hashes() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0].splitlines()) == len(reports())


@every_report
@every_run
def test_it_is_text_that_can_be_written_and_names_the_verdict(kind: type[Report], make: Callable[[], Run]) -> None:
    run = make()
    text = kind().render(run)
    assert run.decision.verdict.value in text
    text.encode()


@every_report
def test_it_holds_no_control_characters(kind: type[Report], rich_text: Callable[[type[Report]], str]) -> None:
    text = rich_text(kind)
    assert not [character for character in set(text) if ord(character) < 0x20 and character != "\n"]
    assert "\x7f" not in text


@every_report
def test_it_says_that_a_partial_run_is_partial(kind: type[Report], rich_text: Callable[[type[Report]], str]) -> None:
    assert "only changed files were judged" in rich_text(kind)


@every_report
def test_it_names_the_gate_that_could_not_answer(kind: type[Report]) -> None:
    text = kind().render(runs.all_errored_run())
    for gate in ("bandit", "semgrep", "pip-audit"):
        assert f"{gate} went wrong" in text


@every_report
def test_it_has_a_name_a_summary_and_a_file_of_its_own(kind: type[Report]) -> None:
    assert kind.summary
    assert Path(kind.filename).name == kind.filename
    assert [other.filename for other in KINDS].count(kind.filename) == 1


@pytest.fixture(scope="module")
def rich_text() -> Callable[[type[Report]], str]:
    texts: dict[type[Report], str] = {}

    def render(kind: type[Report]) -> str:
        if kind not in texts:
            texts[kind] = kind().render(runs.rich_run())
        return texts[kind]

    return render
