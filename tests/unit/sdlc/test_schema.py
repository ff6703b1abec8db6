"""The JSON Schema of the configuration says what the configuration says."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from sdlc import config, registry, schema, starter
from sdlc.detection import Found
from sdlc.document import Document
from sdlc.errors import ConfigError
from sdlc.gate import Gate
from sdlc.model import Frozen
from sdlc.rulebook import Request
from sdlc.settings import GateSettings, Settings

Write = Callable[..., Document]


@pytest.fixture
def validator(kinds: Mapping[str, type[Gate]]) -> jsonschema.protocols.Validator:
    return _validator()


def _validator() -> jsonschema.protocols.Validator:
    made = schema.schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


def as_json(text: str) -> Any:
    """What an editor hands to a validator: days are text there."""
    return msgspec.to_builtins(tomllib.loads(text))


def both(text: str, document: Document, validator: jsonschema.protocols.Validator) -> tuple[bool, bool]:
    """Whether the schema, and whether the configuration itself, take it."""
    try:
        config.plan(document, document.path.parent, Request())
    except ConfigError:
        return validator.is_valid(as_json(text)), False
    return validator.is_valid(as_json(text)), True


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[gates.lint]\n[gates.load]\n",
        '[gates.lint]\nword = "X"\nlevel = "low"\nstages = ["pr"]\ndeadline = "1 min"\nneeds = []\n',
        '[gates.mine]\nuses = "lint"\nword = "X"\n',
        '[policy]\ntolerate = "high"\nmax = { low = 3 }\nprove = true\nsuppressions = "honour"\n',
        '[target]\nrun = "serve {port}"\nenv = { A = "b" }\n',
        '[target]\nrun = ["serve", "{port}"]\n',
        '[[waivers]]\nid = "w"\nreason = "r"\napproved_by = "a"\nexpires = 2027-01-31\nfingerprint = "f"\n',
    ],
)
def test_what_the_configuration_takes_the_schema_takes(
    text: str, write: Write, validator: jsonschema.protocols.Validator
) -> None:
    assert both(text, write(text), validator) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "[polcy]\n",
        "policy = 3\n",
        '[policy]\ntolerate = "hihg"\n',
        "[policy]\nmax = { medum = 3 }\n",
        '[policy]\nmax = { low = "3" }\n',
        "[policy]\nthresholds = [3]\n",
        '[[waivers]]\nid = "w"\n',
        "[gates.lint]\nwrd = 1\n",
        "[gates.lint]\nword = 1\n",
        '[gates.lint]\nlevel = "hgh"\n',
        '[gates.lint]\nstages = ["comit"]\n',
        "[gates.lnt]\n",
        "[gates.load]\ntolerate = 3\n",
        "[target]\nenv = { A = 3 }\n",
    ],
)
def test_what_the_schema_could_refuse_both_refuse(text: str, write: Write, validator: jsonschema.protocols.Validator) -> None:
    assert both(text, write(text), validator) == (False, False)


FOUND = [
    Found(),
    Found(files=3),
    Found(files=3, python=2, dependencies=("requirements.txt", 'dev/requirements-"x".txt')),
    Found(files=9, python=9, framework="flask", run="python -m flask --app app:app run --port {port}", locustfile="l.py"),
    Found(files=9, python=9, framework="fastapi", run="uvicorn a:b --port {port}", openapi="/openapi.json"),
    Found(files=9, python=9, framework="django", run=""),
]


@pytest.mark.parametrize("found", FOUND)
@pytest.mark.parametrize("name", ["shop", 'a "b" \\ \x7f [/x] \x1b[31m', "#"])
def test_what_init_writes_is_valid_and_runs_as_it_is(found: Found, name: str, write: Write) -> None:
    text = starter.write(found, name)
    assert both(text, write(text), _validator()) == (True, True)
    assert tomllib.loads(text)["project"]["name"] == name


EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("**/sdlc.toml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parent.name)
def test_the_examples_are_valid(path: Path) -> None:
    _validator().validate(as_json(path.read_text()))


def test_there_is_an_example() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("shape", [shape for shape in schema._with_inner([Settings, GateSettings]) if shape is not Settings])
def test_every_key_is_described(shape: type[Frozen]) -> None:
    assert {field.encode_name for field in msgspec.structs.fields(shape)} == set(schema.field_docs(shape))


def test_the_schema_knows_every_installed_gate() -> None:
    named = schema.schema()["$defs"]["Settings"]["properties"]["gates"]["properties"]
    assert set(named) == set(registry.gates())


def test_two_gates_may_call_their_options_alike(monkeypatch: pytest.MonkeyPatch, kinds: Mapping[str, type[Gate]]) -> None:
    class LintOptions(Frozen, frozen=True):
        """Of another gate."""

        other: int = 0
        """Another key."""

    twin = type("Twin", (kinds["lint"],), {"kind": "twin", "Options": LintOptions})
    monkeypatch.setattr(registry, "gates", lambda: {**kinds, "twin": twin})
    tables = schema.schema()["$defs"]["Settings"]["properties"]["gates"]["properties"]
    assert "other" in tables["twin"]["properties"]
    assert tables["twin"]["properties"]["other"]["description"] == "Another key."
    assert "word" in tables["lint"]["properties"]
