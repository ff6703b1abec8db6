"""The gates, ready to be broken, each over a project that it passes when nothing is."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sdlc.gate import Gate
from tests.faults.rig import Place

DATA = Path(__file__).parents[1] / "data"
KINDS: Mapping[str, str] = {
    "bandit": "bandit:Bandit",
    "semgrep": "semgrep:Semgrep",
    "pip-audit": "pip_audit:PipAudit",
    "schemathesis": "schemathesis:Schemathesis",
    "wapiti": "wapiti:Wapiti",
    "locust": "locust:Locust",
    "zap": "zap:Zap",
    "sarif": "sarif:Sarif",
    "tenant-isolation": "tenant_isolation:TenantIsolation",
}
SHORT = {"users": 1, "spawn_rate": 10.0, "warm_up": "0 s", "duration": "1 s", "wait": "50 ms", "request_timeout": "2 s"}
# This machine is shared: how late the generator is, is judged elsewhere.
SHORT |= {"max_loop_lag": "10 s"}
RUFF = ("ruff", "check", "--isolated", "--no-cache", "--select", "S", "--output-format", "sarif")
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "semgrep": {"house_rules": False, "config": ["rules.yaml"]},
    "pip-audit": {"requirements": ["requirements.txt"], "advisories": "advisories", "max_age": "100000 d"},
    "schemathesis": {"max_examples": 1, "checks": ["not_a_server_error", "response_schema_conformance"]},
    "wapiti": {"modules": ["xss"]},
    "locust": {"paths": ["/greeting"], **SHORT},
    "sarif": {"command": [*RUFF, "--output-file", "{output}", "{root}"], "answers": [0, 1]},
    "tenant-isolation": {
        "tenants": [{"name": name, "words": {"key": name}, "headers": {"X-Key": "{key}"}} for name in ("ann", "bob")]
    },
}
RULE = """
rules:
- id: shell
  languages: [python]
  severity: ERROR
  message: a shell is started
  pattern: subprocess.call(..., shell=True)
"""
MakeBreakable = Callable[..., Gate]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A project without any defect."""
    place = Place.below(tmp_path)
    (place.root / "a.py").write_text("x = 1\n")
    (place.root / "requirements.txt").write_text("requests==2.32.0\n")
    (place.root / "rules.yaml").write_text(RULE)
    shutil.copytree(DATA / "pip-audit" / "advisories", place.root / "advisories")
    return place


@pytest.fixture
def make(environments: None) -> MakeBreakable:
    """Makes a gate by its kind, with options beside the short ones of these tests."""

    def made(kind: str, **options: object) -> Gate:
        module, _, name = KINDS[kind].partition(":")
        found: type[Gate] = getattr(importlib.import_module(f"sdlc_gates.{module}"), name)
        return found(kind, msgspec.convert({**OPTIONS.get(kind, {}), **options}, found.Options))

    return made
