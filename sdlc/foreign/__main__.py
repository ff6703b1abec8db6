"""Writes a JSON or YAML document as JSON to standard output, or ends with 1 and says on standard error why it can't be read.

A program of its own: what the document holds must not be able to hurt the engine, or to hold it up.
"""

from __future__ import annotations

import codecs
import json
import sys
from pathlib import Path

import yaml

MAX_NODES = 1_000_000
MAX_DEPTH = 200
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


# The parser in C, if it is there: a deeply nested document crashes it, which here is an answer.
class Plain(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the base is chosen at run time
    """YAML in the types of JSON: a date is its text."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in known if tag != _TIMESTAMP]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def main() -> None:
    """`python -m sdlc.foreign FILE`."""
    content = Path(sys.argv[1]).read_bytes()
    try:
        is_json = content.lstrip(codecs.BOM_UTF8 + b" \t\r\n")[:1] == b"{"
        document = json.loads(content) if is_json else yaml.load(content, Plain)
        refuse_unfolding(document)
        # With references to references written out, and NaN refused.
        for part in json.JSONEncoder(default=str, allow_nan=False).iterencode(document):
            sys.stdout.write(part)
    except (ValueError, TypeError, yaml.YAMLError, RecursionError, MemoryError) as error:
        sys.exit(str(error) or type(error).__name__)


def refuse_unfolding(document: object) -> None:
    """Raise `ValueError` for what is larger, once unfolded, than anyone describes: aliases of YAML refer to aliases."""
    waiting, seen = [(document, 0)], 0
    while waiting:
        node, depth = waiting.pop()
        seen += 1
        if seen > MAX_NODES or depth > MAX_DEPTH:
            raise ValueError(f"it unfolds to more than {MAX_NODES} parts, or {MAX_DEPTH} levels")
        inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        waiting.extend((part, depth + 1) for part in inside)


if __name__ == "__main__":
    main()
