"""The `sdlc.toml` that `sdlc init` writes: commented, for what was found, and valid as it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import msgspec

from sdlc.detection import Found

SHOWN_FILES = 6
INTRODUCTION = """\
# What must be true before this project is released. `sdlc run` checks it; docs: `sdlc run --help`, `sdlc gates`.
# Unknown keys are errors. A gate runs only if it has a table here.
"""
POLICY = """
[policy]
# The most severe finding that does not block: info, low, medium, high, critical.
tolerate = "low"
# max = { medium = 3 }          # or a number of findings of one severity
# suppressions = "honour"       # let `# nosec` and its like count; by default they need a waiver

# An accepted risk: someone answers for it until a day.
# [[waivers]]
# id = "W-1"
# fingerprint = "…"             # as reports show it; or: rule = "B310", path = "src/feeds.py"
# reason = "only called with constants"
# approved_by = "security@example.org"
# expires = 2027-01-31
"""


def write(found: Found, name: str) -> str:
    """The whole file."""
    parts = [INTRODUCTION, f"\n[project]\nname = {_quoted(name)}\n"]
    parts.append('# exclude = ["tests/data"]      # never judged; reports list what was left out\n')
    parts.extend(_target(found))
    parts.append(POLICY)
    parts.extend(_static(found))
    parts.extend(_dynamic(found))
    return "".join(parts)


def remarks(found: Found) -> Iterator[str]:
    """What was seen, in sentences, and what is missing for more."""
    yield f"{found.files} files, {found.python} of them Python" + (f"; uses {found.framework}" if found.framework else "")
    if found.python and not found.dependencies:
        yield "nothing declares dependencies, so there is nothing to audit"
    if found.framework and not found.run:
        yield f"a {found.framework} application, but not how to start it: fill in [target] for DAST and load gates"
    if found.openapi:
        yield f"OpenAPI description: {found.openapi}"
    if found.dockerfile:
        yield f'{found.dockerfile}: no gate judges images yet; any scanner that writes SARIF can be added (uses = "sarif")'
    if found.workflows:
        workflows = "1 GitHub workflow" if found.workflows == 1 else f"{found.workflows} GitHub workflows"
        yield f"{workflows}: run `sdlc run` in one as a release gate"


def _target(found: Found) -> Iterator[str]:
    if not found.framework:
        return
    lines = [
        "[target]",
        "# How the application is started for DAST and load gates; it must listen on 127.0.0.1:{port}.",
        "# They write to its database: give it one for this test, ready to use.",
        f"run = {_quoted(found.run or 'python -m your.app --port {port}')}",
        f"{f'ready = {_quoted(found.ready)}':<32} # answers below 400 once it can serve",
        'ready_within = "30 s"',
        f"openapi = {_quoted(found.openapi)}"
        if found.openapi
        else f"# openapi = {_quoted('openapi.json')}      # or a path it serves",
        '# env = { SECRET_KEY = "only for this test" }',
    ]
    shown = lines if found.run else [line if line.startswith("#") else f"# {line}" for line in lines]
    yield "\n" + "\n".join(shown) + "\n"


def _static(found: Found) -> Iterator[str]:
    if found.python:
        yield "\n[gates.bandit]                   # insecure calls in Python source\n"
    if found.files:
        yield "\n[gates.semgrep]                  # taint rules and secrets\n"
        yield '# config = ["p/python", "rules/"]   # more rules: from the registry, or a folder\n'
    if found.dependencies:
        yield "\n[gates.pip-audit]                # dependencies with known advisories\n"
        yield f"# found and read: {', '.join(map(_comment, found.dependencies[:SHOWN_FILES]))}\n"
        yield "resolve = true                   # versions that are left open are chosen as an installer would today\n"
        yield '# advisories = "advisories.zip"  # OSV JSON on disk, for machines without internet\n'


def _comment(name: str) -> str:
    """A file's name as it may stand in a comment."""
    return "".join(char if char.isprintable() else "?" for char in name)


def _dynamic(found: Found) -> Iterator[str]:
    if not found.framework:
        return
    off = "" if found.run else "# "
    dast = "zap" if shutil.which("zap.sh") else "wapiti"
    yield f"\n{off}[gates.{dast}]                   # attacks on the running application\n"
    yield f"\n{off}[gates.locust]                   # load on the running application\n"
    if found.locustfile:
        yield f"{off}locustfile = {_quoted(found.locustfile)}\n"
    yield f'{off}users = 10\n{off}warm_up = "5 s"\n{off}duration = "30 s"\n'
    yield f'{off}thresholds = ["p95 <= 500 ms", "error_rate <= 1 %"]\n'


def _quoted(value: object) -> str:
    """A TOML string or array of strings, which are JSON's with the same escapes."""
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")
