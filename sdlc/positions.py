"""Where a TOML text sets each key, so that a complaint about a value can name its line."""

from __future__ import annotations

import functools
import re
import tomllib
from collections import Counter
from collections.abc import Mapping

Place = tuple[str, ...]
"""The keys that lead to a value; the elements of arrays are numbered from `"0"`."""
_TOKEN = re.compile(
    r'''
    (?P<end>\n)
    | (?P<text>"""(?:\\.|[^\\])*?"{3,5} | \'\'\'.*?\'{3,5} | "(?:\\.|[^"\\])*" | \'[^\']*\')
    | (?P<mark>[\[\]{},=])
    | (?P<word>[^\s\[\]{},=\#"'.]+)
    | \#[^\n]*
    ''',
    re.VERBOSE | re.DOTALL,
)


@functools.lru_cache(maxsize=4)
def lines(text: str) -> Mapping[Place, int]:
    """The line, from 1, on which each table, key and array element of a valid TOML text begins."""
    reader = _Reader()
    for token in _TOKEN.finditer(text):
        kind, written = token.lastgroup, token.group()
        if kind == "end":
            reader.end_line()
        elif kind == "mark":
            reader.mark(written)
        elif kind:
            reader.name(written)
        reader.line += written.count("\n")
    return reader.found


class _Reader:
    """Takes the tokens of a TOML text one by one."""

    def __init__(self) -> None:
        self.line = 1
        self.found: dict[Place, int] = {}
        self._table: Place = ()
        self._header = 0
        """How many brackets opened the header that is being read."""
        self._key: list[str] | None = []
        """The parts of a key read so far; None while a value is being read."""
        self._open: list[tuple[Place, int | None]] = []
        """The arrays (with the number of the element) and inline tables around what is being read."""
        self._value: Place = ()
        self._counts: Counter[Place] = Counter()

    def end_line(self) -> None:
        if not self._open:
            self._key = []

    def name(self, written: str) -> None:
        if self._key is None:
            self._note_element()
        else:
            quoted = written[0] in "\"'"
            self._key.append(tomllib.loads(f"key={written}")["key"] if quoted else written)

    def mark(self, written: str) -> None:
        if not self._open and self._key is not None and written in "[]":
            self._bracket(written)
        elif written == "=":
            self._value = (*self._around(), *(self._key or ()))
            self._note(self._value)
            self._key = None
        elif written in "[{":
            self._note_element()
            self._open.append((self._element(), 0 if written == "[" else None))
            self._key = None if written == "[" else []
        elif written == ",":
            self._next()
        else:
            self._open.pop()
            self._key = None

    def _bracket(self, written: str) -> None:
        if written == "[":
            self._header += 1
        elif self._header:
            self._table = self._opened(tuple(self._key or ()), array=self._header == 2)
            self._note(self._table)
            self._header, self._key = 0, []

    def _opened(self, parts: Place, *, array: bool) -> Place:
        """The table that a header opens: below an array of tables it belongs to the last element."""
        place: Place = ()
        for number, part in enumerate(parts, start=1):
            place = (*place, part)
            if array and number == len(parts):
                self._counts[place] += 1
            if self._counts[place]:
                place = (*place, str(self._counts[place] - 1))
        return place

    def _next(self) -> None:
        place, number = self._open[-1]
        if number is None:
            self._key = []
        else:
            self._open[-1] = (place, number + 1)

    def _around(self) -> Place:
        return self._open[-1][0] if self._open else self._table

    def _element(self) -> Place:
        """The place of the value that begins here."""
        if not self._open or self._open[-1][1] is None:
            return self._value
        place, number = self._open[-1]
        return (*place, str(number))

    def _note_element(self) -> None:
        if self._open and self._open[-1][1] is not None:
            self._note(self._element())

    def _note(self, place: Place) -> None:
        self.found.setdefault(place, self.line)
