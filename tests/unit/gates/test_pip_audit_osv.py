"""Advisories on disk: which versions they speak of, and which databases can't be relied on."""

from __future__ import annotations

import datetime
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version
from sdlc_gates.osv import database
from sdlc_gates.osv.database import DatabaseInvalid, load
from sdlc_gates.osv.record import Affected, Record, advice, affects

ADVISORIES = Path(__file__).parents[2] / "data" / "pip-audit" / "advisories"


def advisory(id: str = "X-1", package: str = "a", ecosystem: str = "PyPI", **more: Any) -> dict[str, Any]:
    ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]}]
    affected = [{"package": {"ecosystem": ecosystem, "name": package}, "ranges": ranges}]
    return {"id": id, "modified": "2026-01-02T03:04:05Z", "affected": affected, **more}


def entry(*events: dict[str, str], versions: list[str] | None = None, kind: str = "ECOSYSTEM") -> Affected:
    ranges = [{"type": kind, "events": list(events)}] if events else []
    return msgspec.convert({"ranges": ranges, "versions": versions}, Affected)


@pytest.mark.parametrize(
    ("events", "inside", "outside"),
    [
        (
            [{"introduced": "0"}, {"fixed": "2"}],
            ["0.dev0", "1.99", "2rc1", "1.0+cpu"],
            ["2", "2.0.0", "2.post1", "2.0+cpu", "1!0"],
        ),
        ([{"introduced": "1"}, {"last_affected": "2"}], ["1", "1.0.0", "2", "2+cpu"], ["0.9", "2.0.1"]),
        ([{"fixed": "2"}, {"introduced": "0"}], ["1"], ["2"]),
        ([{"introduced": "0"}, {"fixed": "1"}, {"introduced": "2"}, {"fixed": "3"}], ["0.5", "2.1"], ["1", "1.5", "3"]),
        ([{"introduced": "1"}], ["1", "99"], ["0.9"]),
        ([{"introduced": "0"}, {"fixed": "no-version"}], ["1", "99"], []),
        ([{"introduced": "no-version"}, {"fixed": "2"}], ["0", "1"], ["2"]),
        ([{"fixed": "2"}], ["1"], ["2"]),
        ([{"introduced": "0"}, {"limit": "1"}], ["1", "99"], []),
        ([{"introduced": "0", "fixed": "2"}], ["1"], ["2"]),
        ([{"introduced": "0"}, {"fixed": "1"}, {"introduced": "1"}, {"fixed": "2"}], ["0.5", "1", "1.5"], ["2"]),
    ],
)
@pytest.mark.parametrize("kind", ["ECOSYSTEM", "SEMVER"])
def test_a_range_holds_the_versions_that_its_events_enclose(
    events: list[dict[str, str]], inside: list[str], outside: list[str], kind: str
) -> None:
    span = entry(*events, kind=kind)
    assert [version for version in inside if not affects(span, Version(version))] == []
    assert [version for version in outside if affects(span, Version(version))] == []


def test_versions_are_compared_as_versions_not_as_text() -> None:
    listed = entry(versions=["3.2", "junk", "4.0.0"])
    assert affects(listed, Version("3.2.0"))
    assert affects(listed, Version("4"))
    assert affects(listed, Version("4+local"))
    assert not affects(listed, Version("3.2.1"))


def test_a_listed_version_counts_even_outside_the_range() -> None:
    assert affects(entry({"introduced": "0"}, {"fixed": "2"}, versions=["2.1"]), Version("2.1"))


def test_an_entry_that_names_no_version_means_every_version() -> None:
    assert affects(entry(), Version("1"))
    assert affects(entry({"introduced": "abc"}, kind="GIT"), Version("1"))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["introduced", "fixed", "last_affected"]), st.integers(0, 6)), max_size=6),
    st.integers(0, 6),
)
def test_the_order_of_events_does_not_matter(pairs: list[tuple[str, int]], version: int) -> None:
    events = [{kind: str(number)} for kind, number in pairs] or [{"introduced": "0"}]
    asked = Version(str(version))
    assert affects(entry(*events), asked) == affects(entry(*reversed(events)), asked)


