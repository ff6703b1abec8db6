"""Fuzzes the parsers of all gates, guided by coverage, for a bounded time: `python benchmarks/fuzz.py [SECONDS] [PARSER...]`.

Needs atheris, which is no dependency of this project: `uv pip install atheris` into an environment of your own. The corpus
is the tools' real output below tests/data. Each parser gets SECONDS (20 by default) in a process of its own; what it must
not do is raise anything but a `GateError`, take a minute, or give a PASS for what isn't an empty list of alerts.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = "20"
STUCK_SECONDS = 60
MEMORY_MIB = 2048
sys.path.insert(0, str(ROOT))


def fuzz(name: str, seconds: str) -> None:
    """Fuzz one parser in this process, which ends with it."""
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]  # installed by who runs this

    with atheris.instrument_imports(include=["sdlc", "sdlc_gates"]):
        from sdlc.model import Verdict
        from tests.unit.gates.parsers import PARSERS, verdict
    parser = PARSERS[name]

    def once(content: bytes) -> None:
        reached, _ = verdict(parser, content)
        whole = parser.last_words and parser.last_words in content
        if reached is Verdict.PASS and not parser.empties and not whole:
            raise AssertionError(f"{name}: a pass for {content[:200]!r}")

    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "recorded").write_bytes(parser.recorded.read_bytes())
        limits = [
            f"-max_total_time={seconds}",
            f"-timeout={STUCK_SECONDS}",
            f"-rss_limit_mb={MEMORY_MIB}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={tempfile.gettempdir()}/", corpus], once)
        atheris.Fuzz()


def main() -> int:
    """Fuzz each parser in turn; the number of those that something was found in."""
    seconds, *names = sys.argv[1:] or [SECONDS]
    from tests.unit.gates.parsers import PARSERS

    failed = 0
    for name in names or sorted(PARSERS):
        done = subprocess.run(
            [sys.executable, __file__, "--one", name, seconds], capture_output=True, text=True, check=False, cwd=ROOT
        )
        figures = [line for line in done.stderr.splitlines() if "number_of_executed_units" in line or "peak_rss" in line]
        print(f"{name}: {'well' if done.returncode == 0 else 'FOUND SOMETHING'}; {'; '.join(figures)}", flush=True)
        if done.returncode:
            failed += 1
            print(done.stdout[-2000:], done.stderr[-3000:], sep="\n", flush=True)
    return failed


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], sys.argv[3])
    else:
        sys.exit(main())
