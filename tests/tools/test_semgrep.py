"""The real Semgrep, on real files. Each start of it costs seconds, so one scan of many files answers many questions."""

from __future__ import annotations

import datetime
import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from sdlc_gates.semgrep import Semgrep, SemgrepOptions

from sdlc import inventory
from sdlc.errors import GateError, NothingToScan
from sdlc.evidence import RunDirectory
from sdlc.gate import Gate, Workspace
from sdlc.model import Answer, Coverage, Finding, Severity
from sdlc.process import Limits

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
VIEW = """from flask import Flask, request
import sqlite3

app = Flask(__name__)


@app.route("/user")
def user():
    name = request.args["name"]
    {comment}
    return sqlite3.connect("a.db").execute("SELECT * FROM t WHERE name = '" + name + "'").fetchall(){end}
"""
# Not a key of anybody's: drawn for this test.
KEY = "AKIA" + "Q7XZ2M4NB5VC6LKJ"
SECRET = f"key = {KEY}\n"
OVERLONG = 1000
SLOW = "((b+)+)+"
"""Takes time that doubles with each letter, where what follows doesn't."""
EXTRA = {
    "rules": [
        {
            "id": "far-flow",
            "languages": ["python"],
            "severity": "ERROR",
            "message": "m",
            "mode": "taint",
            "pattern-sources": [{"pattern": "source(...)"}],
            "pattern-sinks": [{"pattern": "sink(...)"}],
        },
        {"id": "unbalanced", "languages": ["python"], "severity": "ERROR", "message": "m", "pattern": "foo((("},
        {
            "id": "future",
            "languages": ["python"],
            "severity": "ERROR",
            "message": "m",
            "pattern": "f()",
            "min-version": "9.0.0",
        },
        {"id": "for-sale", "languages": ["elixir"], "severity": "INFO", "message": "m", "pattern": "f()"},
        {"id": "other", "languages": ["go"], "severity": "INFO", "message": "m", "pattern": "f()"},
        {
            "id": "elsewhere",
            "languages": ["regex"],
            "severity": "INFO",
            "message": "m",
            "pattern-regex": "key",
            "paths": {"include": ["nowhere/**"]},
        },
    ]
}

SLOW_RULES = {
    "rules": [
        {"id": "slow-text", "languages": ["regex"], "severity": "INFO", "message": "m", "pattern-regex": f"{SLOW}c"},
        {
            "id": "slow-name",
            "languages": ["python"],
            "severity": "INFO",
            "message": "m",
            "patterns": [
                {"pattern": "$NAME()"},
                {"metavariable-regex": {"metavariable": "$NAME", "regex": f"{SLOW}c|.*z"}},
            ],
        },
        {
            "id": "slow-source",
            "languages": ["python"],
            "severity": "INFO",
            "message": "m",
            "mode": "taint",
            "pattern-sources": [{"pattern-regex": f"'{SLOW}'"}],
            "pattern-sinks": [{"pattern": "sink(...)"}],
        },
        {
            "id": "slow-string",
            "languages": ["python"],
            "severity": "INFO",
            "message": "m",
            "pattern": f'f("=~/{SLOW}c/")',
        },
    ]
}


def tangle(size: int) -> str:
    """One function in which so much depends on so much that Semgrep's data-flow analysis gives up."""
    first = [f"    a{i} = source()" for i in range(size)]
    loop = [
        f"        if c{i}():\n            a{i} = a{(7 * i + 1) % size} + a{(13 * i + 5) % size}\n"
        f"        else:\n            a{i} = a{3 * i % size}"
        for i in range(size)
    ]
    last = [f"    sink(a{i})" for i in range(size)]
    return "\n".join(["def f(x):", *first, "    while c():", *loop, *last, ""])


