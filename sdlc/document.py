"""A configuration file as it was written, so that every complaint about it can name a line and the nearest right word."""

from __future__ import annotations

import enum
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from sdlc import positions
from sdlc.errors import ConfigError
from sdlc.model import Frozen
from sdlc.registry import nearest

FILE = "sdlc.toml"
PYPROJECT = "pyproject.toml"
PREFIX = ("tool", "sdlc")
MAX_BYTES = 1 << 20
T = TypeVar("T", bound=Frozen)
Place = tuple[str | int, ...]
MAX_PARTS = 64
# Parsing a key takes time that grows with the square of its parts.
_LONG_KEY = re.compile(rf"""(?<![\w-])(?:(?:[\w-]++|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{MAX_PARTS}}}""")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


@dataclass(frozen=True, slots=True)
class Document:
    """The text and what it says."""

    path: Path
    text: str
    table: Mapping[str, Any]
    prefix: tuple[str, ...] = ()
    """Where in the file our table begins: `("tool", "sdlc")` in pyproject.toml."""

    def origin(self, *keys: str | int) -> str:
        """`sdlc.toml:12`, for the line that sets what `keys` lead to."""
        return f"{self.path.name}:{line_of(self.text, (*self.prefix, *keys))}"

    def complain(self, message: str, *keys: str | int) -> ConfigError:
        """An error that names the line."""
        return ConfigError(f"{self.path}:{line_of(self.text, (*self.prefix, *keys))}: {message}")

    def convert(self, table: Mapping[str, Any], shape: type[T], *keys: str | int, ignore: frozenset[str] = frozenset()) -> T:
        """The table at `keys` in the shape `shape`; raises `ConfigError` for an unknown key or a wrong value."""
        own = {key: value for key, value in table.items() if key not in ignore}
        self._refuse_unknown(own, shape, ignore, keys)
        try:
            return msgspec.convert(own, shape)
        except msgspec.ValidationError as error:
            message, _, place = str(error).partition(" - at `")
            steps = tuple(name or number for name, number in _STEP.findall(place.rstrip("`")))
            inner, kind = _followed(own, shape, steps)
            hint = _nearest_word(message, kind)
            raise self.complain(f"{'.'.join(map(str, (*keys, *inner)))}: {_plain(message)}{hint}", *keys, *inner) from error

    def _refuse_unknown(self, table: object, shape: object, ignore: frozenset[str], keys: Place) -> None:
        """Look for keys that `shape`, or a shape inside it, does not have."""
        inner = _struct_in(shape)
        if isinstance(table, list):
            for index, item in enumerate(table):
                self._refuse_unknown(item, shape, frozenset(), (*keys, index))
        elif inner and isinstance(table, Mapping):
            hints = get_type_hints(inner)
            for key, value in table.items():
                if key not in hints:
                    where = ".".join(map(str, keys)) or "the file"
                    raise self.complain(f"unknown key {key!r} in {where}{nearest(key, hints.keys() | ignore)}", *keys, key)
                self._refuse_unknown(value, hints[key], frozenset(), (*keys, key))


def _struct_in(shape: object) -> type[Frozen] | None:
    """The one shape of ours that a type speaks of: itself, or inside a tuple or an option."""
    if isinstance(shape, type) and issubclass(shape, Frozen):
        return shape
    return next((found for part in get_args(shape) if (found := _struct_in(part))), None)


def find(root: Path, named: Path | None = None) -> Document:
    """The configuration: the file named, else sdlc.toml, else `[tool.sdlc]` in pyproject.toml; raises `ConfigError`."""
    if named:
        return read(named)
    if (root / FILE).is_file():
        return read(root / FILE)
    if (root / PYPROJECT).is_file() and (document := read(root / PYPROJECT)).table:
        return document
    raise ConfigError(f"{root} has no {FILE} and no [tool.sdlc] in {PYPROJECT}; make one with: sdlc init")


def read(path: Path) -> Document:
    """Parse one file; raises `ConfigError` when it can't be read or isn't TOML."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES >> 20} MiB")
        text = content.decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise ConfigError(f"{path} has a key of more than {MAX_PARTS} parts")
        table = tomllib.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error
    if path.name != PYPROJECT:
        return Document(path=path, text=text, table=table)
    ours: Any = table
    for key in PREFIX:
        ours = ours.get(key, {}) if isinstance(ours, dict) else {}
    if not isinstance(ours, dict):
        raise ConfigError(f"{path}:{line_of(text, PREFIX)}: tool.sdlc must be a table")
    return Document(path=path, text=text, table=ours, prefix=PREFIX)


def line_of(text: str, keys: Place) -> int:
    """The line that sets what `keys` lead to, or the nearest table around it; 1 when there is none."""
    place = tuple(map(str, keys))
    found = positions.lines(text)
    return next((found[place[:end]] for end in range(len(place), 0, -1) if place[:end] in found), 1)


def _followed(table: Any, shape: Any, steps: tuple[str, ...]) -> tuple[tuple[str, ...], object]:
    """The keys that lead to a wrong value, and its type; msgspec writes `...` for an entry of a table, and not which."""
    keys: list[str] = []
    for step in steps:
        inner = None if isinstance(table, list) else _struct_in(shape)
        shape = get_type_hints(inner)[step] if inner else get_args(shape)[-1 if isinstance(table, dict) else 0]
        key = next((key for key in table if not _fits(table[key], shape)), step) if step == "..." else step
        table = table[int(key)] if isinstance(table, list) else table.get(key, {})
        keys.append(key)
    return tuple(keys), shape


def _fits(value: object, shape: Any) -> bool:
    try:
        msgspec.convert(value, shape)
    except msgspec.ValidationError:
        return False
    return True


def _nearest_word(message: str, shape: object) -> str:
    """A hint for a word that is none of a few, such as a severity."""
    word, known = message.partition("Invalid enum value '")[2].rstrip("'"), _enum_in(shape)
    return nearest(word, (str(member.value) for member in known)) if word and known else ""


def _enum_in(shape: object) -> type[enum.Enum] | None:
    if isinstance(shape, type) and issubclass(shape, enum.Enum):
        return shape
    return next((found for part in get_args(shape) if (found := _enum_in(part))), None)


def _plain(message: str) -> str:
    """The words of msgspec without its quoting of Python types."""
    return (
        message.replace("`", "'")
        .replace("Object missing required field", "missing key")
        .replace("Invalid enum value", "unknown value")
        .replace("'object'", "'table'")
    )
