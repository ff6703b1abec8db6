"""Stands in the place of a tool and breaks it: at once, or by running the real tool and damaging what it answers.

Standard library only. The file that runs it names the fault, the real program and a folder to leave word in.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

REPORTS = ("--output", "--output-file", "--report-ndjson-path", "--report-json-path")
FOREVER = 3600
CHUNK = b"x" * (1 << 20)


@dataclass(frozen=True)
class Broken:
    """One call of a tool that something is wrong with."""

    real: str
    word: Path
    """A folder outside of everything that the run may touch."""
    argv: tuple[str, ...]

    def reports(self) -> list[Path]:
        """The files that the tool was told to write its answer to."""
        named = [Path(self.argv[n + 1]) for n, part in enumerate(self.argv[:-1]) if part in REPORTS]
        records = os.environ.get("SDLC_LOAD_RECORDS")
        return named + (sorted(Path(records).glob("*worker*.ndjson*")) if records else [])

    def answer(self) -> int:
        """Run the real tool; its exit code."""
        return subprocess.run([self.real, *self.argv], check=False).returncode


def silent(call: Broken) -> int:
    return 0


def says_one(call: Broken) -> int:
    print("something went wrong here", file=sys.stderr)
    return 1


def says_two(call: Broken) -> int:
    print("something went wrong here", file=sys.stderr)
    return 2


def shell_killed(call: Broken) -> int:
    """The exit code of a shell whose child was killed."""
    return 137


def shell_crashed(call: Broken) -> int:
    return 139


def killed(call: Broken) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def crashed_after_answering(call: Broken) -> int:
    call.answer()
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def empty(call: Broken) -> int:
    for file in call.reports():
        file.write_bytes(b"")
    return 0


def half(call: Broken) -> int:
    code = call.answer()
    for file in call.reports():
        content = file.read_bytes()
        file.write_bytes(content[: len(content) // 2])
    return code


def foreign(call: Broken) -> int:
    """Another tool's answer, as it really wrote it."""
    for file in call.reports():
        file.write_bytes((call.word / "foreign").read_bytes())
    return 0


def hangs(call: Broken) -> int:
    time.sleep(FOREVER)
    return 0


def deaf(call: Broken) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    return hangs(call)


def floods(call: Broken) -> int:
    while True:
        os.write(2, CHUNK)


def fills(call: Broken) -> int:
    """File by file, since no single one may grow large."""
    for number in range(1000):
        with contextlib.suppress(OSError), (Path(os.environ["TMPDIR"]) / f"filling-{number}").open("wb") as file:
            for _ in range(4):
                file.write(CHUNK)
    return hangs(call)


def leaves_a_child(call: Broken) -> int:
    """A daemon: in a session of its own, its parent gone, deaf to signals that ask."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            (call.word / "daemon").write_text(str(os.getpid()))
            sys.exit(deaf(call))
        os._exit(0)
    while not (call.word / "daemon").exists():
        time.sleep(0.01)
    return 0


def ends_its_target(call: Broken) -> int:
    """The target dies after it was tested, before anybody looks again."""
    code = call.answer()
    end_target(call.word)
    return code


def end_target(word: Path) -> None:
    """Ask the application that left its address in the folder `word` to end at once."""
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open((word / "url").read_text() + "/die", timeout=10).close()


FAULTS: dict[str, Callable[[Broken], int]] = {
    "silent": silent,
    "empty": empty,
    "half": half,
    "foreign": foreign,
    "exit-1": says_one,
    "exit-2": says_two,
    "exit-137": shell_killed,
    "exit-139": shell_crashed,
    "killed": killed,
    "crashed-after-answering": crashed_after_answering,
    "hangs": hangs,
    "deaf": deaf,
    "floods": floods,
    "fills-disk": fills,
    "daemon": leaves_a_child,
    "ends-target": ends_its_target,
}
SCRIPT = """#!{python} -I
import sys
sys.path.insert(0, {here!r})
import wrapper
from pathlib import Path
call = wrapper.Broken({real!r}, Path({word!r}), tuple(sys.argv[1:]))
sys.exit(wrapper.FAULTS[{fault!r}](call))
"""


def written(fault: str, real: Path, place: Path, word: Path, name: str) -> Path:
    """An executable in the folder `place` that has the fault."""
    script = place / name
    here = str(Path(__file__).parent)
    script.write_text(SCRIPT.format(python=sys.executable, here=here, real=str(real), word=str(word), fault=fault))
    script.chmod(0o755)
    return script
