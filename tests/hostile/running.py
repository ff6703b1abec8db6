"""Attacks by what runs: load tests of the repository, descriptions of its API, reports of its tools, the application itself."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

from tests.faults.rig import Place
from tests.hostile.attacks import write

USERS = """
import os, signal, sys, time
from pathlib import Path
from locust import HttpUser, constant, task
RECORDS = Path(os.environ["SDLC_LOAD_RECORDS"])
{before}
class Visitor(HttpUser):
    wait_time = constant(0.05)
    @task
    def visit(self):
        self.client.get("/greeting")
        {body}
"""
LOADED = {"paths": [], "locustfile": "users.py"}


def users(body: str = "pass", before: str = "") -> Callable[[Place], None]:
    """Plants a Locust file with these lines."""
    return lambda place: write(place.root / "users.py", USERS.format(body=body, before=before))


FORGES = """
for name in ("worker-9.ndjson", "worker-0.ndjson"):
    (RECORDS / name).write_text((RECORDS / "plan.json").read_text() + "\\n")
"""
OTHER_PLAN = """
import json
plan = json.loads((RECORDS / "plan.json").read_text())
(RECORDS / "plan.json").write_text(json.dumps(plan | {"max_loop_lag": 99.0, "request_timeout": 99.0}))
"""
PIPES = """
for name in ("probes.ndjson", "events.ndjson.part", "events.ndjson"):
    (RECORDS / name).unlink(missing_ok=True)
    os.mkfifo(RECORDS / name)
"""
LINKS = """
target = RECORDS.parent.parent.parent.parent.parent.parent.parent / "word" / "ran"
(RECORDS / "probes.ndjson").symlink_to(target)
"""
LITTER = """
os.chdir(os.environ["HOME"])
for number in range(3000):
    os.mkdir("d"); os.chdir("d")
os.chdir(RECORDS)
(RECORDS.parent / "closed").mkdir(mode=0)
"""
QUITS = """
from locust import events
@events.quitting.add_listener
def lie(environment, **named):
    environment.process_exit_code = 0
    os._exit(0)
"""

STOPS_THE_CLOCK = """
time.perf_counter = lambda: 1.0
"""
PRAISES_ERRORS = """
import requests
requests.Response.raise_for_status = lambda reply: None
"""

PATH = {"get": {"responses": {"200": {"description": "ok"}}}}


def described(paths: object, **more: object) -> str:
    return json.dumps({"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "paths": paths, **more})


def aliases(place: Place) -> None:
    lines = ["openapi: 3.0.3", "info: {title: t, version: '1'}", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    lines += ["paths:", "  /greeting:", "    get: {responses: {'200': {description: ok, example: *a11}}, example: *a11}"]
    write(place.root / "api.yaml", "\n".join(lines) + "\n")


def endless_alias(place: Place) -> None:
    write(place.root / "api.yaml", "openapi: 3.0.3\npaths: &p\n  /greeting:\n    get: {responses: {}}\n  /again: *p\n")


def nested(place: Place) -> None:
    write(place.root / "api.yaml", '{"openapi": "3.0.3", "paths": {}, "x": ' + "[" * 100_000 + "]" * 100_000 + "}")


def million_paths(place: Place) -> None:
    paths = ",".join(f'"/{number:x}":{{}}' for number in range(1_000_000))
    write(place.root / "api.yaml", '{"openapi":"3.0.3","paths":{' + paths + "}}")


def description_pipe(place: Place) -> None:
    os.mkfifo(place.root / "api.yaml")


def description_device(place: Place) -> None:
    (place.root / "api.yaml").symlink_to("/dev/zero")


def description_leads_out(place: Place) -> None:
    schema = {"$ref": "file:///etc/passwd#/x"}
    reply = {"200": {"description": "ok", "content": {"application/json": {"schema": schema}}}}
    write(place.root / "api.yaml", described({"/greeting": {"get": {"responses": reply}}}))


def enormous_values(place: Place) -> None:
    parameter = {"name": "name", "in": "query", "required": True, "schema": {"type": "string", "minLength": 10**11}}
    write(place.root / "api.yaml", described({"/greeting": {"get": {**PATH["get"], "parameters": [parameter]}}}))


def grows_by_itself(place: Place) -> None:
    """A schema whose every property is the schema again."""
    node = {"type": "object", "properties": {f"p{n}": {"$ref": "#/components/schemas/Node"} for n in range(10)}}
    parameter = {"name": "name", "in": "query", "required": True, "schema": {"$ref": "#/components/schemas/Node"}}
    paths = {"/greeting": {"get": {**PATH["get"], "parameters": [parameter]}}}
    write(place.root / "api.yaml", described(paths, components={"schemas": {"Node": node}}))


def widens_by_itself(place: Place) -> None:
    node = {"allOf": [{"$ref": "#/components/schemas/Node"} for _ in range(60)]}
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}, "example": {"a": 1}}}
    paths = {"/greeting": {"post": {**PATH["get"], "requestBody": {"content": content}}, "get": PATH["get"]}}
    write(place.root / "api.yaml", described(paths, components={"schemas": {"Node": node}}))


def report(*places: str) -> Callable[[Place], None]:
    """Plants a SARIF report whose results lie at these URIs."""
    results = [
        {
            "ruleId": "X1",
            "level": "error",
            "message": {"text": "hole <script>alert(1)</script> \x1b[2J"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}],
        }
        for uri in places
    ]
    tool = {"driver": {"name": "t", "rules": [{"id": "X1"}]}}
    document = {
        "version": "2.1.0",
        "runs": [{"tool": tool, "results": results, "invocations": [{"executionSuccessful": True}]}],
    }
    return lambda place: write(place.root / "report.sarif", json.dumps(document))


def nested_report(place: Place) -> None:
    write(place.root / "report.sarif", '{"version": "2.1.0", "runs": [' + "[" * 100_000 + "]" * 100_000 + "]}")


SARIF = {"sarif": {"command": ["/bin/cat", "{root}/report.sarif"]}}


def slow_rule(place: Place) -> None:
    write(place.root / "text.py", "x = '" + "a" * 200 + "!'\ny = 'aab'\n")
    rule = "rules:\n- {id: slow, languages: [python], severity: ERROR, message: m, pattern-regex: '((a+)+)+b'}\n"
    write(place.root / "slow.yaml", rule)


def rule_pipe(place: Place) -> None:
    os.mkfifo(place.root / "slow.yaml")


def rule_bomb(place: Place) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    lines += ["rules:", "- {id: slow, languages: [python], severity: ERROR, message: m, pattern: x, metadata: *a11}"]
    write(place.root / "slow.yaml", "\n".join(lines) + "\n")


SLOW = {"semgrep": {"config": ["slow.yaml"]}}
