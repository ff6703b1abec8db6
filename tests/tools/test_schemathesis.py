"""The real Schemathesis, against small APIs on loopback."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates.schemathesis import Schemathesis

from sdlc.errors import GateError, NothingToScan, TargetFailed, ToolTimeout
from sdlc.gate import Gate, Workspace
from sdlc.model import Answer, EndpointLocation, Severity
from sdlc.target import Target, free_port

pytestmark = pytest.mark.tool
MakeWorkspace = Callable[..., Workspace]
MakeGate = Callable[..., Gate]
Reply = tuple[int, object]
Answering = Callable[[str, str, Mapping[str, str], bytes], Reply]
SECRET = "very-secret-value"  # never a real one


@dataclass
class Api:
    """A server that answers what a function says, and remembers what it was asked."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    stop: Callable[[], None] = lambda: None

    def target(self, *operations: str, **more: Any) -> Target:
        return Target(url=self.url, ready="/", openapi=described(*operations, **more))


def described(*operations: str, security: bool = False) -> dict[str, Any]:
    """A description with the operations, such as `GET /things/{id}`."""
    paths: dict[str, dict[str, Any]] = {}
    schema = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    content = {"application/json": {"schema": schema}}
    for operation in operations:
        method, _, path = operation.partition(" ")
        spec: dict[str, Any] = {"responses": {"200": {"description": "ok", "content": content}}}
        if "{" in path:
            name = path.partition("{")[2].partition("}")[0]
            spec["parameters"] = [{"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}]
        if method == "POST":
            spec["requestBody"] = {"required": True, "content": content}
        paths.setdefault(path, {})[method.lower()] = spec
    schemes = {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}
    extra = {"components": {"securitySchemes": schemes}, "security": [{"key": []}]} if security else {}
    return {"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths, **extra}


@pytest.fixture
def serve() -> Iterator[Callable[[Answering], Api]]:
    with contextlib.ExitStack() as stack:
        yield lambda answer: stack.enter_context(_serving(answer))


Serve = Callable[[Answering], Api]


@contextlib.contextmanager
def _serving(answer: Answering) -> Iterator[Api]:
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        timeout = 10

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            api.asked.append(f"{self.command} {self.path}")
            status, content = answer(self.command, self.path, dict(self.headers), body)
            written = json.dumps(content).encode()
            self.send_response(status)
            if status == 307:
                self.send_header("Location", str(content))
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        do_POST = do_PUT = do_DELETE = do_PATCH = do_TRACE = do_OPTIONS = do_QUERY = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()

        def stop() -> None:
            server.shutdown()
            server.server_close()

        api.stop = stop
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def good(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    return 200, {"name": "mug"}


def missing(answer: Answer) -> dict[str, str]:
    return {item.item: item.reason for coverage in answer.coverage for item in coverage.missing}


@pytest.fixture
def run(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> Callable[..., Answer]:
    """What the gate says about a target."""

    def go(target: Target, *, seconds: float = 120, **options: object) -> Answer:
        project = tmp_path / "project"
        project.mkdir(exist_ok=True)
        settings = {"max_examples": 4, **options}
        return make_gate(Schemathesis, **settings).check(workspace(project, target=target, seconds=seconds))

    return go


Run = Callable[..., Answer]


def test_a_good_api_has_no_findings_and_is_covered(run: Run, serve: Serve) -> None:
    answer = run(serve(good).target("GET /things", "GET /things/{id}"))
    assert not answer.findings
    assert [(c.what, c.measured, c.expected) for c in answer.coverage] == [("operations", 2, 2)]


def test_a_server_error_is_one_finding_with_the_command_that_shows_it(run: Run, serve: Serve) -> None:
    api = serve(lambda method, path, headers, body: (500, {}) if path == "/things/0" else (200, {"name": "mug"}))
    answer = run(api.target("GET /things/{id}"))
    errors = [finding for finding in answer.findings if finding.rule.id == "ST101"]
    assert [finding.location for finding in errors] == [EndpointLocation(method="GET", url=f"{api.url}/things/{{id}}")]
    assert errors[0].severity is Severity.MEDIUM
    assert errors[0].proof.startswith(f"curl --globoff --path-as-is -X GET {api.url}/things/0\nHTTP 500")


def test_the_same_seed_asks_the_same(run: Run, serve: Serve) -> None:
    api = serve(good)
    run(api.target("GET /things/{id}", "POST /things"))
    first, api.asked[:] = list(api.asked), []
    run(api.target("GET /things/{id}", "POST /things"))
    assert api.asked == first


def test_authentication_that_is_only_declared_is_found(run: Run, serve: Serve) -> None:
    answer = run(serve(good).target("GET /things", security=True))
    assert [(f.rule.id, f.severity) for f in answer.findings] == [("ST401", Severity.HIGH)]


def test_an_api_that_lets_nothing_in_is_not_covered(run: Run, serve: Serve) -> None:
    api = serve(lambda method, path, headers, body: (int(path[1:4]), {}))
    answer = run(api.target("GET /401", "GET /404/{id}", "GET /429", "GET /503", "GET /400"))
    assert [(c.measured, c.expected) for c in answer.coverage] == [(0, 5)]
    reasons = missing(answer)
    words = ["400", "not logged in", "not found", "too many", "unavailable"]
    assert all(word in reasons[name] for word, name in zip(words, sorted(reasons), strict=True))


def test_an_api_that_only_redirects_is_not_covered_and_not_followed(run: Run, serve: Serve) -> None:
    elsewhere = serve(good)
    api = serve(lambda *request: (307, f"{elsewhere.url}/login"))
    answer = run(api.target("GET /things"))
    assert list(missing(answer)) == ["GET /things"]
    assert not elsewhere.asked


def test_an_api_that_is_down_is_an_error(run: Run) -> None:
    target = Target(url=f"http://127.0.0.1:{free_port()}", ready="/", openapi=described("GET /things"))
    with pytest.raises(TargetFailed, match="answered no request"):
        run(target)


def test_an_api_that_goes_down_midway_is_an_error_with_what_was_found(run: Run, serve: Serve) -> None:
    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if len(api.asked) == 12:
            threading.Thread(target=api.stop).start()
        return 500, {}

    api = serve(answer)
    with pytest.raises(GateError) as caught:
        run(api.target("GET /things/{id}", "GET /others/{id}"))
    assert "ST101" in {finding.rule.id for finding in caught.value.answer.findings}


def test_a_description_without_operations_is_an_error(run: Run, serve: Serve) -> None:
    with pytest.raises(NothingToScan, match="names no operation"):
        run(serve(good).target())


def test_no_description_is_an_error(run: Run, serve: Serve) -> None:
    with pytest.raises(NothingToScan, match="no OpenAPI description"):
        run(Target(url=serve(good).url, ready="/"))


def test_the_deadline_keeps_what_was_found(run: Run, serve: Serve) -> None:
    asked = threading.Event()

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if path == "/slow":
            asked.wait(60)
        return 500, {}

    api = serve(answer)
    try:
        with pytest.raises(ToolTimeout) as caught:
            run(api.target("GET /fast/{id}", "GET /slow"), seconds=12, request_seconds=100)
    finally:
        asked.set()
    assert "ST101" in {finding.rule.id for finding in caught.value.answer.findings}


def test_an_operation_that_is_left_out_is_never_asked_for(run: Run, serve: Serve) -> None:
    api = serve(good)
    answer = run(api.target("GET /things", "DELETE /things/{id}", "GET /things/{id}"), exclude=["DELETE *"])
    assert not [asked for asked in api.asked if not asked.startswith("GET ")]
    assert [item.item for c in answer.coverage for item in c.excluded] == ["DELETE /things/{id}"]


def test_credentials_reach_the_api_and_no_file(tmp_path: Path, run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SECRET", SECRET)
    api = serve(lambda m, p, headers, b: (200, {"name": "mug"}) if headers.get("X-Key") == SECRET else (401, {}))
    echoing = serve(lambda m, p, headers, b: (500, {"you sent": headers.get("X-Key")}))
    operation = api.target("GET /things", security=True)
    assert not missing(run(operation, headers_env={"X-Key": "API_SECRET"}))
    said = run(Target(url=echoing.url, ready="/", openapi=operation.openapi), headers_env={"X-Key": "API_SECRET"})
    assert all(SECRET not in finding.proof for finding in said.findings)
    kept = [file for file in tmp_path.rglob("evidence/**/*") if file.is_file()]
    assert kept
    encoded = ("dmVyeS1zZWNyZXQtdmFsdW", "Zlcnktc2VjcmV0LXZhbHVl", "2ZXJ5LXNlY3JldC12YWx1")
    assert not [file for file in kept if any(form in file.read_text() for form in (SECRET, *encoded))]
    echo = base64.b64encode(json.dumps({"you sent": "[redacted]"}).encode()).decode()
    assert [file for file in kept if echo in file.read_text()]


def test_it_logs_in_first(run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_SECRET", SECRET)

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if path == "/login":
            fields = json.loads(body)
            return (200, {"data": {"token": "t0ken"}}) if fields == {"user": "a", "password": SECRET} else (401, {})
        return (200, {"name": "mug"}) if headers.get("Authorization") == "Bearer t0ken" else (401, {})

    login = {"path": "/login", "fields": {"user": "a"}, "fields_env": {"password": "API_SECRET"}, "token": "data.token"}
    target = serve(answer).target("GET /things")
    assert not missing(run(target, login=login))
    with pytest.raises(TargetFailed, match="gave no session"):
        run(target, login={**login, "fields": {"user": "b"}})
    monkeypatch.delenv("API_SECRET")
    with pytest.raises(TargetFailed, match="API_SECRET"):
        run(target, login=login)


def test_a_configuration_of_the_scanned_project_is_not_read(
    tmp_path: Path, run: Run, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    for folder in (tmp_path, tmp_path / "project"):
        (folder / "schemathesis.toml").write_text('[[operations]]\ninclude-path = "/things"\nenabled = false\n')
    monkeypatch.chdir(tmp_path / "project")
    assert not missing(run(serve(good).target("GET /things")))


def test_a_description_that_leads_elsewhere_is_refused(run: Run, serve: Serve) -> None:
    elsewhere = serve(good)
    target = serve(good).target("GET /things")
    assert target.openapi
    target.openapi["paths"]["/things"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "$ref": f"{elsewhere.url}/schema.json"
    }
    with pytest.raises(TargetFailed, match="outside"):
        run(target)
    assert not elsewhere.asked


def test_a_server_named_by_the_description_is_not_asked(run: Run, serve: Serve) -> None:
    elsewhere, api = serve(good), serve(good)
    target = api.target("GET /things")
    assert target.openapi
    target.openapi["paths"]["/things"]["get"]["servers"] = [{"url": elsewhere.url}]
    run(Target(url=api.url, ready="/", openapi={**target.openapi, "servers": [{"url": f"{elsewhere.url}/v1"}]}))
    assert not elsewhere.asked
    assert {asked for asked in api.asked if "v1" in asked}


def test_a_deleted_thing_that_is_still_served_is_found(run: Run, serve: Serve) -> None:
    (finding,) = run(_keeper(serve), max_examples=8).findings
    assert (finding.rule.id, finding.severity) == ("ST301", Severity.HIGH)
    commands = [line.split()[4] for line in finding.proof.splitlines() if line.startswith("curl")]
    assert (commands[0], commands[-1]) == ("POST", "GET")
    assert "DELETE" in commands


def _keeper(serve: Serve) -> Target:
    """An API that says it deleted, and didn't."""

    def answer(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if method == "POST":
            return 201, {"id": 7, "name": "mug"}
        return (200, {"id": 7, "name": "mug"}) if path == "/things/7" else (404, {})

    target = serve(answer).target("POST /things", "GET /things/{thing_id}", "DELETE /things/{thing_id}")
    assert target.openapi
    for item in target.openapi["paths"].values():
        for operation in item.values():
            ok = operation["responses"].pop("200")
            schema = ok["content"]["application/json"]["schema"]
            schema["properties"]["id"] = {"type": "integer"}
            operation["responses"] |= {"200": ok, "201": ok, "404": {"description": "none"}}
    return target


def test_it_catches_its_canary(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    gate = make_gate(Schemathesis, exclude=["*"], headers_env={"X-Key": "NOT_SET"})
    with gate.plant(workspace(tmp_path)) as (planted_gate, planted):
        answer = planted_gate.check(planted)
    assert gate.caught(answer)
    assert {finding.rule.id for finding in answer.findings} >= {"ST101", "ST108", "ST401"}


def test_a_canary_that_is_only_half_found_is_not_caught(make_gate: MakeGate) -> None:
    assert not make_gate(Schemathesis).caught(Answer())
    assert not make_gate(Schemathesis, checks=["use_after_free"]).caught(Answer())
