"""What a configuration may not ask for, and a policy that comes from another file than the plan."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest

from sdlc import config
from sdlc.document import Document
from sdlc.errors import ConfigError
from sdlc.gate import Gate
from sdlc.model import Answer, Completed, Coverage, Stage, Verdict
from sdlc.plan import Plan
from sdlc.policy import CoverageFloor, Policy, Suppressions, decide
from sdlc.rulebook import Request
from sdlc.threshold import MeasurementLimit

Write = Callable[..., Document]
pytestmark = pytest.mark.usefixtures("kinds")
NOW = datetime.datetime(2026, 5, 10, tzinfo=datetime.UTC)
WAIVER = '[[waivers]]\nid = "w"\nreason = "r"\napproved_by = "a"\nexpires = 2027-01-31\n'
TWO = "[gates.lint]\n[gates.load]\n"


def policy(document: Document, stage: Stage = Stage.RELEASE) -> Policy:
    return config.plan(document, document.path.parent, Request(stage=stage)).policy


WRONG: dict[str, tuple[str, str]] = {
    "a metric that nobody measures": (
        '[policy]\nthresholds = [\n"p95 <= 1 s",\n"p96 <= 1 s"]\n[gates.load]',
        ":4: 'p96 <= 1 s': no configured gate measures 'p96' (did you mean 'p95'?)",
    ),
    "a metric where nobody measures": (
        '[policy]\nthresholds = ["p95 <= 1 s"]\n[gates.lint]',
        ":2: 'p95 <= 1 s': no configured gate measures anything",
    ),
    "a metric of another gate": (
        '[gates.load]\n[gates.lint]\nthresholds = ["p95 <= 1 s"]',
        ":3: 'p95 <= 1 s': no configured gate measures anything",
    ),
    "a subject of what has none": (
        '[policy]\nthresholds = ["error_rate(GET /) <= 1 %"]\n[gates.load]',
        ":2: 'error_rate(GET /) <= 1 %': error_rate is measured for all together, not for 'GET /'",
    ),
    "another unit": ('[policy]\nthresholds = ["p95 <= 1 %"]\n[gates.load]', ":2: '1 %' is not an amount; write one like 10 us"),
    "no sentence": ('[policy]\nthresholds = ["p95 300 ms"]\n[gates.load]', ":2: 'p95 300 ms' is not a threshold"),
    "a negative count": ("[policy.max]\nhigh = -1", ":2: max.high must not be negative"),
    "a gate's negative count": ("[gates.lint.max]\nlow = 1\nhigh = -1", ":3: max.high must not be negative"),
    "no coverage": ('[policy]\nmin_coverage = "0 %"\n[gates.lint]', ":2: min_coverage must be more than nothing"),
    "more than all": ('[gates.lint]\nmin_coverage = "101 %"', ":2: min_coverage must lie above 0 % and not above 100 %"),
    "coverage of another unit": ('[policy]\nmin_coverage = "9 ms"\n[gates.lint]', ":2: '9 ms' is not an amount"),
    "a waiver for nothing": (WAIVER, ":1: a waiver names either a fingerprint, or a rule and a path"),
    "a waiver for a rule everywhere": (WAIVER + 'rule = "r"', ":1: a waiver names either"),
    "a waiver for two things": (WAIVER + 'fingerprint = "f"\nrule = "r"\npath = "p"', ":1: a waiver names either"),
    "a waiver for every path": (WAIVER + 'rule = "r"\npath = "**/*"', ":1: a waiver for every path ('**/*')"),
    "a waiver without a reason": (WAIVER.replace('"r"', '" "') + 'fingerprint = "f"', ":1: a waiver needs an id, a reason"),
    "a waiver that nobody approved": (WAIVER.replace('"a"', '""') + 'fingerprint = "f"', ":1: a waiver needs an id, a reason"),
    "two waivers of one name": (
        f'{WAIVER}fingerprint = "f"\n{WAIVER}fingerprint = "g"',
        ":7: two waivers are called 'w'",
    ),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_with_its_line(text: str, words: str, write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        policy(write(text))
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["p96 <= 1 s", "p95", "error_rate(GET /) <= 1 %"])
def test_a_wrong_threshold_on_the_command_line_is_refused(text: str, write: Write) -> None:
    document = write(TWO)
    with pytest.raises(ConfigError, match=r"^--threshold: '"):
        config.plan(document, document.path.parent, Request(thresholds=(text,)))


def test_floors_say_where_they_were_set(write: Write) -> None:
    assert policy(write(TWO)).floors == (
        CoverageFloor(gate="lint", ratio=1, origin="default"),
        CoverageFloor(gate="load", ratio=1, origin="default"),
    )
    text = '[policy]\nmin_coverage = "90 %"\n[gates.load]\nmin_coverage = "57 %"\n[gates.lint]\n'
    assert policy(write(text)).floors == (
        CoverageFloor(gate="load", ratio=0.57, origin="sdlc.toml:4"),
        CoverageFloor(gate="lint", ratio=0.9, origin="sdlc.toml:2"),
    )


@pytest.mark.parametrize(
    ("stage", "text", "prove"),
    [
        (Stage.RELEASE, "", True),
        (Stage.PR, "", False),
        (Stage.RELEASE, "[policy]\nprove = false", False),
        (Stage.COMMIT, "[policy]\nprove = true", True),
    ],
)
def test_canaries_are_planted_at_release_unless_it_is_said(stage: Stage, text: str, prove: bool, write: Write) -> None:
    assert policy(write(text), stage).prove is prove


def test_comments_in_the_code_need_a_waiver_unless_it_is_said(write: Write) -> None:
    assert policy(write("")).suppressions is Suppressions.WAIVER
    assert policy(write('[policy]\nsuppressions = "honour"')).suppressions is Suppressions.HONOUR


def judged(write: Write, theirs: str, ours: str, stage: Stage = Stage.RELEASE) -> Plan:
    judge = write(ours, "judge.toml")
    return config.plan(write(theirs), judge.path.parent, Request(stage=stage), judge)


def clean(plan: Plan) -> Verdict:
    """The verdict when every gate of the plan found nothing."""
    all_of_it = Answer(coverage=(Coverage(what="files", measured=1, expected=1),))
    results = [Completed(gate=step.gate.id, answer=all_of_it) for step in plan.steps]
    return decide(results, plan.policy, NOW).verdict


HARSH = (
    '[policy]\nprove = false\ntolerate = "info"\nmax = { low = 1 }\n[gates.lint]\n[gates.load]\nthresholds = ["p95 <= 1 s"]\n'
)
MILD = (
    '[policy]\ntolerate = "critical"\nmin_coverage = "1 %"\nsuppressions = "honour"\n[gates.lint]\n[gates.load]\n'
    + WAIVER
    + 'fingerprint = "f"\n'
)


def test_a_judge_brings_every_rule_of_the_policy(write: Write) -> None:
    assert judged(write, MILD, HARSH).policy == policy(write(HARSH, "judge.toml"))


def test_a_gate_that_the_plan_left_out_is_required_by_the_judge(write: Write) -> None:
    plan = judged(write, "[gates.lint]\n", "[policy]\nprove = false\n" + TWO)
    assert plan.policy.required == ("lint", "load")
    assert clean(plan) is Verdict.INCONCLUSIVE


def test_a_gate_that_the_plan_moved_to_another_stage_is_required_by_the_judge(write: Write) -> None:
    plan = judged(write, '[gates.lint]\nstages = ["commit"]\n[gates.load]\n', "[policy]\nprove = false\n[gates.lint]\n")
    assert plan.policy.required == ("load", "lint")
    assert clean(plan) is Verdict.INCONCLUSIVE


def test_a_gate_of_another_stage_is_not_required(write: Write) -> None:
    plan = judged(write, "[gates.lint]\n", "[policy]\nprove = false\n" + TWO, stage=Stage.PR)
    assert plan.policy.required == ("lint",)
    assert clean(plan) is Verdict.PASS


def test_a_gate_of_another_kind_can_not_stand_in_for_the_one_that_the_judge_knows(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"judge\.toml:1: \[gates\.load\] is of kind 'load' here; what ran is 'lint'"):
        judged(write, '[gates.load]\nuses = "lint"\n', "[gates.load]\n")


def test_a_threshold_of_the_judge_for_a_gate_that_did_not_run_is_not_forgotten(write: Write) -> None:
    plan = judged(write, "[gates.lint]\n", HARSH)
    assert [limit.gate for limit in plan.policy.thresholds if isinstance(limit, MeasurementLimit)] == ["load"]


def test_a_policy_for_the_gates_of_a_stored_run_requires_them_too(write: Write, kinds: dict[str, type[Gate]]) -> None:
    rules = config.policy(write("[gates.lint]\n"), [("mine", kinds["load"])], Request())
    assert rules.required == ("mine", "lint")
