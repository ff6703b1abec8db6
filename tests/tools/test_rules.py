"""Every rule of our own pack against its samples, as the real Semgrep judges them in one run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sysconfig
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "gates" / "sdlc_gates" / "rules"
SAMPLES = ROOT / "tests" / "data" / "rules"
SPLIT = "~~"
"""Stands in tokens of committed samples, so that nobody's secret scanner takes them for real ones."""
ALTERNATIVES = ("pattern-either", "pattern-sinks", "pattern-sources")
LEAVES = frozenset({"pattern", "pattern-regex"})

Node = dict[str, Any]
Steps = tuple[tuple[str, int], ...]


def _rules() -> Iterator[tuple[Path, Node]]:
    for file in sorted(RULES.glob("*.yaml")):
        for rule in yaml.safe_load(file.read_text())["rules"]:
            yield file, rule


ORIGINS = tuple(_rules())
PACK = {rule["id"]: rule for _, rule in ORIGINS}
SHARED = PACK["python-sql-injection"]
every_rule = pytest.mark.parametrize("id", PACK)


def _leaves(node: Node) -> Iterator[Steps]:
    """The way to each pattern that makes a rule report something."""
    for key in (*ALTERNATIVES, "patterns"):
        for number, child in enumerate(node.get(key, [])):
            if LEAVES & child.keys():
                yield ((key, number),)
            for rest in _leaves(child):
                yield ((key, number), *rest)


def _only(node: Node, steps: Steps) -> Node:
    """The node without the alternatives beside the way."""
    if not steps:
        return node
    (key, number), *rest = steps
    kept = _only(node[key][number], tuple(rest))
    if key in ALTERNATIVES:
        return {**node, key: [kept]}
    return {**node, key: [*node[key][:number], kept, *node[key][number + 1 :]]}


def _leaf(node: Node, steps: Steps) -> object:
    for key, number in steps:
        node = node[key][number]
    return next(node[key] for key in LEAVES if key in node)


def _variants() -> Iterator[tuple[str, str, object, Node]]:
    """Each rule cut down to one of its patterns: the rule's id, the variant's, the pattern, the variant."""
    for id, rule in PACK.items():
        for number, steps in enumerate(_leaves(rule)):
            if steps[0][0] == "pattern-sources" and rule is not SHARED and rule["pattern-sources"] == SHARED["pattern-sources"]:
                continue
            variant = f"{id}--{number}"
            yield id, variant, _leaf(rule, steps), {**_only(rule, steps), "id": variant}


