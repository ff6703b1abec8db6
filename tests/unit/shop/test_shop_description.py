"""The description of the shop, openapi.json, is true."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

if TYPE_CHECKING:
    from tests.unit.shop.conftest import Answer, Shop

SOURCE = Path(__file__).parents[3] / "examples" / "shop"
DESCRIPTION: dict[str, Any] = json.loads((SOURCE / "common/openapi.json").read_text())
OPERATIONS = [(method, path) for path, operations in DESCRIPTION["paths"].items() for method in operations]
ROUTES = """
import json, pathlib
from shop.app import create_app
rules = create_app(pathlib.Path("unused.db")).url_map.iter_rules()
print(json.dumps([[method, rule.rule] for rule in rules for method in rule.methods & {"GET", "POST"}]))
"""


def test_every_route_is_described_but_the_forms_of_the_pages(either: Shop) -> None:
    done = subprocess.run([sys.executable, "-c", ROUTES], cwd=either.folder, check=True, capture_output=True, text=True)
    routes = {(method.lower(), re.sub(r"<.*:number>", "{id}", rule)) for method, rule in json.loads(done.stdout)}
    forms = {route for route in routes if route[0] == "post" and not route[1].startswith("/api/")}
    assert set(OPERATIONS) == routes - forms - {("get", "/static/<path:filename>")}


def example_of(shop: Shop, method: str, path: str) -> Answer:
    """The answer to the request that the description's own examples make."""
    operation = DESCRIPTION["paths"][path][method]
    examples = {(one["in"], one["name"]): str(one["example"]) for one in operation.get("parameters", [])}
    for (place, name), value in examples.items():
        path = path.replace(f"{{{name}}}", value) if place == "path" else path
    query = {name: value for (place, name), value in examples.items() if place == "query"}
    if method == "get":
        return shop.visitor().get(path, **query)
    assert not query
    return shop.visitor().post_json(path, operation["requestBody"]["content"]["application/json"]["example"])


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_the_examples_of_an_operation_succeed(either: Shop, method: str, path: str) -> None:
    answer = example_of(either, method, path)
    described = DESCRIPTION["paths"][path][method]["responses"]
    assert 200 <= answer.status < 400
    assert str(answer.status) in described
    for kind, content in described[str(answer.status)].get("content", {}).items():
        assert answer.headers.get_content_type() == kind
        if kind == "application/json":
            schema = {**content["schema"], "components": DESCRIPTION["components"]}
            jsonschema.validate(answer.json, schema)
