"""From the bytes of a report to a log; whatever two readers could understand differently is refused."""

from __future__ import annotations

import codecs
import json
from collections import Counter
from collections.abc import Sequence

from sdlc.errors import OutputInvalid
from sdlc.gate import decode
from sdlc_gates._sarif.shape import Log


def read(content: bytes) -> Log:
    """The log; raises `OutputInvalid` for anything that isn't SARIF 2.1.0 in UTF-8, and for a log without a run."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise OutputInvalid("the report is UTF-16; SARIF is UTF-8")
    content = content.removeprefix(codecs.BOM_UTF8)
    log = decode(content, Log)
    _refuse_repeated_keys(content)
    if not log.runs:
        raise OutputInvalid("the report holds no run, so nothing was looked at")
    if log.inline_external_properties:
        raise OutputInvalid("parts of the report stand outside its runs, where this gate doesn't read them")
    for run in log.runs:
        elsewhere = run.external_property_file_references
        if elsewhere.results or elsewhere.invocations or elsewhere.artifacts:
            raise OutputInvalid(
                f"parts of the report by {run.tool.driver.name} are in other files, which this gate doesn't read"
            )
    return log


def _refuse_repeated_keys(content: bytes) -> None:
    """With `results` written twice, one reader sees the findings and another an empty list."""
    try:
        json.loads(content, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise OutputInvalid(f"the report is not what SARIF allows: {error}") from error


def _once(pairs: Sequence[tuple[str, object]]) -> None:
    if len(pairs) != len({key for key, _ in pairs}):
        key, times = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"an object has the key {key!r} {times} times")


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is not JSON")