def test_advice_gathers_what_a_reader_needs() -> None:
    record = msgspec.convert(
        advisory(
            aliases=["CVE-1"],
            details="one\ntwo  three",
            severity=[{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
            database_specific={"cwe_ids": ["CWE-79", "no", 3, "CWE-²"], "severity": 7},
        ),
        Record,
    )
    said = advice(record, record.about()["a"], Version("1"))
    assert said is not None
    assert (said.severity, said.because, said.cwe, said.fixed) == ("high", "", (79,), ("2",))
    assert said.summary == "one two three"
    assert advice(record, record.about()["a"], Version("2")) is None


def written(folder: Path, *records: object) -> Path:
    folder.mkdir(exist_ok=True)
    for number, record in enumerate(records):
        (folder / f"{number}.json").write_text(json.dumps(record))
    return folder


def zipped(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_folder_and_a_zip_of_it_are_the_same_database(tmp_path: Path) -> None:
    members = {file.name: file.read_bytes() for file in ADVISORIES.iterdir()}
    _, from_folder = load(ADVISORIES)
    held, from_zip = load(zipped(tmp_path / "all.zip", members))
    assert from_folder == from_zip
    assert (from_zip.advisories, from_zip.packages) == (3, 2)
    assert from_zip.newest == datetime.datetime(2024, 9, 24, 20, 5, 2, tzinfo=datetime.UTC)
    assert [said.id for said in held.advice("jinja2", Version("2.10"))] == ["GHSA-462w-v97r-4m45", "PYSEC-2019-217"]
    assert held.advice("jinja2", Version("2.10.1")) == ()


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "db",
        advisory(),
        advisory("X-2", withdrawn="2026-02-01T00:00:00Z", modified="2026-03-01T00:00:00Z"),
        advisory("X-3", ecosystem="npm", modified="2027-01-01T00:00:00Z"),
        {"id": "X-4", "modified": "2027-01-01T00:00:00Z"},
    )
    (folder / "README.md").write_text("hello")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.json").write_text("not read")
    held, summary = load(folder)
    assert (summary.advisories, summary.withdrawn, summary.foreign, summary.other_files) == (1, 1, 2, 1)
    assert summary.newest.month == 3
    assert [said.id for said in held.advice("a", Version("1"))] == ["X-1"]


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([], "holds no advisory"),
        ([advisory(ecosystem="npm")], "holds no advisory"),
        ([advisory(withdrawn="2026-01-01T00:00:00Z")], "holds no advisory"),
        ([advisory(), advisory("X-2", schema_version="2.0.0")], "OSV schema 2.0.0"),
        ([advisory(), {"id": "X-2"}], "missing required field `modified`"),
        ([advisory(), advisory("X-2", modified="yesterday")], "RFC3339"),
        ([advisory(), advisory("X-2", schema_version="new")], "not an OSV record"),
        ([advisory(), [1]], "not an OSV record"),
        ([advisory(), advisory("X-2", affected="everything")], "not an OSV record"),
    ],
)
def test_a_database_with_one_record_that_is_none_is_no_database(records: list[object], reason: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseInvalid, match=reason):
        load(written(tmp_path / "db", *records))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("b.json", b"", "not an OSV record"),
        ("b.json", json.dumps(advisory()).encode()[:-1], "not an OSV record"),
        ("b.json", b"\xff\xfe{}", "not an OSV record"),
        ("b.json", b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "recursion"),
        ("PYSEC-2026-1.yaml", b"id: PYSEC-2026-1", "YAML"),
    ],
)
def test_a_broken_file_is_named(name: str, content: bytes, reason: str, tmp_path: Path) -> None:
    folder = written(tmp_path / "db", advisory())
    (folder / name).write_bytes(content)
    with pytest.raises(DatabaseInvalid, match=rf"{name}.*{reason}"):
        load(folder)
    with pytest.raises(DatabaseInvalid, match=rf"{name}.*{reason}"):
        load(zipped(tmp_path / "db.zip", {"0.json": json.dumps(advisory()).encode(), name: content}))


def test_links_and_missing_paths_are_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "db", advisory())
    (folder / "z.json").symlink_to(folder / "0.json")
    with pytest.raises(DatabaseInvalid, match="not a regular file"):
        load(folder)
    with pytest.raises(DatabaseInvalid, match="neither a folder nor a zip"):
        load(tmp_path / "gone")


def test_a_zip_that_unpacks_without_bound_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = zipped(tmp_path / "bomb.zip", {f"{number}.json": b" " * (15 << 20) for number in range(3)})
    assert bomb.stat().st_size < 1 << 20
    monkeypatch.setattr(database, "MAX_TOTAL_BYTES", 40 << 20)
    with pytest.raises(DatabaseInvalid, match="unpacked"):
        load(bomb)


def test_one_member_that_is_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatabaseInvalid, match="larger than 16 MiB"):
        load(zipped(tmp_path / "bomb.zip", {"a.json": b" " * ((16 << 20) + 1)}))


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MAX_FILES", 2)
    with pytest.raises(DatabaseInvalid, match="more than 2 files"):
        load(written(tmp_path / "db", advisory(), advisory(), advisory()))


def test_a_member_that_says_it_is_smaller_than_it_is_is_refused(tmp_path: Path) -> None:
    content = json.dumps(advisory()).encode()
    path = zipped(tmp_path / "lie.zip", {"a.json": content}, zipfile.ZIP_STORED)
    size = len(content).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(DatabaseInvalid):
        load(path)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_damaged_zip_is_refused_or_holds_less_never_more(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", json.dumps(advisory()))
        archive.writestr("b.json", json.dumps(advisory("X-2")))
    content = bytearray(buffer.getvalue())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("zip") / "damaged.zip"
    path.write_bytes(content[: data.draw(st.integers(place, len(content)))])
    try:
        _, summary = load(path)
    except DatabaseInvalid:
        return
    assert summary.advisories <= 2


def test_a_cut_zip_is_refused(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "db.zip", {"a.json": json.dumps(advisory()).encode()}).read_bytes()
    for end in range(0, len(whole), 7):
        (tmp_path / "cut.zip").write_bytes(whole[:end])
        with pytest.raises(DatabaseInvalid):
            load(tmp_path / "cut.zip")
