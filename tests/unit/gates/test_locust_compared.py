"""Judging comparisons: pure, from runs that were really recorded, and what becomes of it when one of them is not whole."""

from __future__ import annotations

import json
import math
import random
from array import array
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sdlc_gates.load import bounds, compared, contrast
from sdlc_gates.load.comparison import CompareOptions, Comparison, Run, Side, complaint, order
from sdlc_gates.load.interleaved import shared
from sdlc_gates.load.plan import LoadOptions, PhaseOptions, plan
from sdlc_gates.load.records import Records, read
from sdlc_gates.load.requests import from_paths
from sdlc_gates.load.sample import Sample, Window

from sdlc.errors import ConfigError, OutputInvalid
from sdlc.model import Answer, Measurement, Verdict
from sdlc.target import Target
from sdlc.threshold import MeasurementLimit

RECORDED = Path(__file__).parents[2] / "data" / "load"
PAIRS = 6
LIMIT = MeasurementLimit(gate="g", metric="p50_slowdown", operator="<=", bound=0.1, unit="ratio", origin="test")


@pytest.fixture(scope="module")
def recorded() -> Records:
    return read(sorted(RECORDED.iterdir()))


def scaled(records: Records, factor: float) -> Records:
    """The same test of a target that takes so many times as long."""
    content = json.loads(msgspec.json.encode(records))
    for worker in content["workers"]:
        for line in worker["lines"]:
            for cell in line.get("cells", ()):
                cell["ok"] = {str(round(int(latency) * factor)): count for latency, count in cell["ok"].items()}
    return msgspec.json.decode(json.dumps(content), type=Records)


def comparison(told_apart: str = "") -> Comparison:
    words = {"base": "commit a", "candidate": "commit b", "told_apart": told_apart}
    return Comparison(format=1, pairs=PAIRS, seed=1, fresh=True, runs=(), **words)


def made_in_turn(records: Records, slower: float, noise: float = 0.01) -> list[compared.Test]:
    draw = random.Random(3)

    def run(pair: int, side: Side) -> compared.Test:
        factor = draw.gauss(slower if side == "candidate" else 1.0, noise)
        return Run(pair=pair, side=side, folder=f"{pair}-{side}", version=side), scaled(records, factor)

    return [run(pair, side) for pair, side in order(PAIRS, 1)]


def measured(answer: Answer, name: str, subject: str = "") -> Measurement:
    (one,) = (m for m in answer.measurements if m.name == name and m.subject == subject)
    return one


def missing(answer: Answer) -> set[str]:
    return {item.item for part in answer.coverage for item in part.missing}


@pytest.mark.parametrize(
    ("slower", "verdict"), [(1.0, Verdict.PASS), (1.05, Verdict.PASS), (1.2, Verdict.FAIL), (0.9, Verdict.PASS)]
)
def test_the_whole_interval_must_keep_the_limit(recorded: Records, slower: float, verdict: Verdict) -> None:
    answer = compared.judge(comparison(), made_in_turn(recorded, slower), (LIMIT,))
    assert all(part.measured == part.expected > 0 for part in answer.coverage), answer.coverage
    found = measured(answer, "p50_slowdown")
    assert LIMIT.judge(found) is verdict
    assert found.value == pytest.approx(slower - 1, abs=0.03)
    assert found.n == PAIRS
    assert measured(answer, "error_increase").value == 0


def test_what_is_undecided_says_how_many_more_pairs_would_tell(recorded: Records) -> None:
    answer = compared.judge(comparison(), made_in_turn(recorded, 1.07, noise=0.05), (LIMIT,))
    found = measured(answer, "p50_slowdown")
    assert LIMIT.judge(found) is Verdict.INCONCLUSIVE
    assert "more pairs would tell" in found.hint
    assert any("the pairs would show a difference of" in note for note in answer.notes)


def test_judging_again_gives_the_same_answer(recorded: Records) -> None:
    made = made_in_turn(recorded, 1.1)
    assert compared.judge(comparison(), made, (LIMIT,)) == compared.judge(comparison(), made, (LIMIT,))


def broken(made: list[compared.Test], number: int, change: Callable[[Records], Records]) -> list[compared.Test]:
    return [(run, change(records)) if at == number else (run, records) for at, (run, records) in enumerate(made)]


