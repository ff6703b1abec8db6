"""The run directory: nothing in it can be changed without being noticed."""

from __future__ import annotations

import datetime
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sdlc import evidence, latest
from sdlc.errors import ConfigError, EvidenceInvalid
from sdlc.evidence import MANIFEST, RUN, RunDirectory

NOW = datetime.datetime(2026, 5, 10, 12, 30, 0, 42_000, tzinfo=datetime.UTC)


@pytest.fixture
def sealed(tmp_path: Path) -> RunDirectory:
    """A sealed run with two pieces of evidence."""
    directory = RunDirectory.create(tmp_path, NOW)
    scratch = directory.scratch("lint")
    for name in ("out.json", "scan.stderr"):
        (scratch / name).write_text(name)
        directory.keep("lint", scratch / name, name)
    directory.write(RUN, b"{}")
    directory.seal()
    return directory


def test_a_sealed_run_is_whole(sealed: RunDirectory) -> None:
    sealed.verify()
    assert sealed.id.startswith("20260510T123000042Z-")
    assert not (sealed.path / "scratch").exists()
    assert (sealed.path.parents[1] / ".gitignore").read_text() == "*\n"


def replaced_by_link(file: Path) -> None:
    copy = file.with_name("copy-elsewhere")
    shutil.copy(file, file.parents[3] / copy.name)
    file.unlink()
    file.symlink_to(file.parents[3] / copy.name)


def replaced_by_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "other bytes": (lambda file: file.write_bytes(file.read_bytes()[::-1]), "was changed after"),
    "one byte more": (lambda file: file.write_bytes(file.read_bytes() + b" "), "was changed after"),
    "nothing": (lambda file: file.write_bytes(b""), "was changed after"),
    "gone": (Path.unlink, "is gone from"),
    "renamed": (lambda file: file.rename(file.with_name("z")), "is gone from"),
    "a link to the same bytes": (replaced_by_link, "was changed after"),
    "a pipe": (replaced_by_fifo, "was changed after"),
}


@pytest.mark.parametrize("name", [RUN, "evidence/lint/out.json", "evidence/lint/scan.stderr"])
@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_noticed(change: Callable[[Path], object], words: str, name: str, sealed: RunDirectory) -> None:
    change(sealed.path / name)
    with pytest.raises(EvidenceInvalid, match=f"{name} {words}|z was added to"):
        sealed.verify()


ADDITIONS: dict[str, Callable[[Path], object]] = {
    "a file": lambda place: place.write_text("x"),
    "a link": lambda place: place.symlink_to("/etc/passwd"),
    "a link to a folder": lambda place: place.symlink_to("/etc"),
    "a link to nothing": lambda place: place.symlink_to("/nowhere"),
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("folder", ["evidence", "evidence/lint", "evidence/other"])
@pytest.mark.parametrize("add", ADDITIONS.values(), ids=ADDITIONS.keys())
def test_an_addition_is_noticed(add: Callable[[Path], object], folder: str, sealed: RunDirectory) -> None:
    (sealed.path / folder).mkdir(exist_ok=True)
    add(sealed.path / folder / "new")
    with pytest.raises(EvidenceInvalid, match=f"{folder}/new was added to"):
        sealed.verify()


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b'{"files": 3}', b"[" * 200_000, b'{"files": [], "more": 1}', b"\xff", b'{"files":[]}'],
    ids=["empty", "no list", "a number", "nested deeply", "an unknown key", "not UTF-8", "an empty list"],
)
def test_a_manifest_that_is_none_is_refused(content: bytes, sealed: RunDirectory) -> None:
    (sealed.path / MANIFEST).write_bytes(content)
    with pytest.raises(EvidenceInvalid):
        sealed.verify()


def test_a_manifest_that_is_gone_is_refused(sealed: RunDirectory) -> None:
    (sealed.path / MANIFEST).unlink()
    with pytest.raises(EvidenceInvalid, match="can't be read"):
        sealed.verify()


