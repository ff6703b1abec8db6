"""What a process of ours says, a line of JSON at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from sdlc.errors import OutputInvalid

T = TypeVar("T")


def read(file: Path, shape: type[T], what: str) -> list[T]:
    """Each whole line of a file in the shape `shape`, one that is still being written aside.

    Raises `OutputInvalid`, with what the lines are in the words `what`.
    """
    try:
        return [msgspec.json.decode(line, type=shape) for line in file.read_bytes().split(b"\n")[:-1]]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutputInvalid(f"{what} can't be read: {error}") from error