@dataclass(frozen=True)
class Scan:
    """What one run of Semgrep found: by rule, then by sample (relative path), the first lines."""

    found: Mapping[str, Mapping[str, frozenset[int]]]
    samples: Mapping[str, str]
    """The text of each, by relative path."""

    def of(self, id: str) -> dict[str, frozenset[int]]:
        """The rule's findings in its own samples."""
        return {path: lines for path, lines in self.found.get(id, {}).items() if path.startswith(f"{id}/")}


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    work = tmp_path_factory.mktemp("pack")
    files = [path for path in sorted(SAMPLES.rglob("*")) if path.is_file()]
    samples = {str(path.relative_to(SAMPLES)): path.read_text().replace(SPLIT, "") for path in files}
    for name, text in samples.items():
        place = work / "samples" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    rules = [*PACK.values(), *(variant for _, _, _, variant in _variants())]
    (work / "rules.json").write_text(json.dumps({"rules": rules}))
    report = _semgrep(work)
    assert report["errors"] == []
    assert len(report["paths"]["scanned"]) == len(samples)
    found: dict[str, dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for result in report["results"]:
        name = str(Path(result["path"]).relative_to("samples"))
        found[result["check_id"]][name].add(result["start"]["line"])
    frozen = {id: {name: frozenset(lines) for name, lines in by.items()} for id, by in found.items()}
    return Scan(found=frozen, samples=samples)


def _semgrep(work: Path) -> Any:
    (work / ".semgrepignore").write_text("")
    tool = Path(sysconfig.get_path("scripts")) / "semgrep"
    options = ["--metrics", "off", "--disable-version-check", "--strict", "--no-git-ignore", "--timeout", "0"]
    quiet = {"SEMGREP_SEND_METRICS": "off", "SEMGREP_ENABLE_VERSION_CHECK": "0"}
    run = subprocess.run(
        [tool, "scan", *options, "--config", "rules.json", "--json", "samples"],
        cwd=work,
        env={**os.environ, **quiet},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr.decode()
    return json.loads(run.stdout)


def _marked(text: str) -> frozenset[int]:
    """Lines that end in `# bad`, and those after a line `# bad below`."""
    lines = text.splitlines()
    marked = {number for number, line in enumerate(lines, 1) if re.search(r"# bad(?: -->)?$", line)}
    return frozenset(marked | {number + 1 for number, line in enumerate(lines, 1) if line.endswith("# bad below")})


@pytest.mark.tool
@every_rule
def test_a_rule_finds_the_marked_lines_of_its_bad_samples_and_no_others(id: str, scan: Scan) -> None:
    bad = {path: _marked(text) for path, text in scan.samples.items() if path.startswith(f"{id}/bad")}
    assert bad
    assert all(bad.values())
    assert {path: lines for path, lines in scan.of(id).items() if path in bad} == bad


@pytest.mark.tool
@every_rule
def test_a_rule_finds_nothing_in_its_good_samples(id: str, scan: Scan) -> None:
    assert any(path.startswith(f"{id}/good") for path in scan.samples)
    assert {path: lines for path, lines in scan.of(id).items() if path.startswith(f"{id}/good")} == {}


@pytest.mark.tool
def test_every_pattern_of_every_rule_finds_something_in_a_bad_sample(scan: Scan) -> None:
    """A misspelt module, or a condition on a name that one alternative doesn't bind, makes a pattern that never matches."""
    dead = [
        (id, pattern)
        for id, variant, pattern, _ in _variants()
        if not any(path.startswith(f"{id}/bad") for path in scan.found.get(variant, {}))
    ]
    assert dead == []


@every_rule
def test_a_rule_says_what_is_wrong_how_bad_it_is_and_what_to_do(id: str) -> None:
    rule, metadata = PACK[id], PACK[id]["metadata"]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", id)
    assert rule["severity"] in {"CRITICAL", "HIGH", "MEDIUM", "LOW"}
    assert metadata["cwe"]
    assert all(re.fullmatch(r"CWE-[1-9]\d*", number) for number in metadata["cwe"])
    assert metadata["confidence"] in {"HIGH", "MEDIUM", "LOW"}
    assert metadata["help"].startswith("https://")
    assert len(metadata["title"]) <= 70
    assert metadata["fix"].endswith(".")
    # What is wrong and why, then what to do; no part of the scanned code, which may be hostile.
    assert len(re.findall(r"[.)](?: |$)", rule["message"])) >= 2
    assert "$" not in rule["message"]


def _regexes(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        yield from (value for key, value in node.items() if key == "pattern-regex")
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        yield from _regexes(child)


@every_rule
def test_what_is_matched_against_whole_files_has_a_bound_on_every_repetition(id: str) -> None:
    for regex in _regexes(PACK[id]):
        outside = re.sub(r"\\.|\[\^?[^\]]*\]", "", regex)
        assert not re.search(r"[*+]|\{\d+,\}", outside), regex


def test_ids_are_unique() -> None:
    assert len(PACK) == len(ORIGINS)


def test_every_folder_of_samples_belongs_to_a_rule() -> None:
    assert {path.name for path in SAMPLES.iterdir()} == PACK.keys()


def test_rules_that_start_at_a_web_request_know_the_same_sources_and_harmless_values() -> None:
    """Files can't share a list, so each holds a copy."""
    web = [rule for rule in PACK.values() if "$ROUTE" in json.dumps(rule)]
    assert len(web) >= 9
    harmless = SHARED["pattern-sanitizers"][-3:]
    for rule in web:
        assert rule["pattern-sources"] == SHARED["pattern-sources"], rule["id"]
        assert rule["pattern-propagators"] == SHARED["pattern-propagators"], rule["id"]
        assert rule["pattern-sanitizers"][-3:] == harmless, rule["id"]


def test_the_readme_lists_every_rule_as_its_file_has_it() -> None:
    rows = [
        f"| `{rule['id']}` | {', '.join(rule['metadata']['cwe'])} | {rule['severity'].lower()} | {rule['metadata']['title']} |"
        for _, rule in ORIGINS
    ]
    table = [line for line in (RULES / "README.md").read_text().splitlines() if line.startswith("| `")]
    assert table == rows