def test_a_manifest_can_not_vouch_for_a_file_elsewhere(sealed: RunDirectory) -> None:
    manifest = sealed.path / MANIFEST
    (sealed.path.parent / "outside").write_text("out.json")
    manifest.write_text(manifest.read_text().replace("evidence/lint/out.json", "../outside"))
    with pytest.raises(EvidenceInvalid, match=r"is gone from|was added to"):
        sealed.verify()


@pytest.mark.parametrize("make", [lambda place: place.symlink_to("/etc/hostname"), lambda place: place.mkdir(), os.mkfifo])
def test_only_a_regular_file_becomes_evidence(make: Callable[[Path], object], tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, NOW)
    report = directory.scratch("lint") / "report.json"
    make(report)
    with pytest.raises(EvidenceInvalid, match=r"report\.json is not a regular file"):
        directory.keep("lint", report, "report.json")


def test_evidence_is_never_written_over(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path, NOW)
    scratch = directory.scratch("lint")
    for _ in range(2):
        (scratch / "a").write_text("x")
        if (directory.path / "evidence").exists():
            with pytest.raises(EvidenceInvalid, match="is evidence of another run of the tool already"):
                directory.keep("lint", scratch / "a", "a")
        else:
            directory.keep("lint", scratch / "a", "a")


@pytest.mark.parametrize("part", [".sdlc", ".sdlc/runs"])
def test_a_link_that_the_repository_planted_is_refused(part: str, tmp_path: Path, sealed: RunDirectory) -> None:
    project = tmp_path / "project"
    (project / part).parent.mkdir(parents=True)
    (project / part).symlink_to(tmp_path / part)
    with pytest.raises(ConfigError, match="is a link"):
        RunDirectory.create(project, NOW)
    with pytest.raises(ConfigError, match="is a link"):
        RunDirectory.find(project, "latest")


def test_a_gitignore_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / ".sdlc").mkdir()
    (tmp_path / ".sdlc" / ".gitignore").symlink_to(tmp_path / "victim")
    RunDirectory.create(tmp_path, NOW)
    assert not (tmp_path / "victim").exists()


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".sdlc").write_text("a file")
    with pytest.raises(ConfigError, match=r"can't be made \(Not a directory\); choose a writable place with --runs"):
        RunDirectory.create(tmp_path, NOW)


