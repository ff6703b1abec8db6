"""Real gates on really hostile repositories: nothing is hidden, nothing of theirs is run, nothing is left."""

from __future__ import annotations

import re

import pytest
from rich.text import Text

from sdlc import inventory, registry
from sdlc.cli.console import plain
from sdlc.errors import ConfigError
from sdlc.model import Completed, Verdict
from sdlc.target import TargetPlan
from tests.faults.conftest import MakeBreakable
from tests.faults.rig import Ended, Place, ended
from tests.hostile.attacks import FOUND, HARMLESS, NAMED, RAN, Attack, write
from tests.hostile.running import LOADED, PRAISES_ERRORS, USERS, users
from tests.hostile.table import ATTACKS, TARGETED

pytestmark = pytest.mark.tool
CASES = [
    pytest.param(
        attack,
        gate,
        id=f"{attack.name}-{gate}",
        marks=[pytest.mark.xfail(reason=attack.open)] if attack.open else [],
    )
    for attack in ATTACKS
    for gate in attack.gates
]
HOLES = ("B602", "shell", "slow", "X1")


@pytest.mark.parametrize(("attack", "gate"), CASES)
def test_an_attack_hides_nothing_and_runs_nothing(attack: Attack, gate: str, place: Place, make: MakeBreakable) -> None:
    attack.plant(place)
    if gate == "semgrep":
        (place.root / "rules.yaml").replace(place.word / "rules.yaml")
    rules = [str(place.word / "rules.yaml")]
    usual: dict[str, object] = {"config": rules} if gate == "semgrep" else {}
    made = make(gate, **{**usual, **attack.options.get(gate, {})})
    target: TargetPlan | None = place.app(attack.mode, openapi=attack.openapi) if gate in TARGETED else None
    done = ended(made, place, target=target, deadline=attack.seconds)
    print(attack.name, gate, done.verdict, done.fault, done.reasons[:2000], done.left)
    assert not (place.word / RAN).exists()
    assert done.left == ()
    assert done.fault != "gate-bug"
    judged(attack, gate, done)
    rendered(done)


def test_beside_a_configuration_of_a_protected_branch_lies_the_load_test_that_counts(place: Place, make: MakeBreakable) -> None:
    users(before=PRAISES_ERRORS)(place)
    write(place.word / "users.py", USERS.format(body="pass", before=""))
    done = ended(make("locust", **LOADED), place, target=place.app("errors"), beside=place.word)
    assert "all-failed" in done.reasons
    assert done.verdict is not Verdict.PASS
    assert done.left == ()


def test_a_tree_of_more_files_than_anybody_has_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "MAX_FILES", 20)
    for number in range(20):
        (place.root / f"f{number}.dat").touch()
    with pytest.raises(ConfigError, match="holds more than 20 files"):
        inventory.take(place.root)


def judged(attack: Attack, gate: str, done: Ended) -> None:
    """What the table says of the attack is so."""
    assert re.search(attack.words, done.reasons, re.DOTALL)
    if attack.outcome == FOUND:
        result = done.run.results[0]
        assert isinstance(result, Completed)
        holes = {finding.location for finding in result.answer.findings if finding.rule.id in HOLES}
        named = {item.item for coverage in result.answer.coverage for item in coverage.missing}
        assert holes
        assert len(holes) + len(named) >= attack.holes
        assert done.verdict is Verdict.FAIL
    elif attack.outcome == NAMED:
        assert done.verdict is Verdict.INCONCLUSIVE
    else:
        assert attack.outcome == HARMLESS
        assert done.verdict is Verdict.PASS


def rendered(done: Ended) -> None:
    """Every report can be written, and carries no markup or escape sequence of the repository's."""
    for kind in registry.reports().values():
        text = kind().render(done.run)
        assert "\x1b" not in text
        assert "<script>alert" not in text or kind.kind in ("json", "sarif", "markdown")
        text.encode("utf-8")
    shown = Text("\n".join(plain(reason.text) + plain(reason.where) for reason in done.run.decision.reasons))
    assert "\x1b" not in shown.plain