def project(root: Path) -> Path:
    """A repository with something for each way in which a finding, a file or a rule could get lost."""
    contents: dict[str | bytes, str | bytes] = {
        "plain.py": VIEW.format(comment="", end=""),
        "inline.py": VIEW.format(comment="", end="  # nosemgrep: python-sql-injection"),
        "above.py": VIEW.format(comment="# nosemgrep", end=""),
        "ignored.py": VIEW.format(comment="", end=""),
        "tests/test_x.py": VIEW.format(comment="", end=""),
        "build/made.py": VIEW.format(comment="", end=""),
        "large.py": "# padding\n" * 120_000 + VIEW.format(comment="", end=""),
        "new\nline <b>\x1b[31m.py": VIEW.format(comment="", end=""),
        b"not-utf-8-\xff.py": VIEW.format(comment="", end=""),
        "windowed.pyw": VIEW.format(comment="", end=""),
        "LOUD.PY": VIEW.format(comment="", end=""),
        "tool": "#!/usr/bin/env python3\n" + VIEW.format(comment="", end=""),
        "latin.cfg": b"# caf\xe9\n" + SECRET.encode(),
        "wide.cfg": SECRET.encode("utf-16"),
        "bom.cfg": SECRET.encode("utf-8-sig"),
        "nul.cfg": b"\0\0\0\n" + SECRET.encode(),
        "picture.png": b"\x89PNG\r\n\x1a\n\0" + SECRET.encode(),
        "empty.py": "",
        "broken.py": "import os\ndef (:\n" + VIEW.format(comment="", end=""),
        "deep.py": "x = " + "[" * 10_000 + "]" * 10_000 + "\nsink(source())\n",
        "tangle.py": tangle(OVERLONG),
        ".semgrepignore": "*\n",
    }
    for name, content in contents.items():
        place = root / (name if isinstance(name, str) else name.decode("utf-8", "surrogateescape"))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
    # Untracked and ignored is not ours; tracked is, whatever .gitignore says.
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "--all"], check=True)
    (root / ".gitignore").write_text("ignored.py\n")
    return root


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> Answer:
    """What the gate says about the project above, with rules of the house and rules that are broken."""
    place = tmp_path_factory.mktemp("varied")
    (place / "rules.json").write_text(json.dumps(EXTRA))
    directory = RunDirectory.create(place / "runs", datetime.datetime.now(datetime.UTC))
    root = project(place / "project")
    work = Workspace(
        gate="semgrep",
        root=root,
        files=inventory.take(root),
        scratch=directory.scratch("semgrep"),
        directory=directory,
        limits=Limits(deadline=time.monotonic() + 600),
        cancel=threading.Event(),
        jobs=2,
    )
    return Semgrep("semgrep", SemgrepOptions(config=("../rules.json",))).check(work)


def injections(answer: Answer, path: str) -> list[Finding]:
    return [f for f in answer.findings if f.rule.id == "python-sql-injection" and getattr(f.location, "path", "") == path]


def covered(answer: Answer, what: str) -> Coverage:
    (coverage,) = (coverage for coverage in answer.coverage if coverage.what == what)
    return coverage


def test_it_finds_an_injection_with_its_place_weakness_and_cure(answer: Answer) -> None:
    (found,) = injections(answer, "plain.py")
    assert found.severity is Severity.CRITICAL
    assert found.rule.cwe == (89,)
    assert found.rule.help_uri.startswith("https://")
    assert found.fix
    assert getattr(found.location, "line", 0) == 11
    assert "SELECT" in getattr(found.location, "snippet", "")
    assert not found.suppression


def test_comments_and_ignore_files_hide_nothing_and_are_shown(answer: Answer) -> None:
    assert [f.suppression for f in injections(answer, "inline.py")] == ["# nosemgrep: python-sql-injection"]
    assert [f.suppression for f in injections(answer, "above.py")] == ["# nosemgrep"]
    places = {(place.path, place.line) for place in answer.suppressions}
    assert places == {("inline.py", 11), ("above.py", 10), (".semgrepignore", 1)}


@pytest.mark.parametrize("path", ["ignored.py", "tests/test_x.py", "build/made.py"])
def test_what_semgrep_or_git_would_ignore_is_read(path: str, answer: Answer) -> None:
    assert len(injections(answer, path)) == 1


@pytest.mark.parametrize("path", ["large.py", "new\nline <b>\x1b[31m.py", "windowed.pyw", "LOUD.PY", "tool"])
def test_files_that_semgrep_passes_over_in_silence_are_read(path: str, answer: Answer) -> None:
    assert len(injections(answer, path)) == 1


def test_a_deeply_nested_file_is_read_to_its_end(answer: Answer) -> None:
    found = [f.location for f in answer.findings if f.rule.id == "far-flow"]
    assert [getattr(place, "line", 0) for place in found if getattr(place, "path", "") == "deep.py"] == [2]


@pytest.mark.parametrize("path", ["latin.cfg", "wide.cfg", "bom.cfg", "nul.cfg"])
def test_a_secret_is_found_in_any_encoding(path: str, answer: Answer) -> None:
    found = [f.location for f in answer.findings if f.rule.id == "secret-aws-key"]
    assert [getattr(place, "line", 0) for place in found if getattr(place, "path", "") == path] == [
        {"latin.cfg": 2, "wide.cfg": 1, "bom.cfg": 1, "nul.cfg": 2}[path]
    ]


def test_files_that_were_not_wholly_understood_are_missing_by_name(answer: Answer) -> None:
    files = covered(answer, "files")
    reasons = {missing.item: missing.reason for missing in files.missing}
    assert reasons.keys() == {"broken.py", "tangle.py", "not-utf-8-\\xff.py"}
    assert "Syntax error" in reasons["broken.py"]
    assert "Fixpoint timeout" in reasons["tangle.py"]
    assert files.expected == files.measured + 3
    assert any("tangle.py" in note for note in answer.notes)