def test_many_runs_at_once_never_share_a_folder(tmp_path: Path) -> None:
    made: list[RunDirectory] = []
    threads = [threading.Thread(target=lambda: made.append(RunDirectory.create(tmp_path, NOW))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({directory.path for directory in made}) == 20


def ended(root: Path, second: int) -> RunDirectory:
    directory = RunDirectory.create(root, NOW.replace(second=second))
    directory.begin()
    directory.write(RUN, b"{}")
    directory.seal()
    return directory


def test_a_run_is_found_by_its_folder_its_name_or_as_the_latest(tmp_path: Path) -> None:
    first, last = ended(tmp_path, 1), ended(tmp_path, 2)
    assert RunDirectory.find(tmp_path, "latest").path == last.path
    assert RunDirectory.find(tmp_path, first.id).path == first.path
    assert RunDirectory.find(tmp_path, first.id[:-2]).path == first.path
    assert RunDirectory.find(Path("/nowhere"), str(first.path)).path == first.path
    with pytest.raises(ConfigError, match="several runs begin so"):
        RunDirectory.find(tmp_path, "2026")
    with pytest.raises(ConfigError, match=f"2027: no such run; known: {first.id}, {last.id}"):
        RunDirectory.find(tmp_path, "2027")


def test_a_run_that_the_repository_brings_along_proves_nothing(tmp_path: Path) -> None:
    planted = ended(tmp_path, 1)
    for arguments in (["init", "-q"], ["add", "-f", ".sdlc"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    for name in ("latest", planted.id, str(planted.path)):
        with pytest.raises(EvidenceInvalid, match="is part of the repository"):
            RunDirectory.find(tmp_path, name)
    own = ended(tmp_path, 2)
    assert RunDirectory.find(tmp_path, "latest").path == own.path


def test_outside_git_a_run_that_never_began_here_is_never_the_latest(tmp_path: Path) -> None:
    elsewhere = ended(tmp_path / "elsewhere", 1)
    shutil.copytree(tmp_path / "elsewhere" / ".sdlc", tmp_path / "here" / ".sdlc")
    with pytest.raises(EvidenceInvalid, match=f"no run is remembered to have begun .* name one: {elsewhere.id}"):
        RunDirectory.find(tmp_path / "here", "latest")
    assert RunDirectory.find(tmp_path / "here", elsewhere.id).id == elsewhere.id


def test_a_folder_called_like_a_run_is_never_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move(ended(tmp_path / "elsewhere", 1).path, tmp_path / "latest")
    shutil.copytree(tmp_path / "latest", tmp_path / "2026")
    monkeypatch.chdir(tmp_path)
    for name in ("latest", "2026"):
        with pytest.raises(ConfigError, match="no such run"):
            RunDirectory.find(tmp_path, name)
    assert RunDirectory.find(tmp_path, "./latest").path == Path("latest")


def test_a_link_among_the_runs_is_none(tmp_path: Path) -> None:
    elsewhere = ended(tmp_path / "elsewhere", 1)
    (tmp_path / ".sdlc" / "runs").mkdir(parents=True)
    (tmp_path / ".sdlc" / "runs" / elsewhere.id).symlink_to(elsewhere.path)
    for name in ("latest", elsewhere.id):
        with pytest.raises(ConfigError, match="no such run"):
            RunDirectory.find(tmp_path, name)


def test_a_run_that_was_killed_has_no_verdict_and_hides_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="latest: no such run; known: none"):
        RunDirectory.find(tmp_path, "latest")
    good = ended(tmp_path, 1)
    killed = RunDirectory.create(tmp_path, NOW.replace(second=2))
    killed.begin()
    for name in ("latest", killed.id, str(killed.path)):
        with pytest.raises(EvidenceInvalid, match="has no verdict: it was stopped before it had one"):
            RunDirectory.find(tmp_path, name)
    assert RunDirectory.find(tmp_path, good.id).path == good.path
    shutil.rmtree(killed.path)
    with pytest.raises(EvidenceInvalid, match="the run that began last, is gone"):
        RunDirectory.find(tmp_path, "latest")


@pytest.mark.parametrize("lost", [RUN, MANIFEST])
def test_a_run_that_lost_a_file_is_none(lost: str, tmp_path: Path) -> None:
    (ended(tmp_path, 3).path / lost).unlink()
    with pytest.raises(EvidenceInvalid):
        RunDirectory.find(tmp_path, "latest").verify()


def test_with_a_clock_that_was_set_back_nothing_is_the_latest(tmp_path: Path) -> None:
    early, late = ended(tmp_path, 2), ended(tmp_path, 1)
    with pytest.raises(EvidenceInvalid, match=f"{late.id} began last, and {early.id} is dated later"):
        RunDirectory.find(tmp_path, "latest")


def test_what_nobody_can_remember_is_no_error_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(latest, "place", full)
    run = ended(tmp_path, 1)
    assert RunDirectory.find(tmp_path, run.id).path == run.path
    with pytest.raises(EvidenceInvalid, match="no run is remembered"):
        RunDirectory.find(tmp_path, "latest")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = RunDirectory.create(tmp_path, NOW)
    directory.write(RUN, b"old")

    def full(file: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        directory.write(RUN, b"new")
    assert (directory.path / RUN).read_bytes() == b"old"


def test_text_with_half_a_character_can_be_stored() -> None:
    assert evidence.storable("a\udcff \U0001f600") == "a\\udcff \U0001f600"