@pytest.mark.parametrize("number", [0, 1, 2 * PAIRS - 1])
@pytest.mark.parametrize("slower", [1.0, 1.5])
def test_one_run_of_either_side_that_is_not_valid_leaves_nothing_decided(recorded: Records, number: int, slower: float) -> None:
    lost = broken(
        made_in_turn(recorded, slower), number, lambda records: msgspec.structs.replace(records, workers=records.workers[:1])
    )
    answer = compared.judge(comparison(), lost, (LIMIT,))
    assert "worker-lost" in missing(answer)
    assert "1 runs" in missing(answer)
    assert all(LIMIT.judge(m) is Verdict.INCONCLUSIVE for m in answer.measurements if m.name == "p50_slowdown")


def test_a_run_that_is_missing_or_made_twice_leaves_nothing_decided(recorded: Records) -> None:
    made = made_in_turn(recorded, 1.0)
    for wrong in (made[:-1], made[1:], [*made, made[0]], [*made[:-1], made[0]], []):
        answer = compared.judge(comparison(), wrong, (LIMIT,))
        assert "runs-missing" in missing(answer)
        assert not [m for m in answer.measurements if m.name == "p50_slowdown" and LIMIT.judge(m) is not Verdict.INCONCLUSIVE]


def test_sides_that_answer_alike_are_not_told_apart(recorded: Records) -> None:
    made = made_in_turn(recorded, 1.0)
    assert "not-told-apart" not in missing(compared.judge(comparison("/version"), made))
    alike = [(msgspec.structs.replace(run, version="same"), records) for run, records in made]
    assert "not-told-apart" in missing(compared.judge(comparison("/version"), alike))
    changing = [(msgspec.structs.replace(run, version=run.folder), records) for run, records in made]
    assert "not-told-apart" in missing(compared.judge(comparison("/version"), changing))
    assert any("was not shown" in note for note in compared.judge(comparison(), made).notes)


def test_both_sides_must_have_been_asked_for_the_same(recorded: Records) -> None:
    def other(records: Records) -> Records:
        return msgspec.structs.replace(records, plan=msgspec.structs.replace(records.plan, wait=0.5))

    assert "plans-differ" in missing(compared.judge(comparison(), broken(made_in_turn(recorded, 1.0), 3, other)))


def test_a_side_on_which_too_much_fails_has_no_percentile_to_compare(recorded: Records) -> None:
    def failing(records: Records) -> Records:
        content = json.loads(msgspec.json.encode(records))
        for worker in content["workers"]:
            for line in worker["lines"]:
                for cell in line.get("cells", ()):
                    if cell["start"] % 2:
                        cell["ok"], cell["failed"] = {}, cell["ok"]
        return msgspec.json.decode(json.dumps(content), type=Records)

    made = [(run, failing(records) if run.side == "candidate" else records) for run, records in made_in_turn(recorded, 1.0)]
    answer = compared.judge(comparison(), made)
    assert not [m for m in answer.measurements if m.name == "p95_slowdown"]
    assert any("too many requests went wrong for a p95" in note for note in answer.notes)
    worse = measured(answer, "error_increase")
    assert worse.low is not None
    assert worse.low > 0.1


def test_pictures_show_each_pair_with_the_bounds_and_the_limit(recorded: Records) -> None:
    pairs, runs = compared.judge(comparison(), made_in_turn(recorded, 1.2), (LIMIT,)).pictures
    assert len(pairs.curves[0].points) == PAIRS
    assert pairs.levels[0].value == pytest.approx(10)
    assert pairs.levels[-1].low is not None
    assert {curve.name for curve in runs.curves} == {"base", "candidate"}


def test_pairs_that_would_not_show_a_slowdown_let_none_pass() -> None:
    def contrasted(*slower: float) -> Measurement:
        base = (100.0,) * len(slower)
        candidate = tuple(100 * (1 + share) for share in slower)
        item = contrast.Contrast(
            name="p50_slowdown", subject="", numbers=tuple(range(len(slower))), base=base, candidate=candidate
        )
        return item.measurement((LIMIT,))

    quiet = contrasted(0.01, -0.01, 0.02, -0.02, 0.0, 0.01, 0.0, -0.01)
    assert LIMIT.judge(quiet) is Verdict.PASS
    noisy = contrasted(0.15, -0.15, 0.05, -0.25, 0.0, -0.1, 0.02, -0.02)
    assert noisy.value < 0
    assert noisy.high == math.inf
    assert LIMIT.judge(noisy) is Verdict.INCONCLUSIVE
    assert "more pairs would tell" in noisy.hint
    # What is faster by more than the noise is not slower.
    assert LIMIT.judge(contrasted(-0.4, -0.6, -0.5, -0.3, -0.55, -0.45, -0.5, -0.6)) is Verdict.PASS
    assert LIMIT.judge(contrasted(0.4, 0.9, 0.5, 0.3, 0.55, 0.45, 0.5, 0.8)) is Verdict.FAIL


