"""Reads what a project declares, in a process of its own: `python -I -m sdlc_gates.dependencies ASKED DECLARED`.

The files are untrusted. Whatever one of them does to its reader, the gate's deadline and memory limit hold for it.
"""

import sys
from pathlib import Path

import msgspec

from sdlc_gates.dependencies.collect import Asked, collect

asked = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Asked)
Path(sys.argv[2]).write_bytes(msgspec.json.encode(collect(asked)))
