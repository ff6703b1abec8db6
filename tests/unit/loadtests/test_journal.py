"""Journals of load tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sdlc_loadtests.journal import File, Journal


def test_a_journal_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    journal = Journal(File(tmp_path / "a.ndjson"))
    journal.write("hello", who="é")
    assert [path.name for path in tmp_path.iterdir()] == ["a.ndjson.part"]
    journal.end(complete=True)
    journal.write("late")
    journal.end(complete=False)
    assert [path.name for path in tmp_path.iterdir()] == ["a.ndjson"]
    lines = [json.loads(line) for line in (tmp_path / "a.ndjson").read_text().splitlines()]
    assert [(line["kind"], line["seq"]) for line in lines] == [("hello", 0), ("end", 1)]
    assert lines[-1]["lines"] == 2


def test_two_processes_never_write_the_same_journal(tmp_path: Path) -> None:
    File(tmp_path / "a.ndjson")
    with pytest.raises(FileExistsError):
        File(tmp_path / "a.ndjson")
