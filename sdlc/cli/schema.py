"""`sdlc schema`."""

from __future__ import annotations

import json

from sdlc.cli.console import out
from sdlc.schema import schema


def command() -> None:
    """Print the JSON Schema of sdlc.toml, for editors; it knows the gates that are installed."""
    out.file.write(json.dumps(schema(), indent=2) + "\n")
