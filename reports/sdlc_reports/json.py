"""The run itself as JSON: what `run.json` holds, laid out for people."""

from __future__ import annotations

import msgspec

from sdlc.report import Report
from sdlc.run import Run


class Json(Report):
    """For other programs: complete, versioned by its first key `format`, and read again by `sdlc decide`."""

    kind = "json"
    summary = "the whole run, for other programs"
    filename = "report.json"

    def render(self, run: Run) -> str:
        try:
            content = msgspec.json.encode(run)
        except UnicodeEncodeError:
            # The name of a file need not be UTF-8, JSON must be.
            content = msgspec.json.encode(_encodable(msgspec.to_builtins(run)))
        return msgspec.json.format(content, indent=2).decode()


def _encodable(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {key: _encodable(item) for key, item in value.items()}
        case list() | tuple():
            return [_encodable(item) for item in value]
        case _:
            return value
