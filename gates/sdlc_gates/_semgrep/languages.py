"""Which files Semgrep reads in which language, as its own table has it."""

from __future__ import annotations

import functools
import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sdlc.errors import ToolMissing

TABLE = "semgrep/semgrep_interfaces/lang.json"


class Language(msgspec.Struct):
    """One entry of Semgrep's table (1.182)."""

    id: str
    keys: list[str]
    """The names that rules may call it by."""
    exts: list[str]
    """Endings of file names; the empty one fits every file."""


@dataclass(frozen=True, slots=True)
class Languages:
    """Every language that Semgrep knows."""

    endings: Mapping[str, tuple[str, ...]]
    """By the language's id."""
    ids: Mapping[str, str]
    """By each name that a rule may use."""

    @property
    def universal(self) -> frozenset[str]:
        """Ids of those that are no language at all and are read in every file (`regex`, `generic`)."""
        return frozenset(id for id, endings in self.endings.items() if "" in endings)

    def resolved(self, names: Iterable[str]) -> frozenset[str]:
        """The ids of the languages that a rule names; a name that Semgrep doesn't know stays as it is."""
        return frozenset(self.ids.get(name, name) for name in names)

    def of(self, path: str) -> frozenset[str]:
        """Ids of the languages that a file with this name is read in."""
        return frozenset(id for id, endings in self.endings.items() if path.endswith(endings))


@functools.cache
def known() -> Languages:
    """The table of the installed Semgrep; raises `ToolMissing` when it isn't where this version has it."""
    try:
        place = Path(str(importlib.metadata.distribution("semgrep").locate_file(TABLE)))
        entries = msgspec.convert(json.loads(place.read_bytes()), list[Language])
    except (importlib.metadata.PackageNotFoundError, OSError, ValueError, msgspec.ValidationError) as error:
        raise ToolMissing(f"Semgrep's table of languages can't be read: {error}", fix="install semgrep anew") from error
    return Languages(
        endings={entry.id: tuple(entry.exts) for entry in entries},
        ids={key: entry.id for entry in entries for key in (entry.id, *entry.keys)},
    )
