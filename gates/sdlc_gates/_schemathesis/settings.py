"""The keys of `[gates.schemathesis]`, and what Schemathesis is told because of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from sdlc.model import Frozen
from sdlc_gates._dast.login import Login
from sdlc_gates._schemathesis.kinds import DEFAULT_CHECKS, Check

# Schemathesis fills environment variables into its configuration, so no value stands in a file or on a command line.
VARIABLE = "SDLC_HEADER_{}"
RECORDED_BYTES = 64 << 10


class SchemathesisOptions(Frozen, frozen=True):
    """What is tested, how hard, and as whom."""

    checks: Annotated[tuple[Check, ...], Meta(min_length=1)] = DEFAULT_CHECKS
    """Names of Schemathesis's checks."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for operations that are left alone, as a path or as method and path (`DELETE /users/*`)."""
    headers_env: dict[str, str] = {}
    """Headers that every request carries, by the names of the environment variables that hold their values."""
    login: Login | None = None
    """How to get a session first."""
    max_examples: Annotated[int, Meta(ge=1)] = 20
    """The most requests for one operation in the fuzzing phase, and walks in the stateful one."""
    seed: Annotated[int, Meta(ge=0)] = 1
    """The same seed asks an unchanged target the same."""
    requests_per_second: Annotated[int, Meta(ge=0)] = 0
    """The most that is asked of the target; 0 for no limit."""
    request_seconds: Annotated[float, Meta(gt=0)] = 10
    """How long one reply may take."""
    attack_remote: bool = False
    """Must be set for a target that isn't on this machine."""


def config(options: SchemathesisOptions, headers: Sequence[str]) -> str:
    """Schemathesis's configuration file, so that it looks for no other."""
    lines = ["[cache]", "enabled = false", "[generation]", 'database = "none"', "no-shrink = true"]
    if "unsupported_method" not in options.checks:
        lines += ["[phases.coverage]", "unexpected-methods = []"]
    lines += ["[output.truncation]", f"max-recorded-payload-size = {RECORDED_BYTES}"]
    if headers:
        # Whatever it is called, what comes from the environment is a credential.
        lines += ["[output.sanitization]", f"sensitive-markers = {json.dumps([*MARKERS, *(name.lower() for name in headers)])}"]
        lines += ["[headers]", *(f'{json.dumps(name)} = "${{{VARIABLE.format(n)}}}"' for n, name in enumerate(headers))]
    return "\n".join(lines) + "\n"


MARKERS = ("token", "key", "secret", "password", "auth", "session", "passwd", "credential", "cookie")


def environment(headers: Mapping[str, str]) -> dict[str, str]:
    """The variables that `config` names."""
    return {VARIABLE.format(number): value for number, value in enumerate(headers.values())}


def argv(options: SchemathesisOptions, files: Mapping[str, Path], url: str, left_out: Sequence[str]) -> tuple[str, ...]:
    """The command line, with the files `config`, `description`, `events` and `summary`."""
    limit = ("--rate-limit", f"{options.requests_per_second}/s") if options.requests_per_second else ()
    return (
        *("--config-file", str(files["config"]), "run", str(files["description"]), "--url", url, "--workers", "1"),
        *("--checks", ",".join(options.checks), "--seed", str(options.seed), "--max-examples", str(options.max_examples)),
        *("--request-timeout", str(options.request_seconds), "--request-retries", "0", "--max-redirects", "0", *limit),
        *("--continue-on-failure", "--no-color", "--report", "ndjson,json"),
        *("--report-ndjson-path", str(files["events"]), "--report-json-path", str(files["summary"])),
        *(word for label in left_out for word in ("--exclude-name", label)),
    )
