"""Real processes: how they end, and that nothing of them is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
import pytest

from sdlc import process
from sdlc.errors import Cancelled, GateError, LimitExceeded, ToolFailed, ToolMissing, ToolTimeout
from sdlc.process import MIB, Exit, Limits, Running, clean_environment, tail

Start = Callable[..., Running]
PATIENCE = 20.0
# Writes its id into the file named first, and goes on living.
LIVE = "import os, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()} '); time.sleep(60)"
SETSID = f"import os, sys; os.fork() or (os.setsid(), exec({LIVE!r})); import time; time.sleep(60)"
DAEMON = f"import os, sys; os.fork() or (os.setsid(), os.fork() and os._exit(0), exec({LIVE!r}))"

LEFT = f"import os, sys; os.fork() or (os.setsid(), exec({LIVE!r}))"


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts Python code with the file `pids` as its argument."""

    def start(code: str, *, env: Mapping[str, str] | None = None, seconds: float = 60, **limits: float) -> Running:
        return Running(
            [sys.executable, "-I", "-S", "-c", code, str(tmp_path / "pids")],
            cwd=tmp_path,
            env=env or {"PATH": os.defpath},
            stdout=tmp_path / "stdout",
            stderr=tmp_path / "stderr",
            limits=Limits(deadline=time.monotonic() + seconds, **limits),  # type: ignore[arg-type]  # counts of bytes
        )

    return start


def pids(place: Path, number: int = 1) -> list[int]:
    """The ids that processes have written, once there are so many."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        file = place / "pids"
        found = [int(word) for word in file.read_text().split()] if file.exists() else []
        if len(found) >= number:
            return found
        time.sleep(0.02)
    raise AssertionError("they did not start")


def gone(found: list[int]) -> bool:
    """Whether all have ended, or end soon."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in found):
            return True
        time.sleep(0.02)
    return False


def waited(running: Running) -> Exit:
    with running:
        return running.wait(threading.Event())


@pytest.mark.parametrize("code", [0, 1, 2, 137, 255])
def test_an_exit_code_is_told(code: int, start: Start) -> None:
    assert waited(start(f"import sys; sys.exit({code})")).code == code


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL, signal.SIGTERM])
def test_the_signal_that_ended_it_is_told(number: int, start: Start) -> None:
    assert waited(start(f"import os; os.kill(os.getpid(), {number})")).code == -number


def test_both_outputs_are_kept_as_they_were_written(start: Start, tmp_path: Path) -> None:
    waited(start("import os; os.write(1, b'out\\xff\\0'); os.write(2, b'err')"))
    assert (tmp_path / "stdout").read_bytes() == b"out\xff\0"
    assert (tmp_path / "stderr").read_bytes() == b"err"


def test_it_gets_nothing_to_read_and_no_descriptor_but_three(start: Start, tmp_path: Path) -> None:
    secret = os.open(tmp_path / "secret", os.O_RDWR | os.O_CREAT)
    os.set_inheritable(secret, True)
    try:
        waited(start("import os, sys; print(sys.stdin.read(), sorted(os.listdir('/proc/self/fd')))"))
    finally:
        os.close(secret)
    # The fourth is the listing itself.
    assert (tmp_path / "stdout").read_text() == " ['0', '1', '2', '3']\n"


def test_it_gets_exactly_the_environment_that_is_given(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    waited(start("import os, json; print(json.dumps(dict(os.environ)))", env={"ONLY": "this"}))
    told = json.loads((tmp_path / "stdout").read_text())
    assert {name: value for name, value in told.items() if name != "LC_CTYPE"} == {"ONLY": "this"}


def test_a_clean_environment_holds_nothing_of_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "PYTHONPATH", "PYTHONSTARTUP", "PIP_INDEX_URL", "LD_PRELOAD", "HTTPS_PROXY", "HOME"):
        monkeypatch.setenv(name, "theirs")
    made = clean_environment(tmp_path)
    assert "theirs" not in made.values()
    assert made["HOME"] == str(tmp_path)
    assert clean_environment(tmp_path, network=True)["HTTPS_PROXY"] == "theirs"
    assert clean_environment(tmp_path, {"X": "1"})["X"] == "1"


