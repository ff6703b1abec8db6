"""Remembers for a day that a gate caught its canary, as long as nothing that matters has changed.

Only successes are remembered, in the user's cache folder; a fresh machine, such as a CI runner's, always proves anew.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sdlc.cache import place
from sdlc.gate import Gate
from sdlc.model import Canary, Frozen
from sdlc.run import Moment

VALID = datetime.timedelta(hours=24)
SEPARATOR = b"\x00\x1f\x00"


class Proof(Frozen, frozen=True):
    """That a gate caught its canary, and when."""

    gate: str
    shown: Moment
    seconds: float


def key(gate: Gate) -> str:
    """Digest of everything that decides whether the gate can catch its canary.

    The tool (name, version, file), the gate's code and options, its rules and canary, and this project's version. Raises
    `ToolMissing`.
    """
    tool = gate.probe()
    status = tool.path.stat() if tool.path.is_file() else None
    file = f"{tool.path} {status.st_mtime_ns} {status.st_size}" if status else str(tool.path)
    facts = [gate.kind, type(gate).__module__, tool.name, tool.version, file, importlib.metadata.version("sdlc-gates")]
    parts = [*(fact.encode() for fact in facts), msgspec.json.encode(gate.options, order="deterministic"), *_contents(gate)]
    return hashlib.sha256(SEPARATOR.join(parts)).hexdigest()[:32]


def recall(gate: Gate, now: datetime.datetime) -> Canary | None:
    """The proof that is still valid, if any; an unreadable one counts for nothing."""
    if gate.proof_rests_on() is None:
        return None
    try:
        proof = msgspec.json.decode(_place(gate).read_bytes(), type=Proof)
    except (OSError, msgspec.DecodeError):
        return None
    if not datetime.timedelta(0) <= now - proof.shown < VALID:
        return None
    detail = f"found at {proof.shown:%Y-%m-%d %H:%M} UTC with the same tool, rules and options"
    return Canary(caught=True, detail=detail, seconds=0.0)


def remember(gate: Gate, canary: Canary, now: datetime.datetime) -> None:
    """Keep a success; one that can't be written is proved again next time."""
    if canary.caught and gate.proof_rests_on() is not None:
        with contextlib.suppress(OSError):
            _place(gate).write_bytes(msgspec.json.encode(Proof(gate=gate.kind, shown=now, seconds=canary.seconds)))


def _place(gate: Gate) -> Path:
    return place("proofs") / f"{gate.kind}-{key(gate)}.json"


def _contents(gate: Gate) -> Iterable[bytes]:
    """The bytes of every file that the gate says its proof rests on, with their names."""
    for root in gate.proof_rests_on() or ():
        for file in sorted(root.rglob("*")) if root.is_dir() else (root,):
            if file.is_file() and "__pycache__" not in file.parts:
                yield str(file).encode("utf-8", "surrogateescape")
                yield file.read_bytes()
