"""Fuzzes the parsers of all gates, guided by coverage, for a bounded time: `python benchmarks/fuzz.py [SECONDS] [PARSER...]`.

Needs atheris, which is no dependency of this project: `uv pip install atheris` into an environment of your own. The corpus
is the tools' real output below tests/data, and what taught something once, below tests/data/fuzz. Half of the mutations
change the bytes, half a value somewhere in the JSON, so that the parsers are reached behind the decoder. Each parser gets
SECONDS (20 by default) in a process of its own; what it must not do is raise anything but a `GateError`, take a minute, or
give a PASS for what isn't an empty list of alerts. What was found and when is in benchmarks/fuzz.md.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SECONDS = "20"
STUCK_SECONDS = 60
MEMORY_MIB = 2048
FIGURES = ("stat::number_of_executed_units", "stat::peak_rss")
TAUGHT = ROOT / "tests" / "data" / "fuzz"
ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, 1e308, [], {}, ""),
    *(
        "http://[::1",
        "//[",
        "../../etc/passwd",
        "\0",
        "\u202e<script>",
        "a" * 5000,
        "%ff%00",
        "9" * 5000,
        "1970-01-01T00:00:00Z",
    ),
)
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

    def mutate(content: bytes, size: int, seed: int) -> bytes:
        draw = random.Random(seed)
        changed = changed_json(content, parser.data, draw) if draw.random() < 0.5 else b""
        return changed if 0 < len(changed) <= size else atheris.Mutate(content, size)

    with tempfile.TemporaryDirectory() as corpus:
        (Path(corpus) / "recorded").write_bytes(parser.recorded.read_bytes())
        for file in sorted((TAUGHT / name).glob("*")):
            (Path(corpus) / file.name).write_bytes(file.read_bytes())
        limits = [
            f"-max_total_time={seconds}",
            f"-timeout={STUCK_SECONDS}",
            f"-rss_limit_mb={MEMORY_MIB}",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={tempfile.gettempdir()}/", corpus], once, custom_mutator=mutate)
        atheris.Fuzz()


def changed_json(content: bytes, data: frozenset[str], draw: random.Random) -> bytes:
    """The JSON, or one of the lines of JSON, with one value dropped, doubled or replaced; nothing where there is none.

    Lists and what lies below a key in `data` get no shorter: with a finding less it is another report, not a broken one.
    """
    lines = content.splitlines() if content.count(b"\n{") else [content]
    number = draw.randrange(len(lines)) if lines else 0
    try:
        document = json.loads(lines[number])
        holder, key, kept = draw.choice(list(places(document, data)))
    except (ValueError, IndexError, RecursionError):
        return b""
    choice = draw.random()
    if choice < 0.2 and not kept:
        del holder[key]
    elif choice < 0.3 and isinstance(holder, list):
        holder.insert(key, holder[key])
    else:
        holder[key] = draw.choice([odd for odd in ODD if not (isinstance(odd, list | dict) and type(odd) is type(holder[key]))])
    lines[number] = json.dumps(document).encode()
    return b"\n".join(lines)


def places(node: Any, data: frozenset[str], inside: bool = False) -> Iterator[tuple[Any, Any, bool]]:
    """Each object or list with each of its keys, and whether what is there has to stay."""
    for key in list(node) if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield node, key, inside or isinstance(node, list)
        yield from places(node[key], data, key in data)


def main() -> int:
    """Fuzz each parser in turn; the number of those that something was found in."""
    seconds, *names = sys.argv[1:] or [SECONDS]
    from tests.unit.gates.parsers import PARSERS

    failed = 0
    for name in names or sorted(PARSERS):
        done = subprocess.run(
            [sys.executable, __file__, "--one", name, seconds], capture_output=True, text=True, check=False, cwd=ROOT
        )
        figures = [line for line in done.stderr.splitlines() if line.startswith(FIGURES)]
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
