"""What the ZAP gate says when a real daemon dies, stops or answers wrongly in the middle of a scan."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sdlc_gates._dast.routes import Visit
from sdlc_gates._zap import api, scan

from sdlc import runner
from sdlc.model import Severity, Verdict
from sdlc.policy import Policy
from sdlc.process import MIB, Limits
from sdlc.target import TargetPlan
from sdlc.threshold import FindingLimit
from tests.faults import wrapper
from tests.faults.conftest import MakeBreakable
from tests.faults.matrix import CELLS, DAEMON_WORDS, OF_APIS, OF_DAEMONS, OF_PROJECTS, OF_TARGETS, Cell, Fault
from tests.faults.relay import BREAKS, relayed
from tests.faults.rig import Ended, Place, Quiet, ended, holds, misbehaving
from tests.tools.conftest import zap_home, zap_running

__all__ = ["zap_home"]

pytestmark = pytest.mark.tool
# The small API has weaknesses; here only whether the scan has an answer counts.
LENIENT = Policy(
    required=("zap",), thresholds=tuple(FindingLimit(severity=level, most=None, origin="test") for level in Severity)
)
TARGET_CELLS = [cell for cell in CELLS if cell.gate == "zap" and cell.fault in {fault.name for fault in OF_TARGETS}]
PROJECT_CELLS = [cell for cell in CELLS if cell.gate == "zap" and cell.fault in {fault.name for fault in OF_PROJECTS}]
SIGNALS = {"daemon-killed": signal.SIGKILL, "daemon-stopped": signal.SIGSTOP}
PARTS = ("ascan/view/status", "core/view/alerts")


class Striking(Quiet):
    """Sends a signal to the Java of the scan's own daemon when the scan says that it is in a phase."""

    def __init__(self, number: signal.Signals, phase: str, place: Place) -> None:
        self.number, self.phase, self.place, self.struck = number, phase, place, 0

    def said(self, gate: str, text: str) -> None:
        if not text.startswith(self.phase) or self.struck:
            return
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if "org.zaproxy.zap.ZAP" in words and str(self.place.runs) in " ".join(words):
                    process.send_signal(self.number)
                    self.struck += 1


@pytest.fixture(scope="module")
def running(zap_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a daemon for all tests that leave it alone; its key is in the environment."""
    with zap_running(zap_home, tmp_path_factory.mktemp("daemon"), 600) as url:
        yield url


def scanned(
    place: Place, make: MakeBreakable, observer: Striking | None = None, target: TargetPlan | None = None, **options: object
) -> Ended:
    gate = make("zap", **{"house_rules": "only", **options})
    done = ended(gate, place, target=target or place.app(), deadline=120, policy=LENIENT, observer=observer)
    print(done.verdict, done.fault, done.reasons, done.left)
    return done


def test_without_a_fault_the_scan_passes(running: str, place: Place, make: MakeBreakable) -> None:
    done = scanned(place, make, url=running)
    assert (done.verdict, done.reasons, done.left) == (Verdict.PASS, "", ())


@pytest.mark.parametrize("fault", OF_DAEMONS, ids=lambda fault: fault.name)
def test_a_daemon_that_is_struck_during_the_scan_is_no_pass(
    fault: Fault, zap_home: Path, place: Place, make: MakeBreakable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "REPLY_SECONDS", 5.0)
    monkeypatch.setattr(api, "HUNG_SECONDS", 0.2)
    observer = Striking(SIGNALS[fault.name], "active scan", place)
    done = scanned(place, make, observer, home=str(zap_home))
    assert observer.struck == 1
    assert done.verdict is Verdict.INCONCLUSIVE
    assert re.search(DAEMON_WORDS[fault.name], done.reasons)
    assert done.left == ()


@pytest.mark.parametrize("cell", TARGET_CELLS, ids=lambda cell: cell.fault)
def test_a_broken_target_is_no_pass(
    cell: Cell, running: str, place: Place, make: MakeBreakable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "REPLY_SECONDS", 5.0)
    monkeypatch.setattr(runner, "Limits", functools.partial(Limits, output=8 * MIB, grace=0.5))
    if cell.fault == "target-dies-after":
        known = scan.Scan.visits

        def visits_and_ends(self: scan.Scan) -> tuple[Visit, ...]:
            seen = known(self)
            wrapper.end_target(place.word)
            return seen

        monkeypatch.setattr(scan.Scan, "visits", visits_and_ends)
    holds(cell, scanned(place, make, target=misbehaving(cell.fault, place), url=running))


@pytest.mark.parametrize("cell", PROJECT_CELLS, ids=lambda cell: cell.fault)
def test_where_there_is_nothing_to_judge_or_to_judge_by_nothing_passes(
    cell: Cell, running: str, place: Place, make: MakeBreakable
) -> None:
    if cell.fault == "no-rules" and os.environ.get("SDLC_ZAP"):
        pytest.skip("the ZAP that SDLC_ZAP names has rules")
    given = {"house_rules": cell.fault != "no-rules" and "only", "mode": "api" if cell.fault == "no-description" else "full"}
    gate = make("zap", url=running, **given)
    target = None if cell.fault == "no-target" else place.app(openapi="")
    holds(cell, ended(gate, place, target=target, policy=LENIENT))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("fault", OF_APIS, ids=lambda fault: fault.name)
def test_a_daemon_that_answers_wrongly_is_no_pass(
    fault: Fault, part: str, running: str, place: Place, make: MakeBreakable
) -> None:
    with relayed(running, part, BREAKS[fault.name]) as address:
        done = scanned(place, make, url=address)
    assert done.verdict is Verdict.INCONCLUSIVE
    assert re.search(DAEMON_WORDS[fault.name], done.reasons)
    assert done.left == ()
