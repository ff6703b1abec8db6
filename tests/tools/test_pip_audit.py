"""The real pip-audit, on real files, against real databases on disk."""

from __future__ import annotations

import datetime
import json
import os
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from sdlc_gates.pip_audit import PipAudit

from sdlc.errors import Cancelled, GateError, NothingToScan, ToolFailed
from sdlc.gate import Gate, Workspace
from sdlc.model import Answer, Completed, Coverage, Errored, PackageLocation, Severity, Verdict
from sdlc.policy import Policy, decide

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
DATA = Path(__file__).parents[1] / "data" / "pip-audit"
NOW = datetime.datetime.now(datetime.UTC)


def advisory(id: str, package: str, fixed: str = "2", **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": fixed}]}]
    affected = [{"package": {"ecosystem": "PyPI", "name": package}, "ranges": ranges}]
    return {"id": id, "modified": f"{NOW:%Y-%m-%dT%H:%M:%SZ}", "summary": f"about {package}", "affected": affected, **more}


@pytest.fixture
def advisories(tmp_path: Path) -> Path:
    """A database of today."""
    folder = tmp_path / "advisories"
    folder.mkdir()
    rated = {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N"}]}
    records = [
        advisory(
            "X-1", "Vulnerable.Package", "1.5", aliases=["CVE-2026-1"], database_specific={"cwe_ids": ["CWE-79"]}, **rated
        ),
        advisory("X-2", "vulnerable-package", "2.0"),
        advisory("X-3", "vulnerable-package", "9", withdrawn="2026-01-01T00:00:00Z"),
    ]
    for record in records:
        (folder / f"{record['id']}.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def audit(project: Path, advisories: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> Callable[..., Answer]:
    """Audits the project against the database on disk."""

    def run(**options: object) -> Answer:
        return make_gate(PipAudit, **{"advisories": str(advisories), **options}).check(workspace(project))

    return run


def covered(answer: Answer, what: str = "dependencies") -> Coverage:
    return next(coverage for coverage in answer.coverage if coverage.what == what)


def verdict(answer: Answer) -> Verdict:
    result = Completed(gate="pip-audit", answer=answer)
    return decide([result], Policy(required=("pip-audit",)), NOW).verdict


def test_it_finds_a_vulnerable_pin_with_its_file_its_fix_and_its_severity(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("Vulnerable_Package[extra]==1.0 \\\r\n  --hash=sha256:00\r\nfine==3.0\r\n")
    answer = audit()
    rated, unrated = sorted(answer.findings, key=lambda finding: finding.rule.id)
    assert (rated.rule.id, rated.rule.cwe, rated.severity, rated.message) == (
        "CVE-2026-1",
        (79,),
        Severity.MEDIUM,
        "vulnerable-package 1.0: about Vulnerable.Package",
    )
    assert rated.aliases == ("X-1",)
    assert rated.location == PackageLocation(
        name="vulnerable-package", version="1.0", manifest="requirements.txt", fixed_in=("1.5",)
    )
    assert rated.fix == "upgrade vulnerable-package to >= 1.5"
    assert (unrated.rule.id, unrated.severity) == ("X-2", Severity.HIGH)
    assert [(c.what, c.measured, c.expected) for c in answer.coverage] == [
        ("dependency files", 1, 1),
        ("dependencies", 2, 2),
        ("advisory databases", 1, 1),
    ]
    assert "2 advisories about 1 packages" in answer.notes[1]
    assert "withdrawn: 1" in answer.notes[2]
    assert verdict(answer) is Verdict.FAIL


def test_pins_without_advisories_pass(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("vulnerable-package==2.0\nfine==1")
    assert verdict(audit()) is Verdict.PASS


def test_a_zip_is_as_good_as_a_folder(project: Path, advisories: Path, audit: Callable[..., Answer], tmp_path: Path) -> None:
    (project / "requirements.txt").write_text("vulnerable-package==1.0")
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for file in advisories.iterdir():
            archive.write(file, file.name)
    assert len(audit(advisories=str(tmp_path / "all.zip")).findings) == 2


def test_every_version_that_is_declared_anywhere_is_audited(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("vulnerable-package==2.0")
    (project / "requirements-old.txt").write_text("vulnerable-package==1.9; sys_platform == 'win32'")
    (project / "uv.lock").write_bytes((DATA / "locks" / "uv.lock").read_bytes())
    answer = audit()
    assert covered(answer).measured == covered(answer).expected == 5
    found = {(f.location.version, f.location.manifest) for f in answer.findings if isinstance(f.location, PackageLocation)}
    assert found == {("1.9", "requirements-old.txt")}
    assert [item.item for item in covered(answer).excluded] == ["our-lib", "shop"]


# Each makes pip-audit itself, run over the same file, say nothing of it, or resolve it with pip over the network.
PASSED_OVER = (
    "open>=1",
    "elsewhere @ https://example.org/elsewhere.zip",
    "-r gone.txt",
    "-r ../outside.txt",
    "-e git+https://example.org/x.git#egg=x",
    "${HIDDEN}",
    "--req gone.txt",
    "name==1.0 and more",
)


def test_what_pip_audit_would_pass_over_is_missing(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("\n".join([*PASSED_OVER, "fine==1"]))
    answer = audit()
    assert (covered(answer).measured, covered(answer).expected) == (1, len(PASSED_OVER) + 1)
    named = " ".join(missing.item for missing in covered(answer).missing)
    assert [line for line in PASSED_OVER if line.removeprefix("-r ").removeprefix("-e ") not in named] == []
    assert verdict(answer) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("files", [{}, {"requirements.txt": "# nothing\n"}, {"pyproject.toml": "[project]\nname = 'a'"}])
def test_no_dependency_at_all_is_nothing_to_scan(files: dict[str, str], project: Path, audit: Callable[..., Answer]) -> None:
    for name, text in files.items():
        (project / name).write_text(text)
    with pytest.raises(NothingToScan):
        audit()


def test_a_dependency_file_that_cannot_be_read_is_missing(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("fine==1")
    (project / "poetry.lock").write_text("<<<<<<< HEAD")
    (project / "setup.py").write_text("setup(install_requires=READ)")
    (project / "requirements-big.txt").write_bytes(b"#" * ((8 << 20) + 1))
    os.mkfifo(project / "requirements-pipe.txt")
    answer = audit()
    files = covered(answer, "dependency files")
    assert sorted(item.item for item in files.missing) == ["poetry.lock", "requirements-big.txt", "requirements-pipe.txt"]
    assert verdict(answer) is Verdict.INCONCLUSIVE


def test_internal_packages_are_not_asked_about_and_shown(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("our-lib==1\nfine==1")
    answer = audit(internal=["our-*"])
    assert covered(answer).expected == 1
    assert [item.item for item in covered(answer).excluded] == ["our-lib"]
    assert verdict(answer) is Verdict.PASS


def test_an_environment_is_audited_without_being_started(project: Path, audit: Callable[..., Answer]) -> None:
    place = project / ".venv" / "lib" / "python3.11" / "site-packages" / "vulnerable_package-1.0.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text("Metadata-Version: 2.1\nName: vulnerable-package\nVersion: 1.0\n")
    (project / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (place.parent / "evil.pth").write_text("import os; os._exit(0)\n")
    answer = audit(environment=".venv")
    assert len(answer.findings) == 2
    assert covered(answer).measured == 1


def test_an_old_database_still_finds_and_never_passes(project: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("jinja2==3.1.6")
    answer = audit(advisories=str(DATA / "advisories"))
    (missing,) = covered(answer, "advisory databases").missing
    assert "its newest advisory is of 2024-09-24" in missing.reason
    assert verdict(answer) is Verdict.INCONCLUSIVE
    (project / "requirements.txt").write_text("jinja2==2.10")
    answer = audit(advisories=str(DATA / "advisories"), max_age="36500 d")
    assert covered(answer, "advisory databases").missing == ()
    assert verdict(answer) is Verdict.FAIL


def test_a_database_from_the_future_never_passes(project: Path, advisories: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("fine==1")
    (advisories / "later.json").write_text(json.dumps(advisory("X-9", "other", modified="2999-01-01T00:00:00Z")))
    assert verdict(audit()) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.json", b'{"id": "X-5", "modified": "2026', "cut.json"),
        ("two.json", json.dumps(advisory("X-5", "a", schema_version="2.0.0")).encode(), "schema 2.0.0"),
        ("deep.json", b'{"x":' + b"[" * 100_000, "recursion"),
        ("PYSEC-1.yaml", b"id: X", "YAML"),
    ],
)
def test_a_database_that_is_not_whole_is_no_answer(
    name: str, content: bytes, reason: str, project: Path, advisories: Path, audit: Callable[..., Answer]
) -> None:
    (project / "requirements.txt").write_text("fine==1")
    (advisories / name).write_bytes(content)
    with pytest.raises(ToolFailed, match=reason) as caught:
        audit()
    assert "OSV" in caught.value.fix


def test_an_empty_or_absent_database_is_no_answer(project: Path, tmp_path: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("fine==1")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ToolFailed, match="holds no advisory"):
        audit(advisories=str(tmp_path / "empty"))
    with pytest.raises(ToolFailed, match="neither a folder nor a zip"):
        audit(advisories="gone")


def test_a_zip_bomb_is_refused_within_the_gates_limits(project: Path, tmp_path: Path, audit: Callable[..., Answer]) -> None:
    (project / "requirements.txt").write_text("fine==1")
    block = b" " * (16 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("0.json", block)
    # The same packed bytes listed 200 times: 3 GiB when unpacked.
    content = (tmp_path / "bomb.zip").read_bytes()
    start = content.index(b"PK\1\2")
    entry = content[start : content.index(b"PK\5\6")]
    entries = b"".join(entry.replace(b"0.json", f"{n:06}"[:1].encode() + b".json") for n in range(200))
    tail = bytearray(content[content.index(b"PK\5\6") :])
    tail[8:12] = (200).to_bytes(2, "little") * 2
    tail[12:16] = len(entries).to_bytes(4, "little")
    (tmp_path / "bomb.zip").write_bytes(content[:start] + entries + tail)
    with pytest.raises(ToolFailed, match="larger than 2048 MiB"):
        audit(advisories=str(tmp_path / "bomb.zip"))


def test_a_hostile_project_runs_nothing_and_redirects_nothing(
    project: Path, audit: Callable[..., Answer], tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'w').close()\n"
    for name in ("sitecustomize.py", "usercustomize.py", "conftest.py", "setup.py", "pip_audit.py", "msgspec.py", "pip.py"):
        (project / name).write_text(code)
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'sitecustomize'\nbackend-path = ['.']\n"
        "[project]\nname = 'evil'\ndependencies = ['vulnerable-package>=1']\n"
        "[tool.uv]\nindex-url = 'https://evil.example/simple'\n"
    )
    for name in ("pip.conf", "pip/pip.conf", ".pip/pip.conf", "uv.toml"):
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text("[global]\nindex-url = https://evil.example/simple\n")
    (project / "requirements.txt").write_text(
        "\ufeff--index-url https://me:secret@evil.example/simple\n--trusted-host evil.example\n-e .\nvulnerable-package==1.0\n"
    )
    answer = audit()
    assert len(answer.findings) == 2
    assert not ran.exists()
    assert [(place.path, place.line) for place in answer.suppressions] == [("requirements.txt", 1), ("requirements.txt", 2)]
    assert "secret" not in str(answer)
    assert any("other places than the index" in note for note in answer.notes)


def test_the_advisory_server_killed_in_the_middle_is_no_answer(
    project: Path, advisories: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (project / "requirements.txt").write_text("".join(f"fine{number}==1\n" for number in range(60)))

    def kill_the_server() -> None:
        for child in servers():
            child.kill()

    def later(text: str) -> None:
        if text.startswith("auditing"):
            threading.Timer(0.3, kill_the_server).start()

    def servers() -> list[psutil.Process]:
        below = psutil.Process().children(recursive=True)
        return [child for child in below if "sdlc_gates.osv.server" in child.cmdline() and "--" not in child.cmdline()]

    with pytest.raises(ToolFailed):
        make_gate(PipAudit, advisories=str(advisories)).check(replace(workspace(project), say=later))
    assert servers() == []


def test_stopping_a_run_ends_the_server_and_the_tool(
    project: Path, advisories: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (project / "requirements.txt").write_text("".join(f"fine{number}==1\n" for number in range(200)))
    work = workspace(project)
    stopping = replace(work, say=lambda text: work.cancel.set() if text.startswith("auditing") else None)
    before = psutil.Process().children(recursive=True)
    with pytest.raises(Cancelled):
        make_gate(PipAudit, advisories=str(advisories)).check(stopping)
    assert [child for child in psutil.Process().children(recursive=True) if child not in before] == []


def test_what_was_asked_and_answered_is_evidence(
    project: Path, advisories: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (project / "requirements.txt").write_text("vulnerable-package==1.0")
    work = workspace(project)
    make_gate(PipAudit, advisories=str(advisories)).check(work)
    kept = {Path(file.path).name: file for run in work.evidence for file in run.files}
    assert [(run.tool, run.exit_code) for run in work.evidence] == [
        ("sdlc-dependencies", 0),
        ("pip-audit", 1),
        ("osv-on-disk", 0),
    ]
    assert {"declared-report.json", "audit-0-pins.txt", "audit-0-report.json", "advisories.answers", "advisories.json"} <= set(
        kept
    )
    assert (work.directory.path / kept["audit-0-pins.txt"].path).read_text() == "vulnerable-package==1.0\n"


@pytest.mark.parametrize("service", ["pypi", "osv"])
def test_a_service_on_the_network_reports_or_is_no_answer(
    service: str, project: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    """With internet, the pin is reported; without, whatever stands in for it (404s, no name, a proxy) is never a pass."""
    (project / "requirements.txt").write_text("jinja2==2.10")
    work = workspace(project)
    try:
        answer = make_gate(PipAudit, service=service).check(work)
    except ToolFailed as error:
        result: Completed | Errored = Errored(gate="pip-audit", fault=error.fault, reason=str(error))
    else:
        result = Completed(gate="pip-audit", answer=answer)
        assert bool(answer.findings) != bool(covered(answer).missing)
    assert decide([result], Policy(required=("pip-audit",)), NOW).verdict is not Verdict.PASS


def test_it_catches_its_canary_with_a_database_on_disk(
    project: Path, advisories: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    (project / "requirements.txt").write_text("fine==1")
    gate = make_gate(PipAudit, advisories=str(advisories), internal=["*"], max_age="1 d")
    with gate.plant(workspace(project)) as (planted_gate, planted):
        answer = planted_gate.check(planted)
        assert planted_gate.caught(answer)
        assert not planted_gate.caught(msgspec.structs.replace(answer, findings=()))
    assert gate.proof_rests_on()


def test_the_canary_of_a_service_goes_through_that_service(
    project: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    gate = make_gate(PipAudit, service="pypi")
    assert gate.proof_rests_on() is None
    with gate.plant(workspace(project)) as (planted_gate, planted):
        try:
            answer = planted_gate.check(planted)
        except GateError:
            return
        assert planted_gate.caught(answer) is (covered(answer).measured == 1)