def test_files_in_which_a_regular_expression_passed_its_limit_are_missing_with_the_rule(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "rules.json").write_text(json.dumps(SLOW_RULES))
    slow = {"slow\n.txt": "slow-text", "slow-name.py": "slow-name", "slow-source.py": "slow-source"}
    contents = {
        "slow\n.txt": "b" * 100 + "\nbc\n",
        "slow-name.py": "b" * 100 + "z()\n",
        "slow-source.py": f"x = '{'b' * 100}\\''\nsink('b')\n",
        "quick.py": "x = 1\n",
    }
    (tmp_path / "project").mkdir()
    for name, content in contents.items():
        (tmp_path / "project" / name).write_text(content)
    found = make_gate(Semgrep, house_rules=False, config=["../rules.json"]).check(workspace(tmp_path / "project"))
    files = covered(found, "files")
    assert {missing.item: missing.reason.partition(":")[0] for missing in files.missing} == slow
    assert all("passed Semgrep's limit" in missing.reason for missing in files.missing)
    assert (files.measured, files.expected) == (1, 4)
    # Of these it says nothing, so that the rule itself is named.
    assert any("=~/" in note and note.endswith("slow-string") for note in found.notes)


def test_media_are_nobodys_business(answer: Answer) -> None:
    files = covered(answer, "files")
    assert not any("picture.png" in str(part) for part in (files, answer.findings))


def test_rules_that_did_not_load_are_missing_by_name(answer: Answer) -> None:
    rules = covered(answer, "rules")
    reasons = {missing.item: missing.reason for missing in rules.missing}
    assert reasons.keys() == {"unbalanced", "future", "for-sale"}
    assert "9.0.0" in reasons["future"]
    assert "plugin" in reasons["for-sale"]
    assert rules.expected == len(Semgrep.rules()) + len(EXTRA["rules"])
    assert rules.measured == rules.expected - 3


def test_a_clean_project_is_wholly_covered_and_leaves_evidence(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").write_text("x = 1\n")
    (tmp_path / "project" / "README.md").write_text("hello\n")
    work = workspace(tmp_path / "project")
    answer = make_gate(Semgrep, exclude_rules=["python-ssrf"]).check(work)
    assert not answer.findings
    assert (covered(answer, "files").measured, covered(answer, "files").missing) == (2, ())
    assert [item.item for item in covered(answer, "rules").excluded] == ["python-ssrf"]
    assert not covered(answer, "rules").missing
    (evidence,) = work.evidence
    assert {Path(file.path).name for file in evidence.files} == {
        *("scan-0.stdout", "scan-0.stderr", "scan-0-report.json", "scan-0-rules.json")
    }


def test_it_catches_its_canary(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    semgrep = make_gate(Semgrep)
    with semgrep.plant(workspace(tmp_path)) as (gate, planted):
        assert gate.caught(gate.check(planted))


def test_rules_of_the_users_alone_need_a_canary_of_the_users(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (tmp_path / "rules").mkdir()
    rule = {"id": "no-eval", "languages": ["python"], "severity": "ERROR", "message": "m", "pattern": "eval($X)"}
    (tmp_path / "rules" / "a.yaml").write_text(json.dumps({"rules": [rule]}))
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.py").write_text("eval(x)\n")
    work = workspace(tmp_path)
    with pytest.raises(NothingToScan, match="nothing shows"), make_gate(Semgrep, house_rules=False).plant(work):
        pass
    semgrep = make_gate(Semgrep, house_rules=False, config=["rules"], canary="bad")
    with semgrep.plant(work) as (gate, planted):
        found = gate.check(planted)
        assert gate.caught(found)
        assert not gate.caught(Answer())
    # Only Python is that rule's business.
    (coverage,) = (coverage for coverage in found.coverage if coverage.what == "files")
    assert (coverage.measured, coverage.expected) == (1, 1)
    assert semgrep.proof_rests_on() is None


def test_a_core_that_is_killed_is_no_answer(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "a.py").write_text("x = 1\n" * 200_000)
    killed = threading.Event()
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.05) and not killed.is_set():
            for process in psutil.Process().children(recursive=True):
                try:
                    argv = process.cmdline()
                    if argv and argv[0].endswith("semgrep-core") and "-rules" in argv:
                        process.kill()
                        killed.set()
                except psutil.Error:
                    continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(GateError):
            make_gate(Semgrep).check(workspace(tmp_path / "project"))
    finally:
        over.set()
        killer.join()
    assert killed.is_set()
