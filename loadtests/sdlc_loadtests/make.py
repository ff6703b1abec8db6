"""What two processes of one load test must have in common."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import locust


def make(files: Sequence[str]) -> dict[str, str]:
    """Versions of what this process is made of, and a digest of its Locust files."""
    digest = hashlib.sha256()
    for file in files:
        # As text: that is how Locust sends them from one host to another.
        content = Path(file).read_text(encoding="utf-8").encode()
        digest.update(f"{len(content)} ".encode() + content)
    return {
        "sdlc-gates": importlib.metadata.version("sdlc-gates"),
        "locust": locust.__version__,
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "Locust files": digest.hexdigest()[:12],
    }


def difference(theirs: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """What is not the same, in words; empty when all is."""
    apart = [f"{name} {theirs.get(name, 'unknown')} instead of {is_here}" for name, is_here in ours.items()]
    return ", ".join(text for text, (name, is_here) in zip(apart, ours.items(), strict=True) if theirs.get(name) != is_here)