def failing(bad: int, n: int) -> Sample:
    return Sample("", [Window(ok=array("q", [1000] * (n - bad)), bad=bad)], 10)


def test_an_increase_of_errors_lies_between_the_ends_of_both_sides_bounds() -> None:
    alike = contrast.errors("", [contrast.Pair(number, failing(5, 100), failing(5, 100)) for number in range(6)])
    below, above = bounds.share(30, 600)
    assert (alike.value, alike.low, alike.high) == (0, below - above, above - below)
    # What comes in one run of six is worth less than what comes in all of them.
    burst = [contrast.Pair(n, failing(0, 100), failing(30 if n == 3 else 0, 100)) for n in range(6)]
    worse = contrast.errors("", burst)
    assert worse.value == pytest.approx(0.05)
    assert worse.low is not None
    assert worse.low < below


def test_a_percentile_that_a_run_has_too_few_requests_for_is_not_compared(recorded: Records) -> None:
    answer = compared.judge(comparison(), made_in_turn(recorded, 1.0))
    assert {m.name for m in answer.measurements if not m.subject} == set(contrast.NAMES) - {"p99_slowdown"}
    assert any("p99_slowdown of all together is not measured: it takes 299 requests" in note for note in answer.notes)


def test_a_loss_of_throughput_is_a_share_of_the_bases() -> None:
    item = contrast.Contrast(name=contrast.LOSS, subject="", numbers=tuple(range(5)), base=(100.0,) * 5, candidate=(80.0,) * 5)
    assert item.measurement().value == pytest.approx(0.2)
    assert item.difference(0.2) == pytest.approx(item.differences[0])
    assert item.difference(1.0) == math.inf


def test_only_what_both_builds_can_be_asked_for_is_compared() -> None:
    document = {"openapi": "3.0.0", "paths": {"/old": {"get": {}}, "/gone": {"get": {}}}}
    base = Target(url="http://127.0.0.1:1", ready="/", openapi=document)
    asked = msgspec.structs.replace(plan(LoadOptions()), requests=from_paths(("/old", "/new")))
    kept, left_out = shared(asked, base)
    assert [request.subject for request in kept.requests] == ["GET /old"]
    assert [item.item for item in left_out] == ["GET /new"]
    assert shared(asked, Target(url="http://127.0.0.1:1", ready="/")) == (asked, ())
    with pytest.raises(OutputInvalid, match="no operation in common"):
        shared(msgspec.structs.replace(asked, requests=from_paths(("/new",))), base)


def test_each_side_goes_first_equally_often() -> None:
    turns = list(order(10, 7))
    assert [pair for pair, _ in turns] == [number for pair in range(1, 11) for number in (pair, pair)]
    assert sum(side == "base" for _, side in turns[::2]) == 5
    assert turns == list(order(10, 7)) != list(order(10, 8))
    assert all({turns[n][1], turns[n + 1][1]} == {"base", "candidate"} for n in range(0, 20, 2))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "name a base"),
        ({"base": "main", "url": "http://127.0.0.1"}, "url is the address"),
        ({"base": "--output=/etc/x"}, "not a revision"),
        ({"base": "main", "told_apart": "version"}, "begins with a slash"),
        ({"base": "main", "pairs": 4}, "pairs = 4"),
        ({"base": "main", "pairs": 5}, ""),
    ],
)
def test_options_that_make_no_comparison_are_refused(options: dict[str, object], words: str) -> None:
    made = msgspec.convert(options, CompareOptions)
    assert words in complaint(made)
    assert bool(words) == bool(complaint(made))
    if words:
        with pytest.raises(ConfigError, match="compare"):
            plan(LoadOptions(compare=made))
    with pytest.raises(ConfigError):
        plan(LoadOptions(compare=CompareOptions(base="main"), phases=(PhaseOptions(kind="steady"),)))
