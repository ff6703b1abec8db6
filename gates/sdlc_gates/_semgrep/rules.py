"""Rules, read from YAML and compiled into the one JSON file that Semgrep starts fastest with."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sdlc.errors import ConfigError
from sdlc.model import Missing, Rule
from sdlc.registry import nearest
from sdlc_gates._semgrep import languages, remote

HOUSE = Path(__file__).parent.parent / "rules"
SUFFIXES = frozenset({".yaml", ".yml", ".json"})
MAX_COMPILED_BYTES = 32 << 20
MAX_FILE_BYTES = 32 << 20
MAX_MERGED = 100_000
_CWE = re.compile(r"CWE-(\d{1,5})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule as it will be given to Semgrep."""

    id: str
    languages: frozenset[str]
    origin: str
    filtered: bool
    """Whether it names the paths that it is for."""
    content: dict[str, Any]

    def reads(self, spoken: frozenset[str]) -> bool:
        """Whether it is for a file in these languages, as far as their names tell."""
        return bool(self.languages & spoken)


@dataclass(frozen=True)
class RuleSet:
    """The rules of one scan, each id once."""

    rules: tuple[LoadedRule, ...]
    excluded: tuple[Missing, ...] = ()

    @functools.cached_property
    def languages(self) -> frozenset[str]:
        """Every language that a rule is for."""
        return frozenset().union(*(rule.languages for rule in self.rules))

    @functools.cached_property
    def dependable(self) -> frozenset[str]:
        """Languages of rules that name no paths, so that each file in them must be read."""
        return frozenset().union(*(rule.languages for rule in self.rules if not rule.filtered))

    def compiled(self) -> bytes:
        """The one JSON file; raises `ConfigError` when it would be enormous, as a chain of YAML anchors can make it."""
        parts: list[bytes] = []
        size = 0
        for part in json.JSONEncoder(default=str).iterencode({"rules": [rule.content for rule in self.rules]}):
            parts.append(part.encode())
            size += len(part)
            if size > MAX_COMPILED_BYTES:
                raise ConfigError(f"the Semgrep rules are larger than {MAX_COMPILED_BYTES >> 20} MiB")
        return b"".join(parts)


class _Loader(yaml.SafeLoader):
    """YAML whose merges can't grow without bound. The loader in C would crash this process on deep nesting."""

    merged = 0

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put merged keys in their place, as long as they are not too many."""
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > MAX_MERGED:
            raise yaml.YAMLError(f"its merges add up to more than {MAX_MERGED} keys")

    def construct_number(self, node: yaml.ScalarNode) -> int | str:
        """An integer; one to the base of 60, which takes time that grows with the square of its length, stays text."""
        return str(node.value) if ":" in node.value else int(self.construct_yaml_int(node))


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_number)


def load(house: bool, sources: Sequence[str], exclude: Sequence[str], root: Path) -> RuleSet:
    """Our own rules and those of the sources: files or folders relative to `root`, registry packs, URLs.

    Raises `ConfigError` for a source that holds no rules, an id that two different rules share, an excluded id that no rule
    has, and when nothing is left; `ToolFailed` when a source on the network doesn't answer.
    """
    found = [*_read(HOUSE)] if house else []
    for source in sources:
        found += _parse(remote.fetch(source), source) if remote.is_remote(source) else _read(root / source)
    rules = _unique(found)
    for id in exclude:
        if id not in rules:
            raise ConfigError(f"exclude_rules: there is no rule {id!r}{nearest(id, rules)}")
    kept = tuple(rule for id, rule in rules.items() if id not in exclude)
    if not kept:
        raise ConfigError("no Semgrep rule is left; set house_rules = true, or name rules in config")
    excluded = tuple(Missing(item=id, reason="excluded by configuration: exclude_rules") for id in exclude)
    return RuleSet(rules=kept, excluded=excluded)


def described(content: dict[str, Any]) -> Rule:
    """What a rule says of itself; metadata of a shape that isn't usual gives less, never an error."""
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    numbers = [int(number) for text in _listed(metadata.get("cwe")) for number in _CWE.findall(str(text))]
    pages = [metadata.get("help"), metadata.get("source"), *_listed(metadata.get("references"))]
    return Rule(
        id=content["id"],
        description=" ".join(str(content.get("message", "")).split()),
        help_uri=next((page for page in pages if isinstance(page, str) and page.startswith(("https://", "http://"))), ""),
        cwe=tuple(dict.fromkeys(numbers)),
    )


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _unique(found: Iterable[LoadedRule]) -> dict[str, LoadedRule]:
    """By id; registry packs overlap, so the same rule may come twice, but never two under one id."""
    rules: dict[str, LoadedRule] = {}
    for rule in found:
        other = rules.setdefault(rule.id, rule)
        if other.content != rule.content:
            raise ConfigError(f"two Semgrep rules are called {rule.id!r}: in {other.origin} and in {rule.origin}")
        if other is not rule and other.origin == rule.origin:
            raise ConfigError(f"{rule.origin} holds the rule {rule.id!r} twice")
    return rules


def _read(place: Path) -> Iterator[LoadedRule]:
    if not place.exists():
        raise ConfigError(f"config: there is no {place}")
    files = sorted(filter(_is_rule_file, place.rglob("*"))) if place.is_dir() else [place]
    if not files:
        raise ConfigError(f"config: {place} holds no rule files ({', '.join(sorted(SUFFIXES))})")
    for file in files:
        if not file.is_file():
            # Reading a pipe or a device that the repository planted would never end.
            raise ConfigError(f"config: {file} is not a regular file")
        if file.stat().st_size > MAX_FILE_BYTES:
            raise ConfigError(f"config: {file} is larger than {MAX_FILE_BYTES >> 20} MiB")
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ConfigError(f"config: {file} can't be read: {error.strerror}") from error
        yield from _parse(content, str(file))


def _is_rule_file(path: Path) -> bool:
    """As Semgrep chooses them in a folder: samples that test a rule lie beside it."""
    return path.suffix in SUFFIXES and not path.stem.endswith(".test") and not path.name.startswith(".") and path.is_file()


def _parse(content: bytes, origin: str) -> Iterator[LoadedRule]:
    try:
        document = json.loads(content) if content.lstrip()[:1] == b"{" else yaml.load(content, _Loader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"config: {origin} is not YAML: {error}") from error
    entries = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"config: {origin} holds no rules")
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), str) or not isinstance(entry.get("languages"), list):
            raise ConfigError(f"config: {origin} holds an entry that is no rule: each needs an id and a list of languages")
        yield LoadedRule(
            id=entry["id"],
            languages=languages.known().resolved(map(str, entry["languages"])),
            origin=origin,
            filtered=bool(entry.get("paths")),
            content=entry,
        )
