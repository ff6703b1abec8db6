"""Values in paths, shown to a scanner as parameters."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from sdlc_gates._dast.guard import Plan, guarded
from sdlc_gates._dast.path_values import PathValues
from sdlc_gates._wapiti.description import localized, templates

from sdlc.gate import Workspace
from tests.unit.gates.sites import serving

USER, FILE = "/users/{user_id}/books/{title}", "/files/{path:path}"
VALUES = PathValues((USER, FILE))


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("user_id=1&title=a%20b", "/users/1/books/a%20b"),
        ("title=x&user_id=1%27%20OR%201&page=2&q=%C3%A4", "/users/1%27%20OR%201/books/x?page=2&q=%C3%A4"),
        ("user_id=..%2F..%2Fetc&title=%00%ff", "/users/..%2F..%2Fetc/books/%00%FF"),
        ("user_id=1", "/users/1/books/"),
        ("user_id=first&user_id=second&title=t", "/users/first/books/t"),
    ],
)
def test_what_is_asked_with_parameters_is_meant_as_a_path(query: str, meant: str) -> None:
    shown = VALUES.alias(USER)
    assert VALUES.meant(f"{shown}?{query}") == meant
    assert VALUES.meant(f"http://h:1{shown}?{query}") == f"http://h:1{meant}"


def test_a_part_that_may_hold_slashes_keeps_them() -> None:
    assert VALUES.meant(f"{VALUES.alias(FILE)}?path=a/../b") == "/files/a/../b"


def test_other_paths_are_what_they_are() -> None:
    for path in ("/users/1/books/2?a=b", f"{VALUES.alias(USER)}/more", "/.sdlc-path/9/x", "/"):
        assert VALUES.meant(path) == path
    assert VALUES.template(VALUES.alias(USER)) == USER
    assert VALUES.template("/users/1") == "/users/1"
    assert VALUES.named(f"http://h:1{VALUES.alias(USER)}") == f"http://h:1{USER}"
    assert VALUES.named("http://h:1/a?b") == "http://h:1/a?b"


def test_a_curl_line_shows_the_real_address() -> None:
    line = f"curl \"http://h:1{VALUES.alias(USER)}?user_id=%27&title=b\" -H 'A: b'"
    assert VALUES.restored(line) == "curl \"http://h:1/users/%27/books/b\" -H 'A: b'"


def test_operations_are_described_with_their_values_in_the_query_and_routes_of_the_code_beside_them() -> None:
    user = {"name": "user", "in": "path", "schema": {"type": "string", "example": "name1"}}
    document = {
        "openapi": "3.0.0",
        "servers": [{"url": "/v1"}],
        "components": {"parameters": {"user": user}},
        "paths": {"/u/{user}": {"parameters": [{"$ref": "#/components/parameters/user"}], "put": {"requestBody": {}}}},
    }
    found = templates(document, ("GET /v1/u/{name}", "/leaflets/{name}", "POST /pay/{id}", "/about"))
    assert found == ("/v1/u/{user}", "/leaflets/{name}")
    values = PathValues(found)
    paths = localized(document, "http://h:1", (), values)["paths"]
    chosen = localized(document, "http://h:1", (), PathValues(found, {"user": "bob", "name": "x"}))["paths"]
    defaults = [path.get("put", path.get("get"))["parameters"][0]["schema"]["default"] for path in chosen.values()]
    assert defaults == ["bob", "x"]
    assert list(paths) == ["/.sdlc-path/0/v1/u/user", "/.sdlc-path/1/leaflets/name"]
    (moved,) = paths["/.sdlc-path/0/v1/u/user"]["put"]["parameters"]
    assert (moved["in"], moved["schema"]["default"]) == ("query", "name1")
    assert paths["/.sdlc-path/1/leaflets/name"]["get"]["parameters"][0]["schema"]["default"] == "1"


def test_the_guard_asks_for_the_real_path_and_keeps_what_is_excluded(
    workspace: Callable[..., Workspace], tmp_path: Path
) -> None:
    with serving(lambda asked: (200, [], asked.path)) as site:
        plan = Plan(url=site.url, templates=VALUES.templates, exclude=("/files/secret*",))
        with guarded(workspace(tmp_path), plan) as guard:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": guard.url}))
            with opener.open(f"{site.url}{VALUES.alias(USER)}?user_id=a%2Fb&title=c", timeout=10) as reply:
                assert reply.read() == b"/users/a%2Fb/books/c"
            with pytest.raises(urllib.error.HTTPError, match="403"):
                opener.open(f"{site.url}{VALUES.alias(FILE)}?path=secret.txt", timeout=10)
        assert guard.refused == {"/files/secret.txt": 1}
