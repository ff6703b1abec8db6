"""What a run says when the machine below it, or its own configuration, changes in the middle. With the installed command."""

from __future__ import annotations

import datetime
import json
import os
import shlex
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates import pip_audit
from sdlc_gates.load import plan as load_plan

from sdlc import pipeline
from sdlc.gate import Tool
from sdlc.model import Verdict
from sdlc.policy import Policy, Waiver
from tests.faults.conftest import DATA, MakeBreakable
from tests.faults.matrix import MACHINE_WORDS, OF_MACHINES
from tests.faults.rig import Place, ended

pytestmark = pytest.mark.tool
COMMAND = Path(sys.executable).with_name("sdlc")
FAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
needs_faketime = pytest.mark.skipif(FAKETIME is None, reason="needs libfaketime (Debian: apt-get install faketime)")
HOLE = "import subprocess\n\n\ndef go(x):\n    subprocess.call('ls ' + x, shell=True)\n"
CLEAN = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}, "results": []}]}
Sdlc = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sdlc(place: Place, tmp_path: Path) -> Sdlc:
    """Runs the command in the project to its end."""
    (place.root / "clean.sarif").write_text(json.dumps(CLEAN))

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), **variables}
        return subprocess.run(
            [COMMAND, *arguments], cwd=place.root, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    return run


def configured(place: Place, text: str, during: str = "true") -> None:
    """The project's configuration, with a first gate that does something to the machine."""
    command = json.dumps(["/bin/sh", "-c", f"{during}; cat {{project}}/clean.sarif"])
    first = f'[policy]\nprove = false\n[gates.first]\nuses = "sarif"\ncommand = {command}\n'
    (place.root / "sdlc.toml").write_text(first + text)


@pytest.fixture
def small_disk(place: Place) -> Iterator[Path]:
    """Where runs are kept is a file system of its own."""
    kept = place.root / ".sdlc"
    kept.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(kept)], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a file system can't be mounted here")
    yield kept
    subprocess.run(["umount", str(kept)], check=True)


def test_a_run_directory_that_can_not_be_written_is_no_verdict(place: Place, sdlc: Sdlc, small_disk: Path) -> None:
    configured(place, "[gates.bandit]\n")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    done = sdlc("run")
    assert done.returncode == 2
    assert MACHINE_WORDS["read-only"] in done.stderr