@pytest.mark.parametrize("path", ["", ".", "relative/bin", ":/usr/bin", "/usr/bin::"])
def test_a_clean_environment_finds_no_program_in_the_current_folder(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path)
    assert all(part.startswith("/") for part in clean_environment(tmp_path)["PATH"].split(os.pathsep))


@pytest.mark.parametrize(
    "argv",
    [["/nowhere/tool"], [""], ["a\0b"], ["/tmp"], ["/bin/true", "x" * 3_000_000]],
    ids=["absent", "empty", "NUL", "a folder", "too long"],
)
def test_what_can_not_be_started_is_missing(argv: list[str], tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(ToolMissing, match="could not be started"):
        Running(
            argv,
            cwd=tmp_path,
            env={},
            stdout=tmp_path / "o",
            stderr=tmp_path / "e",
            limits=Limits(deadline=time.monotonic() + 9),
        )
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="could not be started"):
        Running(
            ["/bin/true"],
            cwd=tmp_path / "nowhere",
            env={},
            stdout=tmp_path / "o",
            stderr=tmp_path / "e",
            limits=Limits(deadline=time.monotonic() + 9),
        )


STUBBORN = "import signal; [signal.signal(s, signal.SIG_IGN) for s in (1, 2, 15)]\n"


@pytest.mark.parametrize(
    ("code", "number"),
    [(LIVE, 1), (STUBBORN + LIVE, 1), (SETSID, 1), (f"import os, sys; os.fork()\n{LIVE}", 2)],
    ids=["polite", "ignores SIGTERM", "a grandchild with a session of its own", "a child"],
)
def test_at_its_deadline_it_ends_with_all_it_started(code: str, number: int, start: Start, tmp_path: Path) -> None:
    with start(code, seconds=60, grace=0.2) as running:
        living = pids(tmp_path, number)
        running.limits = Limits(deadline=time.monotonic())
        with pytest.raises(ToolTimeout, match="was killed at its deadline"):
            running.wait(threading.Event())
    assert gone(living)


