"""Started inside a folder that wants to be imported: nothing of it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

Shell = Any
NAMES = (
    "sdlc",
    "sdlc_gates",
    "sdlc_reports",
    "gates",
    "reports",
    "typer",
    "click",
    "rich",
    "msgspec",
    "yaml",
    "psutil",
    "bandit",
)
STANDARD = ("json", "os", "re", "string", "random", "signal", "tomllib", "sitecustomize", "usercustomize", "this", "locust")
PLANTED = "import pathlib\npathlib.Path({mark!r}).write_text(__name__)\nraise SystemExit(0)\n"


@pytest.fixture
def mark(shell: Shell) -> Path:
    """The file that appears when anything in the project was imported or started."""
    made: Path = shell.project.parent / "imported"
    planted = PLANTED.format(mark=str(made))
    for name in NAMES:
        (shell.project / name).mkdir()
        (shell.project / name / "__init__.py").write_text(planted)
        (shell.project / name / "__main__.py").write_text(planted)
    for name in (*STANDARD, "conftest", "setup", "locustfile"):
        (shell.project / f"{name}.py").write_text(planted)
    (shell.project / "evil.pth").write_text(f"import pathlib; pathlib.Path({str(made)!r}).touch()\n")
    for program in ("git", "sh", "python", "uv"):
        (shell.project / program).write_text(f"#!/bin/sh\ntouch {made}\n")
        (shell.project / program).chmod(0o755)
    (shell.project / ".bandit").write_text("[bandit]\nskips = B101,B602\nexclude = /\n")
    (shell.project / "pyproject.toml").write_text('[tool.bandit]\nskips = ["B602"]\nexclude_dirs = ["."]\n')
    (shell.project / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:9/\n")
    (shell.project / ".env").write_text("PYTHONPATH=.\n")
    return made


COMMANDS = [["prove"], ["gates"], ["decide"], ["schema"], ["init", "--print"]]


@pytest.mark.parametrize("search", ["", ":", ".:{path}"])
def test_nothing_in_the_folder_is_imported_or_started(search: str, shell: Shell, mark: Path) -> None:
    shell.write("[policy]\nprove = false\n[gates.words]\n[gates.slow]\ncommand = ['git --version; true']\n", a="BAD")
    variables = {"PATH": search.format(path=shell.environment["PATH"])} if search else {}
    process = shell.start("run", **variables)
    _, err = process.communicate()
    assert not mark.exists(), mark.read_text()
    assert process.returncode in ((1,) if search != ":" else (1, 3)), err


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_no_command_imports_anything_there(command: list[str], shell: Shell, mark: Path) -> None:
    shell.write("[policy]\nprove = false\n[gates.words]\n", a="BAD")
    done = shell.run(*command)
    assert not mark.exists(), mark.read_text()
    assert "Traceback" not in done.stderr


@pytest.mark.tool
def test_bandit_neither_imports_nor_obeys_it(shell: Shell, mark: Path) -> None:
    shell.write("[gates.bandit]\n")
    (shell.project / "a.py").write_text("import subprocess\nsubprocess.call('ls ' + input(), shell=True)  # nosec\n")
    done = shell.run("run", "--json")
    assert done.returncode == 1
    assert not mark.exists(), mark.read_text()
    (result,) = json.loads(done.stdout)["results"]
    assert "B602" in {finding["rule"]["id"] for finding in result["answer"]["findings"]}
    assert result["canary"]["caught"]
