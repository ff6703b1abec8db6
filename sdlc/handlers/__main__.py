"""Writes the routes that a project declares, as JSON, to standard output.

A program of its own: the source is a stranger's, and parsing it must not be able to hurt the engine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from sdlc.handlers import frameworks, index


def main() -> None:
    """`python -m sdlc.handlers ROOT LIST`: LIST is a JSON file with an array of names."""
    root, names = Path(sys.argv[1]), msgspec.json.decode(Path(sys.argv[2]).read_bytes(), type=list[str])
    modules = index.read(root, names)
    sys.stdout.buffer.write(msgspec.json.encode(list(frameworks.routes(modules))))


if __name__ == "__main__":
    main()