@pytest.fixture
def closable(place: Place) -> Iterator[str]:
    """A command that lets nobody, the superuser included, add anything to the run directories there are."""
    tried = subprocess.run(["chattr", "+i", str(place.word)], capture_output=True, check=False)
    subprocess.run(["chattr", "-i", str(place.word)], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no file can be made immutable here")
    runs = place.root / ".sdlc" / "runs"
    yield f"chattr +i {shlex.quote(str(runs))}/*"
    subprocess.run(["chattr", "-R", "-i", str(runs)], check=True)


def test_a_run_directory_that_becomes_read_only_is_no_verdict(place: Place, sdlc: Sdlc, closable: str) -> None:
    configured(place, '[gates.bandit]\nneeds = ["first"]\n', closable)
    done = sdlc("run")
    assert done.returncode == 3
    assert MACHINE_WORDS["read-only-later"] in done.stderr
    assert sdlc("decide").returncode == 3


def test_two_runs_at_once_answer_alike_and_each_from_its_own_evidence(place: Place, sdlc: Sdlc, tmp_path: Path) -> None:
    configured(place, "[gates.bandit]\n[gates.pip-audit]\nadvisories = 'advisories'\nmax_age = '100000 d'\n", "sleep 1")
    (place.root / "a.py").write_text(HOLE)
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    both = [
        subprocess.Popen(
            [COMMAND, "run", "--json"], cwd=place.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    told = [json.loads(process.communicate(timeout=120)[0]) for process in both]
    assert [process.returncode for process in both] == [1, 1]
    first, second = (found(run) for run in told)
    assert first == second
    assert any("B602" in line for line in first)
    ids = [run["id"] for run in told]
    for own, other in (ids, ids[::-1]):
        stored = (place.root / ".sdlc" / "runs" / own / "run.json").read_text()
        assert own in stored
        assert other not in stored
        assert sdlc("decide", own).returncode == 1
    assert not list((place.root / ".sdlc" / "runs").glob("*/scratch"))


def found(run: Mapping[str, Any]) -> list[str]:
    """What stands in the way, as text."""
    return sorted(json.dumps(reason, sort_keys=True) for reason in run["decision"]["reasons"])


def clock(place: Place) -> tuple[dict[str, str], Path]:
    """Variables that give a process another time of day, and the file that sets it."""
    setting = place.word / "clock"
    setting.write_text("+0\n")
    variables = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(setting)}
    return variables | {"FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}, setting


@pytest.fixture
def leap(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the engine's and its gates' clock by so many days, as soon as the run has begun."""

    def leap(days: int) -> None:
        class Leaping(datetime.datetime):
            begun = False

            @classmethod
            def now(cls, tz: datetime.tzinfo | None = None) -> Any:
                moment = datetime.datetime.now(tz) + cls.begun * datetime.timedelta(days=days)
                cls.begun = True
                return moment

        shim = types.SimpleNamespace(**{**vars(datetime), "datetime": Leaping})
        for module in (pipeline, pip_audit):
            monkeypatch.setattr(module, "datetime", shim)

    return leap


@pytest.mark.parametrize(
    ("days", "left", "verdict"), [(-10, -5, Verdict.FAIL), (3650, 0, Verdict.PASS)], ids=["back", "forward"]
)
def test_a_clock_that_is_set_changes_no_waiver(
    days: int, left: int, verdict: Verdict, place: Place, make: MakeBreakable, leap: Callable[[int], None]
) -> None:
    (place.root / "a.py").write_text(HOLE)
    today = datetime.datetime.now(datetime.UTC).date()
    waivers = tuple(
        Waiver(id=rule, reason="r", approved_by="a", expires=today + datetime.timedelta(days=left), rule=rule, path="a.py")
        for rule in ("B602", "B404")
    )
    leap(days)
    done = ended(make("bandit"), place, policy=Policy(required=("bandit",), waivers=waivers))
    assert (done.verdict, done.left) == (verdict, ())


def test_a_clock_that_is_set_back_makes_no_database_young(
    place: Place, make: MakeBreakable, leap: Callable[[int], None]
) -> None:
    texts = [file.read_text() for file in (DATA / "pip-audit" / "advisories").rglob("*.json")]
    newest = max(datetime.datetime.fromisoformat(json.loads(text)["modified"]) for text in texts)
    days = (datetime.datetime.now(datetime.UTC) - newest).days
    leap(-10)
    done = ended(make("pip-audit", max_age=f"{days - 5} d"), place)
    assert done.verdict is Verdict.INCONCLUSIVE
    assert "days old; at most" in done.reasons


@needs_faketime
def test_a_clock_that_leaps_during_a_load_test_makes_it_invalid(
    place: Place, make: MakeBreakable, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables, setting = clock(place)
    monkeypatch.setattr(load_plan, "START_MARGIN", 1.0)
    monkeypatch.setattr(load_plan, "RAMP_MARGIN", 1.0)
    gate = make("locust", duration="4 s")
    tool = gate.probe()
    script = place.word / "locust"
    said = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    script.write_text(f'#!/bin/sh\n(sleep 3; echo +2 > {setting}) &\nexec env {said} {tool.path} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setattr(gate, "probe", lambda: Tool(name=tool.name, version=tool.version, path=script))
    done = ended(gate, place, target=place.app())
    assert MACHINE_WORDS["clock-forward"] in done.reasons
    assert done.left == ()


@pytest.mark.parametrize("text", ["", "[project]\nname = 'p'\n", "[gates]\n"])
def test_a_configuration_without_gates_passes_nothing(text: str, place: Place, sdlc: Sdlc) -> None:
    (place.root / "sdlc.toml").write_text(text)
    done = sdlc("run")
    assert done.returncode == 3
    assert MACHINE_WORDS["config-empty"] in done.stdout


def test_a_configuration_that_is_emptied_during_the_run_changes_nothing(place: Place, sdlc: Sdlc) -> None:
    (place.root / "a.py").write_text(HOLE)
    configured(place, '[gates.bandit]\nneeds = ["first"]\n', f": > {shlex.quote(str(place.root / 'sdlc.toml'))}")
    done = sdlc("run")
    assert (place.root / "sdlc.toml").read_text() == ""
    assert done.returncode == 1
    assert "B602" in done.stdout


def test_every_word_is_about_a_fault_of_the_table() -> None:
    assert MACHINE_WORDS.keys() <= {fault.name for fault in OF_MACHINES}
