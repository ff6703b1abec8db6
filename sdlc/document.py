"""A configuration file as it was written, so that every complaint about it can name a line and the nearest right word."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec

from sdlc.errors import ConfigError
from sdlc.model import Frozen
from sdlc.registry import nearest

FILE = "sdlc.toml"
PYPROJECT = "pyproject.toml"
MAX_BYTES = 1 << 20
T = TypeVar("T", bound=Frozen)
Place = tuple[str | int, ...]
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
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
            inner = tuple(name or number for name, number in _STEP.findall(place.rstrip("`")))
            raise self.complain(f"{'.'.join(map(str, (*keys, *inner)))}: {_plain(message)}", *keys, *inner) from error

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
        content = path.read_bytes()
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{path} is larger than {MAX_BYTES >> 20} MiB")
        text = content.decode("utf-8-sig")
        table = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} can't be read: {error}") from error
    if path.name != PYPROJECT:
        return Document(path=path, text=text, table=table)
    ours = table.get("tool", {}).get("sdlc", {})
    return Document(path=path, text=text, table=ours, prefix=("tool", "sdlc"))


def line_of(text: str, keys: Place) -> int:
    """The line that sets what `keys` lead to, or the nearest table around it; 1 when there is none."""
    best, depth = 1, 0
    here: Place = ()
    seen: dict[tuple[str, ...], int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            parts = _parts(header[2])
            here = parts
            if header[1] == "[[":
                here = (*parts, seen.get(parts, 0))
                seen[parts] = seen.get(parts, 0) + 1
            found = here
        elif key := _KEY.match(line):
            found = (*here, *_parts(key[1]))
        else:
            continue
        if len(found) > depth and [str(part) for part in keys[: len(found)]] == [str(part) for part in found]:
            best, depth = number, len(found)
    return best


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _plain(message: str) -> str:
    """The words of msgspec without its quoting of Python types."""
    return (
        message.replace("`", "'")
        .replace("Object missing required field", "missing key")
        .replace("Invalid enum value", "unknown value")
    )
