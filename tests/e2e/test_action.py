"""The steps of action.yml, run as a GitHub runner runs them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


class Job:
    """As much of a runner as a composite action sees."""

    def __init__(self, temporary: Path, project: Path, **inputs: str) -> None:
        self.temporary, self.project = temporary, project
        defaults = {name: str(fact.get("default", "")) for name, fact in ACTION["inputs"].items()}
        self.values = {f"inputs.{name}": value for name, value in (defaults | inputs).items()}
        self.summary, self.output = temporary / "summary.md", temporary / "output"
        self.summary.touch()

    def step(self, name: str) -> int:
        """Run one `run:` step; its outputs become values of `steps.ID.outputs.NAME`."""
        (step,) = (step for step in ACTION["runs"]["steps"] if step["name"] == name)
        self.output.write_text("")
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", self._filled(step["run"])],
            cwd=self.project,
            env=self._environment(step),
            check=False,
        )
        for line in self.output.read_text().splitlines():
            key, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{key}"] = value
        return done.returncode

    def _environment(self, step: dict[str, Any]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PIP_CERT", "SSL_CERT_FILE")}
        runner = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.project),
            "RUNNER_TEMP": str(self.temporary),
        }
        return kept | runner | {name: self._filled(str(value)) for name, value in step.get("env", {}).items()}

    def _filled(self, text: str) -> str:
        return EXPRESSION.sub(lambda match: self.values.get(match[1], ""), text)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runner's temporary folder after the action's first step."""
    temporary = tmp_path_factory.mktemp("runner")
    assert Job(temporary, temporary).step("Install") == 0
    return temporary


@pytest.mark.tool
@pytest.mark.parametrize(
    ("source", "verdict", "code"),
    [("x = 1\n", "PASS", 0), ("import os\nos.system(input())\neval(input())\n", "FAIL", 1), ("def (\n", "INCONCLUSIVE", 1)],
)
def test_the_job_fails_unless_the_verdict_is_pass(
    installed: Path, tmp_path: Path, source: str, verdict: str, code: int
) -> None:
    (tmp_path / "sdlc.toml").write_text("[gates.bandit]\n")
    (tmp_path / "app.py").write_text(source)
    job = Job(installed, tmp_path)
    job.summary.write_text("")
    assert job.step("Run the gates") == 0
    assert job.values["steps.gates.outputs.verdict"] == verdict
    assert (Path(job.values["steps.gates.outputs.run"]) / "manifest.json").is_file()
    assert verdict in job.summary.read_text()
    assert job.step("Verdict") == code


@pytest.mark.tool
def test_without_a_configuration_there_is_no_pass(installed: Path, tmp_path: Path) -> None:
    job = Job(installed, tmp_path)
    job.summary.write_text("")
    assert job.step("Run the gates") == 0
    assert job.values["steps.gates.outputs.verdict"] == "INCONCLUSIVE"
    assert "no run was recorded" in job.summary.read_text()
    assert job.step("Verdict") == 1


def test_no_expression_is_pasted_into_a_script() -> None:
    scripts = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert scripts
    assert not any("${{" in script for script in scripts)


def test_the_evidence_is_kept_whatever_the_verdict() -> None:
    (upload,) = (step for step in ACTION["runs"]["steps"] if "uses" in step)
    assert upload["if"].startswith("always()")
    assert upload["with"]["path"] == "${{ steps.gates.outputs.run }}"
