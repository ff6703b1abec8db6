"""What every installed gate promises, whoever brings it."""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sdlc import registry
from sdlc.errors import ToolMissing
from sdlc.gate import Gate, SourceGate, Tool
from sdlc.model import Family, Frozen, Stage
from sdlc.process import MIB
from sdlc.quantity import UNITS, parse, written
from sdlc.schema import field_docs
from sdlc.settings import GateSettings
from sdlc.threshold import read

KEBAB = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
GATES = registry.gates()
every_gate = pytest.mark.parametrize("kind", GATES.values(), ids=GATES.keys())


def shapes(options: type[Frozen]) -> Iterator[type[Frozen]]:
    """The options, and the shapes of ours inside them."""
    yield options
    for field in msgspec.structs.fields(options):
        waiting = [field.type]
        while waiting:
            part = waiting.pop()
            waiting.extend(getattr(part, "__args__", ()))
            if isinstance(part, type) and issubclass(part, Frozen):
                yield from shapes(part)


def test_each_kind_is_installed_once_under_its_own_name() -> None:
    names = [point.name for point in importlib.metadata.entry_points(group=registry.GATES)]
    assert sorted(names) == sorted(set(names)) == sorted(GATES)
    assert {kind.kind for kind in GATES.values()} == set(GATES)


@every_gate
def test_its_facts_are_complete(kind: type[Gate]) -> None:
    assert KEBAB.fullmatch(kind.kind)
    assert kind.summary
    assert not kind.summary.endswith(".")
    assert isinstance(kind.family, Family)
    assert kind.__doc__
    assert set(kind.stages) <= set(Stage)
    assert kind.stages
    assert 0 < kind.deadline <= 24 * 3600
    assert kind.memory >= 64 * MIB


@every_gate
def test_it_promises_what_its_answers_say_the_coverage_of(kind: type[Gate]) -> None:
    assert kind.covers
    assert all(what and what == what.strip().lower() for what in kind.covers)


@every_gate
def test_its_module_knows_no_other_gate(kind: type[Gate]) -> None:
    tree = ast.parse(inspect.getsource(inspect.getmodule(kind) or kind))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    others = {other.__module__ for other in GATES.values()} - {kind.__module__}
    assert not imported & others


@every_gate
def test_its_options_are_strict_frozen_and_described(kind: type[Gate]) -> None:
    for shape in shapes(kind.Options):
        assert shape.__struct_config__.frozen, shape
        assert shape.__struct_config__.forbid_unknown_fields, shape
        assert shape.__doc__, shape
        fields = {field.encode_name for field in msgspec.structs.fields(shape)}
        assert fields == set(field_docs(shape)), shape
        assert all(KEBAB.fullmatch(name.replace("_", "-")) for name in fields), shape


@every_gate
def test_its_options_take_no_key_that_every_gate_has(kind: type[Gate]) -> None:
    common = {field.encode_name for field in msgspec.structs.fields(GateSettings)}
    assert not common & {field.encode_name for field in msgspec.structs.fields(kind.Options)}


@every_gate
def test_its_metrics_can_be_written_in_a_threshold(kind: type[Gate]) -> None:
    assert len({metric.name for metric in kind.metrics}) == len(kind.metrics)
    for metric in kind.metrics:
        assert metric.unit in UNITS
        assert metric.description
        sentence = read(f"{metric.name}{'(GET /)' if metric.per_subject else ''} <= {written(2.5, metric.unit)}")
        assert sentence.metric == metric.name
        assert parse(sentence.amount, metric.unit) == 2.5


@every_gate
def test_it_finds_its_tool_or_says_how_to_get_it(kind: type[Gate]) -> None:
    found: object
    try:
        found = kind.found()
    except ToolMissing as error:
        found = error
    assert (str(found) and found.fix) if isinstance(found, ToolMissing) else isinstance(found, Tool) and found.name


@every_gate
def test_it_can_be_seen_to_fail(kind: type[Gate]) -> None:
    for method in ("plant", "caught"):
        assert getattr(kind, method) is not getattr(Gate, method)
        assert not getattr(getattr(kind, method), "__isabstractmethod__", False)
    if issubclass(kind, SourceGate):
        assert any(file.is_file() for file in kind.canary.rglob("*"))
        assert kind.canary_rules
        assert any(kind.wants(kind, file.relative_to(kind.canary).as_posix()) for file in kind.canary.rglob("*"))  # type: ignore[arg-type]


@every_gate
def test_its_proof_rests_on_files_that_are_there(kind: type[Gate]) -> None:
    with contextlib.suppress(TypeError):
        rests_on = kind(kind.kind, kind.Options()).proof_rests_on()
        assert rests_on is None or all(isinstance(path, Path) and path.exists() for path in rests_on)


@every_gate
def test_its_rules_have_ids_of_their_own_and_say_what_they_are(kind: type[Gate]) -> None:
    rules = kind.rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.id.strip()
        assert rule.name or rule.description, rule.id
        assert all(number > 0 for number in rule.cwe)


@every_gate
def test_a_gate_that_attacks_or_loads_needs_the_application(kind: type[Gate]) -> None:
    if kind.family in (Family.DAST, Family.LOAD):
        assert kind.uses_target
    if kind.family is Family.LOAD:
        assert kind.exclusive
    if issubclass(kind, SourceGate):
        assert not kind.uses_target


@every_gate
@pytest.mark.parametrize("path", ["a.py", "-rf", "../x", "a\nb", "", "a" * 5000, "\udcff.py", "requirements.txt", "x/"])
def test_whatever_a_file_is_called_it_knows_whether_it_wants_it(kind: type[Gate], path: str) -> None:
    try:
        gate = kind(kind.kind, kind.Options())
    except TypeError:
        return
    assert gate.wants(path) in (True, False)
