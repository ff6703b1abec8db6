"""Whether leaks between tenants of a real application are found, and what only looks like one is not."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates.tenant_isolation import TenantIsolation

from sdlc.errors import LimitExceeded, TargetFailed
from sdlc.gate import Gate, Workspace
from sdlc.model import Answer, EndpointLocation, Severity
from sdlc.target import Target, free_port, probe

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
APP = Path(__file__).with_name("tenant_app.py")
START_SECONDS = 20


def text(*names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "object", "required": list(required or names), "properties": {name: {"type": "string"} for name in names}}


def taking(schema: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"content": {"application/json": {"schema": schema}}}}


def described() -> dict[str, Any]:
    """What the application says about itself."""
    listed = {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "array", "items": {}}}}}}
    note = text("title", "text")
    # No example tells that this field takes only a few words.
    colour = text("title", "text", "colour", required=("title", "text"))
    return {
        "openapi": "3.1.0",
        "info": {"title": "notes", "version": "1"},
        "paths": {
            "/signup": {"post": taking(text("user", "password", "email"))},
            "/login": {"post": taking(text("user", "password"))},
            "/reset": {"post": {}},
            "/notes": {"post": taking(colour), "get": {"responses": listed}},
            "/notes/export": {"get": {}},
            "/notes/{note_id}": {
                "parameters": [{"name": "note_id", "in": "path", "required": True, "schema": {"type": "integer"}}],
                "get": {},
                "put": taking(note),
                "delete": {},
            },
            "/notes/{note_id}/comments": {"post": taking(text("text"))},
            "/search": {"get": {"parameters": [{"name": "q", "in": "query", "schema": {"type": "string"}}]}},
            "/find": {"post": taking(text("query"))},
            "/copies": {
                "post": taking({"type": "object", "required": ["note_id"], "properties": {"note_id": {"type": "integer"}}})
            },
            "/peek": {"get": {"parameters": [{"name": "noteId", "in": "query", "schema": {"type": "integer"}}]}},
            "/by-header": {"get": {"parameters": [{"name": "X-Note-Id", "in": "header", "schema": {"type": "integer"}}]}},
            "/users/{user}": {"get": {}},
            "/users/{user}/notes": {"get": {"responses": listed}},
            "/users/{user}/password": {"put": taking(text("password"))},
            "/books": {"post": taking(text("label"))},
            "/books/{book_id}": {"get": {}},
            "/books/{book_id}/pages": {"post": taking(text("text")), "get": {"responses": listed}},
            "/books/{book_id}/pages/{page_id}": {"get": {}},
            "/health": {"get": {}},
        },
    }


LOGIN = {"path": "/login", "fields": {"user": "{user}", "password": "{password}"}, "token": "session.token"}
SIGN_UP = {"request": "POST /signup", "fields": {"user": "{user}", "password": "{password}", "email": "{email}"}}


@pytest.fixture
def app() -> Iterator[Callable[..., Target]]:
    """Starts the application, with leaks, in a process of its own."""
    with contextlib.ExitStack() as stack:
        yield lambda *leaks: stack.enter_context(_running(leaks))


@contextlib.contextmanager
def _running(leaks: tuple[str, ...]) -> Iterator[Target]:
    port = free_port()
    process = subprocess.Popen([sys.executable, str(APP), str(port), *leaks])
    try:
        url = f"http://127.0.0.1:{port}"
        until = time.monotonic() + START_SECONDS
        while probe(f"{url}/health") and time.monotonic() < until:
            time.sleep(0.05)
        yield Target(url=url, ready="/health", openapi=described())
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def run(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> Callable[..., Answer]:
    """What the gate says about a target."""

    def go(target: Target, **options: object) -> Answer:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        settings = {"login": LOGIN, "sign_up": SIGN_UP, **options}
        return make_gate(TenantIsolation, **settings).check(workspace(project, target=target))

    return go


App = Callable[..., Target]
Run = Callable[..., Answer]


def found(answer: Answer) -> set[tuple[str, str]]:
    """The operations with findings, and the rules that they break."""
    return {
        (f"{finding.location.method} /{finding.location.url.split('/', 3)[3]}", finding.rule.id)
        for finding in answer.findings
        if isinstance(finding.location, EndpointLocation)
    }


def missing(answer: Answer) -> dict[str, str]:
    return {item.item: item.reason for coverage in answer.coverage for item in coverage.missing}


def test_a_tight_application_full_of_traps_has_no_findings_and_is_covered(app: App, run: Run) -> None:
    answer = run(app())
    assert found(answer) == set()
    assert missing(answer) == {}
    (coverage,) = answer.coverage
    assert (coverage.measured, coverage.expected) == (18, 18)


LEAKS = {
    "read": ("GET /notes/{note_id}", "tenant-read"),
    "write": ("PUT /notes/{note_id}", "tenant-write"),
    "delete": ("DELETE /notes/{note_id}", "tenant-write"),
    "comment": ("POST /notes/{note_id}/comments", "tenant-write"),
    "list": ("GET /notes", "tenant-list"),
    "search": ("GET /search", "tenant-list"),
    "find": ("POST /find", "tenant-list"),
    "export": ("GET /notes/export", "tenant-list"),
    "body": ("POST /copies", "tenant-read"),
    "query": ("GET /peek", "tenant-read"),
    "header": ("GET /by-header", "tenant-read"),
    "location": ("GET /by-header", "tenant-read"),
    "nested": ("GET /books/{book_id}/pages/{page_id}", "tenant-read"),
    "pages": ("GET /books/{book_id}/pages", "tenant-read"),
    "notes of": ("GET /users/{user}/notes", "tenant-read"),
    "account": ("GET /users/{user}", "tenant-read"),
    "password": ("PUT /users/{user}/password", "tenant-write"),
}


@pytest.mark.parametrize(
    "leaks",
    [
        ("read", "list", "query", "nested", "password"),
        ("write", "search", "body", "pages"),
        ("delete", "find", "header", "account"),
        ("comment", "export", "notes of", "location"),
    ],
    ids=", ".join,
)
def test_every_leak_is_found_and_nothing_else(leaks: tuple[str, ...], app: App, run: Run) -> None:
    answer = run(app(*leaks))
    assert found(answer) == {LEAKS[leak] for leak in leaks}
    assert not missing(answer)
    assert all("tenant a from tenant b" in f.message and "tenant b from tenant a" in f.message for f in answer.findings)


def test_a_leak_in_other_letters_is_found(app: App, run: Run) -> None:
    answer = run(app("read", "base64"))
    assert found(answer) == {LEAKS["read"]}
    assert "in base64" in answer.findings[0].message


def test_an_open_door_is_found_for_those_who_are_not_logged_in(app: App, run: Run) -> None:
    answer = run(app("read", "anonymous read", "delete", "anonymous delete"))
    assert ("GET /notes/{note_id}", "anonymous-read") in found(answer)
    assert ("DELETE /notes/{note_id}", "anonymous-write") in found(answer)
    assert {f.severity for f in answer.findings if f.rule.id.startswith("anonymous")} == {Severity.CRITICAL}


def test_a_finding_shows_the_request_and_no_credentials(
    tmp_path: Path, app: App, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANN", "ann-password")
    monkeypatch.setenv("BOB", "bob-password")
    tenants = [
        {"name": "ann", "words": {"user": "ann"}, "words_env": {"password": "ANN"}, "private": ["ann.private@example.com"]},
        {"name": "bob", "words": {"user": "bob"}, "words_env": {"password": "BOB"}, "private": ["bob.private@example.com"]},
    ]
    target = app("write", "account")
    answer = run(target, sign_up=None, reset="POST /reset", tenants=tenants)
    assert found(answer) == {LEAKS["write"], LEAKS["account"]}
    write = next(f for f in answer.findings if f.rule.id == "tenant-write")
    assert write.proof.startswith("as bob:\ncurl --globoff --path-as-is -X PUT")
    assert "[bob'\"'\"'s]" in write.proof
    assert "ann, GET /notes/{note_id} text:" in write.proof
    assert write.location == EndpointLocation(method="PUT", url=f"{target.url}/notes/{{note_id}}", parameter="note_id")
    kept = [file for file in tmp_path.rglob("evidence/**/*") if file.is_file()]
    assert kept
    secrets = ("ann-password", "bob-password", '"token', "Bearer ")
    assert not [file for file in kept if any(secret in file.read_text() for secret in secrets)]


WAYS_IN: dict[str, tuple[dict[str, object], object]] = {
    "password": ({"basic": "{user}:{password}"}, None),
    "key": ({"headers": {"X-Key": "{user}-key"}}, None),
    "cookie": ({}, {"path": "/form-login", "kind": "form", "fields": LOGIN["fields"]}),
}


@pytest.mark.parametrize("way", WAYS_IN)
def test_tenants_are_let_in(way: str, app: App, run: Run) -> None:
    tenant, login = WAYS_IN[way]
    tenants = [{**tenant, "words": {"user": name, "password": f"{name}-password"}} for name in ("ann", "bob")]
    others = ["/users/*", "/books*", "/search", "/find", "/copies", "/peek", "/by-header", "/notes"]
    answer = run(app("read"), sign_up=None, login=login, tenants=tenants, exclude=[f"GET {path}" for path in others])
    assert {LEAKS["read"]} == found(answer)
    assert not {item for item in missing(answer) if item.startswith("GET")}


def test_objects_are_as_the_configuration_says(app: App, run: Run) -> None:
    target = app("bill", "tenant")
    bill = {"content": {"application/json": {"schema": {"type": "object"}}}}
    header = {"name": "X-Tenant", "in": "header", "schema": {"type": "string"}}
    paths = {
        "/billing/new": {"post": {"requestBody": bill}},
        "/billing/show/{number}": {"get": {}},
        "/of-tenant": {"get": {"parameters": [header]}},
    }
    objects = [
        {
            "name": "bill",
            "create": "POST /billing/new",
            "body": {"title": "{word}", "secret": "{canary}"},
            "id": "data.number",
            "read": "GET /billing/show/{number}",
        },
        {"name": "tenant", "id": "{user}", "parameters": ["X-Tenant"]},
    ]
    described_so = Target(url=target.url, ready="/", openapi={"openapi": "3.0.0", "info": {}, "paths": paths})
    answer = run(described_so, objects=objects)
    assert found(answer) == {("GET /billing/show/{number}", "tenant-read"), ("GET /of-tenant", "tenant-read")}
    assert not missing(answer)


def test_without_new_accounts_nothing_that_could_spoil_them_is_tried(app: App, run: Run) -> None:
    tenants = [{"words": {"user": name, "password": f"{name}-password"}} for name in ("ann", "bob")]
    answer = run(app("password"), sign_up=None, tenants=tenants, exclude=["/notes*", "/books*", "/search", "/find", "/[cpb]*"])
    assert found(answer) == set()
    assert "can't be made anew" in missing(answer)["PUT /users/{user}/password"]


def test_sessions_that_run_out_are_renewed(app: App, run: Run) -> None:
    tenants = [{"words": {"user": name, "password": f"{name}-password"}} for name in ("ann", "bob")]
    few = ["/users/*", "/books*", "/search", "/find", "/copies", "/peek", "/by-header", "*/export"]
    answer = run(app("short sessions", "delete"), sign_up=None, tenants=tenants, exclude=few)
    assert found(answer) == {LEAKS["delete"]}
    assert not missing(answer)


def test_what_its_owner_cannot_do_is_not_covered(app: App, run: Run) -> None:
    target = app()
    assert target.openapi
    target.openapi["paths"].update({"/gone/{note_id}": {"get": {}}, "/odd/{thing}": {"get": {}}, "/reports": {"get": {}}})
    reasons = missing(run(target))
    assert "its owner was refused: 404" in reasons["GET /gone/{note_id}"]
    assert "nothing tells what {thing} names" in reasons["GET /odd/{thing}"]
    assert "shows its owner nothing" in reasons.get("GET /reports", "shows its owner nothing")


def test_operations_that_are_left_out_are_not_called(app: App, run: Run) -> None:
    answer = run(app("list", "write"), exclude=["PUT *"], public=["GET /notes"])
    assert found(answer) == set()
    assert {item.item for c in answer.coverage for item in c.excluded} == {
        "PUT /notes/{note_id}",
        "PUT /users/{user}/password",
        "GET /notes",
    }


def test_too_many_requests_are_an_error_with_what_was_found(app: App, run: Run) -> None:
    with pytest.raises(LimitExceeded) as caught:
        run(app("list"), max_requests=60)
    assert found(caught.value.answer) == {LEAKS["list"]}
    assert "it was not reached" in missing(caught.value.answer).values()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sign_up": None}, "it takes two"),
        ({"tenants": [{"words": {"user": "ann"}}, {"name": "bob", "words": {"user": "ann"}}]}, "both tenants are the same"),
        ({"login": {**LOGIN, "fields": {"user": "{user}", "password": "wrong"}}}, "gave no session"),
        ({"login": {**LOGIN, "fields": {"user": "{nobody}"}}}, "stands for"),
        ({"login": None}, "nothing tells"),
        ({"reset": "POST /nowhere"}, "the reset POST /nowhere failed"),
        ({"sign_up": {**SIGN_UP, "request": "POST /nowhere"}}, "signing up at POST /nowhere failed"),
    ],
)
def test_tenants_that_cannot_be_let_in_are_an_error(options: dict[str, object], words: str, app: App, run: Run) -> None:
    with pytest.raises(TargetFailed, match=words):
        run(app(), **options)


def test_a_target_that_is_down_is_an_error(run: Run) -> None:
    with pytest.raises(TargetFailed):
        run(Target(url=f"http://127.0.0.1:{free_port()}", ready="/", openapi=described()))


def test_it_catches_its_canary_and_nothing_beside_it(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    gate = make_gate(TenantIsolation, login=LOGIN, exclude=["*"], public=["*"])
    with gate.plant(workspace(tmp_path)) as (planted_gate, planted):
        answer = planted_gate.check(planted)
    assert gate.caught(answer)
    assert found(answer) == {("GET /notes/{note_id}", "tenant-read")}
    assert not missing(answer)
    assert not gate.caught(Answer())
