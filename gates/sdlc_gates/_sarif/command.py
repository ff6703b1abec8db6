"""The command that writes SARIF: its program, its version, and its arguments with the placeholders filled."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sdlc.errors import ConfigError, GateError, ToolFailed, ToolMissing
from sdlc.gate import Tool
from sdlc.inventory import batches
from sdlc.process import MIB, Limits, Running, clean_environment, tail
from sdlc.registry import nearest

OUTPUT = "{output}"
FILES = "{files}"
PLACEHOLDERS = ("{root}", "{project}", "{scratch}", OUTPUT, FILES)
VERSION_SECONDS = 60
VERSION_BYTES = 1 * MIB
MAX_VERSION = 80
_BRACES = re.compile(r"(?<![{$])\{[a-z_]+\}(?!\})")
"""Not what templates of other languages are written with: `{{x}}`, `${x}`."""
_NUMBER = re.compile(r"\d+(?:\.\d+)+[\w.+-]*")


def checked(command: Sequence[str], key: str) -> None:
    """Raise `ConfigError` for a command without a program, and for a placeholder that there isn't."""
    if not command or not command[0].strip():
        raise ConfigError(f"{key} needs a program and its arguments, such as ['gitleaks', 'detect']")
    for word in command:
        for found in _BRACES.findall(word):
            if found not in PLACEHOLDERS:
                raise ConfigError(f"{key} has the placeholder {found}, which isn't one{nearest(found, PLACEHOLDERS)}")
        if FILES in word and word != FILES:
            raise ConfigError(f"{key}: {FILES} stands for many arguments, so it must be one of its own, not {word!r}")


def program(name: str) -> Path:
    """The program: in this environment, or on the caller's PATH; raises `ToolMissing` when it is neither.

    One that is called by a path is that file and no other; a relative path is left for the project to complete.
    """
    if os.sep in name:
        return Path(name)
    # A relative entry of PATH would be looked for in whatever folder this runs in, such as a stranger's project.
    entries = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), *entries]))
    if found is None:
        raise ToolMissing(
            f"{name} is neither beside sdlc nor on PATH", fix=f"install {name}, or write its full path in command"
        )
    return Path(found)


def placed(path: Path, project: Path) -> Path:
    """The program's file, with a relative path taken from the project; raises `ToolMissing` when it isn't there."""
    full = path if path.is_absolute() else project / path
    if not os.access(full, os.X_OK) or full.is_dir():
        raise ToolMissing(f"{full} is not a program that can be run", fix="correct the path in command")
    return full


@functools.cache
def version(argv: tuple[str, ...], network: bool) -> str:
    """What the program, asked with `argv`, says its version is; raises `ToolFailed` when it says none."""
    with tempfile.TemporaryDirectory(prefix="sdlc-version-") as folder:
        place = Path(folder)
        outputs = {"stdout": place / "stdout", "stderr": place / "stderr"}
        limits = Limits(deadline=time.monotonic() + VERSION_SECONDS, output=VERSION_BYTES)
        environment = clean_environment(place / "home", network=network)
        with Running(argv, cwd=place, env=environment, limits=limits, **outputs) as process:
            ended = process.wait(threading.Event())
        said = tail(outputs["stdout"]) or tail(outputs["stderr"])
    if ended.code:
        raise ToolFailed(f"asked for its version, {argv[0]} ended with exit code {ended.code}: {said}")
    if found := _NUMBER.search(said):
        return found.group()[:MAX_VERSION]
    if not said:
        raise ToolFailed(f"asked for its version with {' '.join(argv)}, it said nothing")
    return said.splitlines()[0].strip()[:MAX_VERSION]


def found(command: Sequence[str], asked: Sequence[str], network: bool) -> Tool:
    """The tool; raises `ToolMissing` when it, or an answer to the question for its version, can't be had."""
    path = program(command[0])
    if path.is_absolute():
        placed(path, path.parent)
    asking = program(asked[0]) if asked else Path()
    if not asking.is_absolute():
        return Tool(name=path.name, version="", path=path)
    try:
        said = version((str(asking), *asked[1:]), network)
    except ToolMissing:
        raise
    except GateError as error:
        raise ToolMissing(str(error), fix="correct `version`, the command that prints the tool's version") from error
    return Tool(name=path.name, version=said, path=path)


def arguments(
    command: Sequence[str], values: Mapping[str, str], files: Sequence[Path]
) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """For each time that the command must run (once, or for `{files}` as often as it takes): its report and its arguments.

    `values` are those of the placeholders; the report lies in the folder of `{scratch}`.
    """
    for number, batch in enumerate(batches(files) if FILES in command else [()]):
        output = Path(values["{scratch}"]) / f"report-{number}.sarif"
        known = {**values, OUTPUT: str(output)}
        # Names of files come last, for a file may be called like a placeholder.
        filled = [[_filled(word, known)] if word != FILES else list(batch) for word in command[1:]]
        yield output, tuple(word for words in filled for word in words)


def _filled(word: str, values: Mapping[str, str]) -> str:
    return _BRACES.sub(lambda match: values.get(match.group(), match.group()), word)
