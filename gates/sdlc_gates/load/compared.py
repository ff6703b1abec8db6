"""From the files of a comparison's runs to the gate's answer: a pure function."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.model import Answer, Coverage, Measurement, Missing
from sdlc.threshold import MeasurementLimit
from sdlc_gates.load import records, validity
from sdlc_gates.load.comparison import FILE, FORMAT, Comparison, Run
from sdlc_gates.load.contrast import Contrast, Pair, contrasts, errors
from sdlc_gates.load.judge import MODELS, covered
from sdlc_gates.load.pairs_pictures import pictures
from sdlc_gates.load.records import Records, Remark, decoded
from sdlc_gates.load.sample import Sample
from sdlc_gates.load.steady import steady

MOST_NAMES = 50
SHOWN = 20

Test = tuple[Run, Records]


def read(folder: Path) -> tuple[Comparison, list[Test]]:
    """A comparison and its runs, from the files in a folder; raises `OutputInvalid` when they are none."""
    comparison = decoded((folder / FILE).read_bytes(), Comparison, FILE)
    if comparison.format != FORMAT or any(Path(run.folder).name != run.folder for run in comparison.runs):
        raise OutputInvalid(f"{FILE} is not one that this version can read")
    return comparison, [(run, records.read(sorted((folder / run.folder).iterdir()))) for run in comparison.runs]


def judge(
    comparison: Comparison,
    tests: Sequence[Test],
    thresholds: Sequence[MeasurementLimit] = (),
    excluded: tuple[Missing, ...] = (),
) -> Answer:
    """By how much the candidate is worse, with bounds; coverage that blocks unless every run of both sides is valid."""
    coverage = (_comparable(comparison, tests), *_coverage(comparison, tests, excluded))
    named = _pairs(comparison, tests)
    found = [item for subject, pairs in named.items() for item in _found(subject, pairs, thresholds)]
    whole = all(part.measured == part.expected > 0 for part in coverage)
    measured = [item for item in found if isinstance(item, Measurement)]
    quantities = [item for item in found if isinstance(item, Contrast)]
    measured = measured if whole else list(map(_doubted, measured))
    return Answer(
        measurements=tuple(measured),
        coverage=coverage,
        pictures=tuple(pictures(quantities, thresholds, measured)),
        notes=(*_notes(comparison, tests, found, thresholds), *_left_out(tests, named)),
    )


def _doubted(measurement: Measurement) -> Measurement:
    """One in which a run had no answer: the truth may be anything."""
    return msgspec.structs.replace(measurement, low=-1.0, high=math.inf, hint="")


def _found(
    subject: str, pairs: Sequence[Pair], thresholds: Sequence[MeasurementLimit]
) -> Iterator[Contrast | Measurement | str]:
    for item in contrasts(subject, pairs):
        yield item
        if isinstance(item, Contrast):
            yield item.measurement([t for t in thresholds if (t.metric, t.subject) == (item.name, item.subject)])
    yield errors(subject, pairs)


def _pairs(comparison: Comparison, tests: Sequence[Test]) -> dict[str, list[Pair]]:
    """By name of requests, all together first: the pairs of runs in which both sides made some; names in all of them only."""
    samples: defaultdict[str, dict[tuple[int, str], Sample]] = defaultdict(dict)
    for run, left in tests:
        phase = steady(left)
        for sample in phase.samples() if phase else ():
            if sample.n:
                samples[sample.subject][run.pair, run.side] = sample
    numbers = range(1, comparison.pairs + 1)
    return {
        subject: [Pair(number, found[number, "base"], found[number, "candidate"]) for number in numbers]
        for subject, found in sorted(samples.items())[: MOST_NAMES + 1]
        if len(found) == 2 * comparison.pairs and {number for number, _ in found} == set(numbers)
    }


def _comparable(comparison: Comparison, tests: Sequence[Test]) -> Coverage:
    """Whether the runs can be set against each other at all."""
    whole = {(number, side) for number in range(1, comparison.pairs + 1) for side in ("base", "candidate")}
    made = [(run.pair, run.side) for run, _ in tests]
    checks = (
        ("runs-missing", [] if sorted(made) == sorted(whole) else [f"{len(set(made) & whole)} of {len(whole)} runs were made"]),
        ("not-told-apart", list(_mixed_up(comparison, tests))),
        ("plans-differ", list(_plans(tests))),
    )
    missing = tuple(Missing(item=code, reason="; ".join(reasons)) for code, reasons in checks if reasons)
    return Coverage(what="checks of the comparison", measured=len(checks) - len(missing), expected=len(checks), missing=missing)


def _mixed_up(comparison: Comparison, tests: Sequence[Test]) -> Iterator[str]:
    if not comparison.told_apart:
        return
    versions = {side: {run.version for run, _ in tests if run.side == side} for side in ("base", "candidate")}
    if versions["base"] & versions["candidate"]:
        yield f"base and candidate gave the same answer at {comparison.told_apart}: they may be the same build"
    yield from (
        f"the {side} gave different answers at {comparison.told_apart}"
        for side, answers in versions.items()
        if len(answers) > 1
    )


def _plans(tests: Sequence[Test]) -> Iterator[str]:
    """Both sides must have been asked for the same; only their addresses may differ."""
    plans = {msgspec.json.encode(msgspec.structs.replace(left.plan, host="")) for _, left in tests}
    if len(plans) > 1:
        yield f"the runs were made after {len(plans)} different plans"


def _coverage(comparison: Comparison, tests: Sequence[Test], excluded: tuple[Missing, ...]) -> Iterator[Coverage]:
    """What each run covered, added up; what it did not names the run."""
    added: dict[str, Coverage] = {}
    valid = 0
    for run, left in tests:
        phase = steady(left)
        parts = (validity.checks(left, phase), *(covered(left, phase) if phase else ()))
        valid += phase is not None and all(part.measured == part.expected for part in parts)
        for part in parts:
            added[part.what] = _sum(added.get(part.what), part, f"pair {run.pair}, {run.side}")
    expected = 2 * comparison.pairs
    broken = () if valid == expected else (Missing(item=f"{expected - valid} runs", reason="see the checks"),)
    yield Coverage(what="runs", measured=min(valid, expected), expected=expected, missing=broken)
    for part in added.values():
        yield msgspec.structs.replace(part, excluded=excluded) if part.what == "routes" else part


def _sum(before: Coverage | None, part: Coverage, where: str) -> Coverage:
    named = tuple(Missing(item=item.item, reason=f"{where}: {item.reason}") for item in part.missing)
    if before is None:
        return msgspec.structs.replace(part, missing=named)
    return Coverage(
        what=part.what,
        measured=before.measured + part.measured,
        expected=before.expected + part.expected,
        missing=(*before.missing, *named),
    )


def _left_out(tests: Sequence[Test], named: Mapping[str, object]) -> Iterator[str]:
    """Names of requests that are not compared on their own."""
    phases = [phase for _, left in tests if (phase := steady(left))]
    names = {cell.name for phase in phases for cell in phase.cells()}
    if out := sorted(names - named.keys()):
        listed = ", ".join(out[:SHOWN])
        yield f"compared in the whole only, for too many or not asked for in every run: {listed} ({len(out)} names)"


def _notes(
    comparison: Comparison, tests: Sequence[Test], found: Iterable[object], thresholds: Sequence[MeasurementLimit]
) -> Iterator[str]:
    yield f"base: {comparison.base}; candidate: {comparison.candidate}; order drawn with seed {comparison.seed}"
    wanted = {(limit.metric, limit.subject) for limit in thresholds}
    contrasted = [item for item in found if isinstance(item, Contrast)]
    shown = [item for item in contrasted if (item.name, item.subject) in wanted]
    for item in shown or [item for item in contrasted if not item.subject]:
        base, candidate = item.medians
        unit = "/s" if item.name == "throughput_loss" else " ms"
        yield (
            f"{item.name} of {item.subject or 'all together'}: base {base:.4g}{unit}, candidate {candidate:.4g}{unit} "
            f"(medians of {len(item.numbers)} runs); the pairs would show {item.told}"
        )
    if not comparison.told_apart:
        yield "that the base runs its own code was not shown: name a path that tells the builds apart in compare.told_apart"
    if not comparison.fresh:
        yield "a side that ran already was not started anew for each run: what differs from start to start is in no bound"
    yield from {MODELS[left.plan.model]: None for _, left in tests}
    yield from {line.text: None for _, left in tests for line in left.events if isinstance(line, Remark)}
    yield from [item for item in found if isinstance(item, str)][:SHOWN]