def test_it_ends_with_the_block_whatever_happens_there(start: Start, tmp_path: Path) -> None:
    def interrupted() -> None:
        with start(LIVE):
            pids(tmp_path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert gone(pids(tmp_path))


def test_it_ends_when_it_is_cancelled(start: Start, tmp_path: Path) -> None:
    cancel = threading.Event()
    with start(LIVE) as running:
        living = pids(tmp_path)
        cancel.set()
        with pytest.raises(Cancelled):
            running.wait(cancel)
    assert gone(living)


def test_it_is_asked_politely_first(start: Start, tmp_path: Path) -> None:
    farewell = "import signal, sys\nsignal.signal(15, lambda *a: (print('bye', flush=True), sys.exit(7)))\n"
    with start(farewell + LIVE, grace=PATIENCE):
        pids(tmp_path)
    assert (tmp_path / "stdout").read_text() == "bye\n"


@pytest.mark.parametrize("code", [DAEMON, LEFT], ids=["a daemon", "a child with a session of its own"])
def test_who_leaves_processes_behind_has_failed_and_they_are_ended(code: str, start: Start, tmp_path: Path) -> None:
    with start(code) as running, pytest.raises(ToolFailed, match="left 1 processes running"):
        running.wait(threading.Event())
    assert gone(pids(tmp_path))


def test_memory_is_counted_over_all_it_started(start: Start, tmp_path: Path) -> None:
    eat = "import os, time\nos.fork()\nx = bytearray(60 << 20)\ntime.sleep(60)"
    with start(eat, memory=90 * MIB) as running, pytest.raises(LimitExceeded, match="MiB of memory; 90 MiB are allowed"):
        running.wait(threading.Event())


@pytest.mark.parametrize("stream", [1, 2])
@pytest.mark.parametrize("survives", [True, False], ids=["ignores the error", "is killed by it"])
def test_output_without_end_is_cut_at_the_limit(stream: int, survives: bool, start: Start, tmp_path: Path) -> None:
    ignore = "SIG_IGN" if survives else "SIG_DFL"
    flood = f"""
import os, signal
signal.signal(signal.SIGXFSZ, signal.{ignore})
for _ in range(1024):
    try: os.write({stream}, b"x" * (1 << 20))
    except OSError: pass
"""
    with start(flood, output=8 * MIB) as running, pytest.raises(LimitExceeded, match="wrote more than 8 MiB to std"):
        running.wait(threading.Event())
    assert (tmp_path / ("stdout" if stream == 1 else "stderr")).stat().st_size <= 8 * MIB


def test_a_disk_that_is_nearly_full_ends_it(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "FREE_DISK_BYTES", 1 << 60)
    with start(LIVE) as running, pytest.raises(LimitExceeded, match="the disk is nearly full"):
        running.wait(threading.Event())


def test_nothing_is_left_in_this_process(start: Start, tmp_path: Path) -> None:
    waited(start("pass"))
    before = (len(os.listdir("/proc/self/fd")), threading.active_count())
    for code in ("pass", "import sys; sys.exit(3)", "import os; os.kill(os.getpid(), 9)"):
        waited(start(code))
    with start(LIVE):
        pass
    with start(DAEMON) as running, pytest.raises(GateError):
        running.wait(threading.Event())
    assert (len(os.listdir("/proc/self/fd")), threading.active_count()) == before
    assert not [child for child in psutil.Process().children() if child.status() == psutil.STATUS_ZOMBIE]


ENGINE = f"""
import sys, threading, time
from pathlib import Path
from sdlc.process import Limits, Running
place = Path(sys.argv[1])
running = Running([sys.executable, "-c", {SETSID!r}, str(place / "pids")], cwd=place, env={{}}, stdout=place / "o",
    stderr=place / "e", limits=Limits(deadline=time.monotonic() + 60))
running.wait(threading.Event())
"""


def test_when_the_engine_is_killed_no_process_is_left(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ENGINE, str(tmp_path)]) as engine:
        living = pids(tmp_path)
        family = [child.pid for child in psutil.Process(engine.pid).children(recursive=True)]
        engine.kill()
    assert len(family) == 3
    assert gone([*living, *family])


@pytest.mark.parametrize(
    "code", [LIVE, STUBBORN + LIVE, SETSID], ids=["tool", "stubborn tool", "grandchild of its own session"]
)
def test_when_the_supervisor_is_killed_no_process_is_left(code: str, start: Start, tmp_path: Path) -> None:
    with start(code) as running:
        living = pids(tmp_path)
        time.sleep(2 * process.MEMORY_POLL_SECONDS)
        running.check()
        os.kill(running.pid, signal.SIGKILL)
        with pytest.raises(ToolFailed, match="was killed together with its supervisor"):
            running.wait(threading.Event())
    assert gone(living)


def test_a_supervisor_that_is_stopped_does_not_keep_it_alive(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)
    with start(LIVE, grace=0.1) as running:
        living = pids(tmp_path)
        os.kill(running.pid, signal.SIGSTOP)
    assert gone(living)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", ""),
        (b"one\n\n  \ntwo\n", "one\ntwo"),
        (b"\xff\xfe\n", "\ufffd\ufffd"),
        (b"1\n2\n3\n4\n5\n6\n7\n8\n", "3\n4\n5\n6\n7\n8"),
        (b"x" * 5000, "x" * 600),
        (b"y" * 5_000_000 + b"\nend", "y" * 596 + "\nend"),
    ],
)
def test_the_last_words_are_few(content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "stderr").write_bytes(content)
    assert tail(tmp_path / "stderr") == said


def test_the_last_words_of_a_program_that_broke_are_what_it_raised(tmp_path: Path) -> None:
    program = "try: 1 / 0\nexcept ZeroDivisionError as error: raise OSError('no route') from error"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", program], stdout=out, stderr=out, check=False)
    assert tail(tmp_path / "out") == "OSError: no route"
