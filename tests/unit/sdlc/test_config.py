"""From a configuration and a command line to a plan."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from sdlc import config
from sdlc.document import Document
from sdlc.errors import ConfigError
from sdlc.model import Severity, Stage, Verdict
from sdlc.plan import Plan
from sdlc.policy import decide
from sdlc.rulebook import Request
from sdlc.threshold import FindingLimit, MeasurementLimit

Write = Callable[..., Document]
pytestmark = pytest.mark.usefixtures("kinds")
TWO = "[gates.lint]\n[gates.load]\n"


def planned(document: Document, judge: Document | None = None, **request: Any) -> Plan:
    return config.plan(document, document.path.parent, Request(**request), judge)


def ids(plan: Plan) -> list[str]:
    return [step.gate.id for step in plan.steps]


WRONG: dict[str, tuple[str, str]] = {
    "an unknown gate": ("[gates.lnt]", ":1: there is no gate 'lnt' (did you mean 'lint'?)"),
    "an unknown kind": ('[gates.mine]\nuses = "lod"', ":1: there is no gate 'lod' (did you mean 'load'?)"),
    "an unknown key of a gate": ("[gates.lint]\n\nwrd = 1", ":3: unknown key 'wrd' in gates.lint (did you mean 'word'?)"),
    "a wrong value of a gate's own key": ("[gates.lint]\nword = 3", ":2: gates.lint.word: Expected 'str', got 'int'"),
    "an unknown word in a gate's own key": ('[gates.lint]\nlevel = "hgh"', "unknown value 'hgh' (did you mean 'high'?)"),
    "what only the gate can tell": ('[gates.lint]\nlevel = "low"\nword = ""', ":3: gates.lint: word must not be empty in"),
    "an unknown stage": ('[gates.lint]\nstages = ["pr", "comit"]', ":2: gates.lint.stages.1: unknown value 'comit'"),
    "a gate's name that leaves its folder": ('[gates."../../x"]\nuses = "lint"', ":1: '../../x' can't be a gate's name"),
    "a gate's name with a slash": ('[gates."lint/canary"]\nuses = "lint"', "can't be a gate's name"),
    "a gate's name that is hidden": ('[gates.".x"]\nuses = "lint"', "can't be a gate's name"),
    "an empty gate's name": ('[gates.""]\nuses = "lint"', "'' can't be a gate's name"),
    "a need that is no gate": ('[gates.lint]\nneeds = ["lod"]\n[gates.load]', ":2: needs 'lod', which is no gate (did you"),
    "a need of itself": ('[gates.lint]\nneeds = ["lint"]', ":2: lint needs itself"),
    "a circle of needs": (
        '[gates.lint]\nneeds = ["load"]\n[gates.load]\nneeds = ["lint"]',
        ":2: lint needs itself, by way of load",
    ),
    "a deadline without a unit": ('[gates.lint]\ndeadline = "10"', ":2: '10' is not an amount; write one like 10 ms, 10 s"),
    "no time at all": ('[gates.lint]\ndeadline = "0 s"', ":2: deadline must be more than nothing"),
    "memory in another unit": ('[gates.lint]\nmemory = "2 GB"', ":2: '2 GB' is not an amount"),
    "a target that is nowhere": ("[target]", ":1: target needs either `run` or `url`"),
    "a target that is twice": ('[target]\nrun = "a"\nurl = "http://b"', ":1: target needs either `run` or `url`"),
    "a command that is not closed": ('[target]\nrun = "a \'b"', ":2: run can't be taken apart: No closing quotation"),
    "a command of blanks": ('[target]\nrun = " "', ":2: run names no command"),
    "a command with a NUL": ('[target]\nrun = ["a", "\\u0000"]', ":2: run names no command"),
    "an address without a scheme": ('[target]\nurl = "127.0.0.1:80"', "is not the address of a web application"),
    "an address of a file": ('[target]\nurl = "file:///etc/passwd"', "is not the address of a web application"),
    "an address without a host": ('[target]\nurl = "http:///x"', "is not the address of a web application"),
    "a readiness path that is another host": ('[target]\nrun = "a"\nready = "@example.org/"', ":3: ready must be a path that"),
    "no time to get ready": ('[target]\nrun = "a"\nready_within = "0 s"', ":3: ready_within must be more than nothing"),
}


@pytest.mark.parametrize(("text", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused(text: str, words: str, write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        planned(write(text))
    assert words in str(caught.value)


def test_a_gate_of_another_name_says_which_kind_it_is(write: Write) -> None:
    plan = planned(write('[gates.strict]\nuses = "lint"\nword = "X"\n[gates.lint]\n'))
    assert [(step.gate.id, step.gate.kind) for step in plan.steps] == [("strict", "lint"), ("lint", "lint")]
    assert plan.policy.required == ("strict", "lint")


@pytest.mark.parametrize(
    ("request_", "chosen", "left_out"),
    [
        ({}, ["lint", "load"], ()),
        ({"stage": Stage.PR}, ["lint"], ("gates of other stages did not run: load",)),
        ({"gates": ("load",)}, ["load"], ("only asked for: load",)),
        ({"gates": ("load",), "stage": Stage.COMMIT}, ["load"], ("only asked for: load",)),
        ({"gates": ("load", "lint", "load")}, ["load", "lint"], ()),
    ],
)
def test_a_stage_or_a_name_chooses_gates(
    request_: dict[str, Any], chosen: list[str], left_out: tuple[str, ...], write: Write
) -> None:
    plan = planned(write(TWO), **request_)
    assert ids(plan) == list(plan.policy.required) == chosen
    assert plan.left_out == left_out


def test_a_stage_that_is_configured_replaces_the_usual_ones(write: Write) -> None:
    text = '[gates.lint]\nstages = []\n[gates.load]\nstages = ["commit"]\n'
    assert ids(planned(write(text))) == []
    assert ids(planned(write(text), stage=Stage.COMMIT)) == ["load"]


def test_a_name_on_the_command_line_must_be_configured(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"--gate lnt: .* has no \[gates\.lnt\] \(did you mean 'lint'\?\)"):
        planned(write(TWO), gates=("lnt",))


def test_what_judges_lies_beside_the_configuration(write: Write) -> None:
    document = write("[gates.lint]")
    folder = document.path.parent
    assert config.plan(document, folder, Request()).beside is None
    (folder / "project").mkdir()
    for root in (folder.parent, folder / "project"):
        assert config.plan(document, root, Request()).beside == folder.resolve()


def test_needs_and_limits_reach_the_step(write: Write) -> None:
    text = '[gates.lint]\ndeadline = "2 min"\nmemory = "1 GiB"\n[gates.load]\nneeds = ["lint"]\n'
    first, second = planned(write(text)).steps
    assert (first.deadline, first.memory, second.needs) == (120, 1 << 30, ("lint",))
    assert (second.deadline, second.memory) == (second.gate.deadline, second.gate.memory)


def test_a_need_of_another_stage_is_not_waited_for(write: Write) -> None:
    (only,) = planned(write('[gates.lint]\nneeds = ["load"]\n[gates.load]\n'), stage=Stage.COMMIT).steps
    assert only.needs == ()


def test_no_gate_at_all_makes_a_plan_that_is_inconclusive(write: Write) -> None:
    plan = planned(write(""))
    assert plan.steps == ()
    assert decide((), plan.policy, datetime.datetime.now(datetime.UTC)).verdict is Verdict.INCONCLUSIVE


def test_an_address_on_the_command_line_replaces_the_command(write: Write) -> None:
    document = write('[target]\nrun = "serve {port}"\nopenapi = "/o"\n' + TWO)
    mine, theirs = planned(document).target, planned(document, target="http://127.0.0.1:9/").target
    assert mine is not None
    assert theirs is not None
    assert (mine.run, mine.url) == (("serve", "{port}"), "")
    assert (theirs.run, theirs.url, theirs.openapi) == ((), "http://127.0.0.1:9", "/o")
    alone = planned(write(TWO), target="http://h").target
    assert alone is not None
    assert alone.url == "http://h"


def findings_of(plan: Plan, gate: str = "") -> dict[str, tuple[int | None, str]]:
    limits = [limit for limit in plan.policy.thresholds if isinstance(limit, FindingLimit) and limit.gate == gate]
    return {limit.severity.value: (limit.most, limit.origin) for limit in limits}


def test_every_limit_on_findings_says_where_it_was_set(write: Write) -> None:
    text = '[policy]\ntolerate = "medium"\n[policy.max]\nhigh = 2\n[gates.lint]\nmax = { low = 0 }\ntolerate = "info"\n'
    plan = planned(write(text))
    assert findings_of(plan) == {
        "info": (None, "sdlc.toml:2"),
        "low": (None, "sdlc.toml:2"),
        "medium": (None, "sdlc.toml:2"),
        "high": (2, "sdlc.toml:4"),
        "critical": (0, "sdlc.toml:2"),
    }
    assert findings_of(plan, "lint") == {
        "info": (None, "sdlc.toml:7"),
        "low": (0, "sdlc.toml:6"),
        "medium": (0, "sdlc.toml:7"),
        "high": (0, "sdlc.toml:7"),
        "critical": (0, "sdlc.toml:7"),
    }


def test_by_default_low_is_tolerated_and_a_word_on_the_command_line_rules_all(write: Write) -> None:
    usual = findings_of(planned(write("[gates.lint]")))
    assert usual["low"] == (None, "default")
    assert usual["medium"] == (0, "default")
    document = write('[policy]\nmax = { high = 9 }\n[gates.lint]\ntolerate = "critical"\n')
    asked = planned(document, tolerate=Severity.INFO)
    assert findings_of(asked) == {
        severity.value: (None if severity is Severity.INFO else 0, "command line") for severity in Severity
    }
    assert findings_of(asked, "lint") == {}


def measured_of(plan: Plan) -> list[tuple[str, str, str]]:
    limits = [limit for limit in plan.policy.thresholds if isinstance(limit, MeasurementLimit)]
    return [(limit.gate, limit.text, limit.origin) for limit in limits]


def test_every_threshold_says_where_it_was_set(write: Write) -> None:
    text = '[policy]\nthresholds = ["error_rate <= 0.1 %"]\n[gates.load]\nthresholds = [\n "p95(GET /) < 0.3 s",\n]\n'
    plan = planned(write(text), thresholds=("p95 <= 1 s",))
    assert measured_of(plan) == [
        ("load", "error_rate <= 0.1 %", "sdlc.toml:2"),
        ("load", "p95(GET /) < 300 ms", "sdlc.toml:5"),
        ("load", "p95 <= 1000 ms", "command line"),
    ]


def test_a_threshold_holds_for_each_gate_that_measures_it(write: Write) -> None:
    text = '[policy]\nthresholds = ["p95 <= 1 s"]\n[gates.load]\n[gates.more]\nuses = "load"\n'
    assert [gate for gate, *_ in measured_of(planned(write(text)))] == ["load", "more"]


def test_a_threshold_of_a_gate_of_another_stage_waits_for_it(write: Write) -> None:
    document = write('[policy]\nthresholds = ["p95 <= 1 s"]\n' + TWO)
    assert measured_of(planned(document, stage=Stage.COMMIT)) == []
