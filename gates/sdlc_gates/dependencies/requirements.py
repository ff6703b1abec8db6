"""Requirements files as pip 26 reads them: https://pip.pypa.io/en/stable/reference/requirements-file-format/."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sdlc.model import SourceLocation
from sdlc_gates.dependencies.model import ELSEWHERE, Gathering, Source, Unreadable, shown

MAX_LINE = 256 << 10
NESTED = {"-r": "requirement", "--requirement": "requirement", "-c": "constraint", "--constraint": "constraint"}
EDITABLE = frozenset({"-e", "--editable"})
OTHER_INDEX = frozenset(
    {"-i", "--index-url", "--pypi-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "--no-index"}
)
WITHOUT_EFFECT = frozenset(
    {"--no-binary", "--only-binary", "--prefer-binary", "--pre", "--require-hashes", "--use-feature", "--hash"}
    | {"--config-settings", "--config-setting", "-C", "--global-option", "--install-option"}
)
FLAGS = frozenset({"--no-index", "--pre", "--prefer-binary", "--require-hashes"})
_OPTION = re.compile(r"\s(?=--?[A-Za-z])")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def read(path: str, text_of: Callable[[str], str], *, constraint: bool = False) -> Source:
    """What the file at `path` asks for, with the files it includes; `text_of` gives the text of a path in the project.

    With `constraint` it limits versions without asking for packages.
    Raises `Unreadable` when the file itself can't be read; one that it includes is named as missing instead.
    """
    reading = _Reading(Gathering(path), text_of)
    reading.text(path, text_of(path), constraint=constraint)
    while reading.includes:
        included, limits, line = reading.includes.popleft()
        try:
            reading.text(included, text_of(included), constraint=limits)
        except Unreadable as error:
            reading.gathered.lack(f"-{'c' if limits else 'r'} {included}", str(error), line)
    return reading.gathered.source(closed=bool(reading.gathered.pins) and (reading.hashed or reading.requires_hashes))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pip joins and strips them, with the number of the first of each."""
    parts: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), start=1):
        comment = line.lstrip().startswith("#")
        first = first if parts else number
        if line.endswith("\\") and not comment:
            parts.append(line.strip("\\"))
            continue
        parts.append(f" {line}" if comment else line)
        if stripped := _uncommented("".join(parts)):
            yield first, stripped
        parts = []
    if stripped := _uncommented("".join(parts)):
        yield first, stripped


def _uncommented(line: str) -> str:
    start = line.find("#")
    while start > 0 and not line[start - 1].isspace():
        start = line.find("#", start + 1)
    return (line if start < 0 else line[:start]).strip()


@dataclass
class _Reading:
    gathered: Gathering
    text_of: Callable[[str], str]
    hashed: bool = True
    requires_hashes: bool = False
    includes: deque[tuple[str, bool, str]] = field(default_factory=deque)
    """Path, whether it only constrains, and the line that includes it."""
    seen: set[tuple[str, bool]] = field(default_factory=set)

    def text(self, path: str, text: str, *, constraint: bool) -> None:
        self.seen.add((path, constraint))
        for number, line in logical_lines(text):
            place = f"{path}:{number}"
            if len(line) > MAX_LINE:
                self.gathered.lack(line, f"a line of more than {MAX_LINE >> 10} KiB", place)
            elif _VARIABLE.search(line):
                self.gathered.lack(line, "depends on an environment variable", place)
            elif line.startswith("-"):
                self._options(line, path, number)
            else:
                self._requirement(line, path, number, constraint=constraint)

    def _requirement(self, line: str, path: str, number: int, *, constraint: bool) -> None:
        text, *options = _OPTION.split(line, maxsplit=1)
        try:
            given = [name for part in options for name, _ in _split(part)]
        except ValueError as error:
            self.gathered.lack(line, str(error), f"{path}:{number}")
            return
        if unknown := [name for name in given if name not in WITHOUT_EFFECT]:
            self.gathered.lack(line, f"{unknown[0]} has no place behind a requirement", f"{path}:{number}")
            return
        if text.startswith((".", "/", "file:")):
            self._folder(text, path, number)
        elif constraint:
            self.gathered.constrain(text, path)
        else:
            self.hashed = self.hashed and "--hash" in given
            self.gathered.require(text.strip(), path)

    def _options(self, line: str, path: str, number: int) -> None:
        try:
            for name, value in _split(line):
                self._option(name, value, line, path, number)
        except ValueError as error:
            self.gathered.lack(line, str(error), f"{path}:{number}")

    def _option(self, name: str, value: str, line: str, path: str, number: int) -> None:
        if name in NESTED:
            self._include(value, path, number, constraint=NESTED[name] == "constraint")
        elif name in EDITABLE:
            self._folder(value, path, number)
        elif name in OTHER_INDEX:
            self.gathered.asides.append(SourceLocation(path=path, line=number, snippet=shown(line)))
        self.requires_hashes = self.requires_hashes or name == "--require-hashes"

    def _include(self, value: str, path: str, number: int, *, constraint: bool) -> None:
        goal = inside(path, value)
        if not goal:
            self.gathered.lack(value, "an included file outside the project", f"{path}:{number}")
        elif (goal, constraint) not in self.seen:
            self.seen.add((goal, constraint))
            self.includes.append((goal, constraint, f"{path}:{number}"))

    def _folder(self, value: str, path: str, number: int) -> None:
        self.hashed = False
        # pip takes paths to install relative to where it is started, which is nearly always the project's root.
        goal = "" if _SCHEME.match(value) else inside("requirements.txt", value.partition("[")[0].strip())
        if goal:
            self.gathered.folders.append(goal)
        else:
            self.gathered.lack(value, ELSEWHERE, f"{path}:{number}")


def inside(path: str, value: str) -> str:
    """The path, relative to the project, that a file at `path` means by `value`; empty when it lies outside."""
    if not value or value.startswith(("/", "~")) or "://" in value or "\0" in value:
        return ""
    goal = posixpath.normpath(posixpath.join(posixpath.dirname(path), value))
    return "" if goal == ".." or goal.startswith("../") else goal


def _split(line: str) -> Iterator[tuple[str, str]]:
    """Options with their values; raises `ValueError` on one that isn't known, since it may be the beginning of one that is."""
    quoted = any(character in line for character in "'\"\\")
    words = deque(shlex.split(line) if quoted else line.split())
    while words:
        word = words.popleft()
        name, equals, value = word.partition("=")
        if not word.startswith("--") and len(word) > 2:
            name, equals, value = word[:2], "=", word[2:].removeprefix("=")
        if name not in NESTED.keys() | EDITABLE | OTHER_INDEX | WITHOUT_EFFECT:
            raise ValueError(f"an option that this gate doesn't know: {shown(name)}")
        if not equals and name not in FLAGS:
            if not words:
                raise ValueError(f"{name} without a value")
            value = words.popleft()
        yield name, value
