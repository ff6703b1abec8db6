"""The example's advisory database, and the pins it is about."""

from __future__ import annotations

import datetime
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

SOURCE = Path(__file__).parents[3] / "examples" / "shop"
ADVISORIES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((SOURCE / "advisories").glob("*.json"))
}


def pins(variant: str) -> dict[str, Version]:
    """The pinned versions by package; fails for a line that pins none."""
    lines = (SOURCE / "variants" / variant / "requirements.txt").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    specifiers = [next(iter(one.specifier)) for one in wanted]
    assert {one.operator for one in specifiers} == {"=="}
    return {canonicalize_name(one.name): Version(pin.version) for one, pin in zip(wanted, specifiers, strict=True)}


def in_ranges(version: Version, affected: dict[str, Any]) -> bool:
    """Whether the version lies in one of the ranges, each an introduced and a fixed event."""
    bounds = [(span["events"][0]["introduced"], span["events"][1]["fixed"]) for span in affected["ranges"]]
    return any((start == "0" or Version(start) <= version) and version < Version(end) for start, end in bounds)


def affecting(variant: str) -> set[str]:
    pinned = pins(variant)
    return {
        advisory
        for advisory, record in ADVISORIES.items()
        for affected in record["affected"]
        if affected["package"]["name"] in pinned and in_ranges(pinned[affected["package"]["name"]], affected)
    }


def test_the_vulnerable_pins_are_affected_and_the_fixed_are_not() -> None:
    assert affecting("vulnerable") == set(ADVISORIES) - {"GHSA-462w-v97r-4m45"}
    assert affecting("fixed") == set()


def test_the_readme_says_which_advisory_affects_which_build() -> None:
    rows = [row.split("|") for row in (SOURCE / "advisories/README.md").read_text().splitlines() if row.startswith("| GHSA")]
    assert {row[1].split()[0] for row in rows} == set(ADVISORIES)
    for column, variant in ((3, "vulnerable"), (4, "fixed")):
        assert {row[1].split()[0] for row in rows if row[column].strip() == "affected"} == affecting(variant)


@pytest.mark.parametrize("advisory", ADVISORIES)
def test_an_advisory_is_complete_osv(advisory: str) -> None:
    record = ADVISORIES[advisory]
    assert record["id"] == advisory
    assert record["schema_version"].startswith("1.")
    assert record["aliases"][0].startswith("CVE-")
    published, modified = (datetime.datetime.fromisoformat(record[key]) for key in ("published", "modified"))
    assert published <= modified
    assert record["severity"][0]["type"] in {"CVSS_V3", "CVSS_V4"}
    assert record["severity"][0]["score"].startswith(f"CVSS:{record['severity'][0]['type'][-1]}.")
    assert record["summary"]
    assert record["details"]


@pytest.mark.parametrize("advisory", ADVISORIES)
def test_the_versions_listed_are_those_in_the_ranges(advisory: str) -> None:
    for affected in ADVISORIES[advisory]["affected"]:
        assert affected["versions"]
        assert all(in_ranges(Version(version), affected) for version in affected["versions"])


def test_the_fixed_build_pins_what_its_packages_need() -> None:
    pinned = pins("fixed")
    needed = {
        canonicalize_name(requirement.name): requirement.specifier
        for name in pinned
        for requirement in map(Requirement, importlib.metadata.requires(name) or [])
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert set(needed) <= set(pinned)
    assert all(pinned[name] in specifier for name, specifier in needed.items())
