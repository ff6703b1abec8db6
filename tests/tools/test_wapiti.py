"""The gate `wapiti` with the real Wapiti 3.2.3, in the environment that uv makes for it."""

from __future__ import annotations

import collections
import dataclasses
import json
import shutil
import threading
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from sdlc_gates._wapiti.options import WapitiOptions
from sdlc_gates.wapiti import Wapiti

from sdlc.errors import GateError, TargetFailed, ToolFailed, ToolTimeout
from sdlc.gate import Workspace
from sdlc.model import Answer, Coverage, EndpointLocation
from sdlc.target import Target
from tests.unit.gates.members import FORM, MEMBERS, WORDS, Shop
from tests.unit.gates.sites import Asked, Said, certified, serving, serving_with

pytestmark = [pytest.mark.tool, pytest.mark.usefixtures("environments")]

MakeWorkspace = Callable[..., Workspace]
Web = Callable[[Callable[[str], tuple[int, dict[str, str], str]]], Any]
QUICK = ("xss", "redirect", "csrf")
GUARDED = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}


def gate(**options: object) -> Wapiti:
    return Wapiti("wapiti", msgspec.convert(options, WapitiOptions))


def covered(answer: Answer, what: str) -> Coverage:
    return next(coverage for coverage in answer.coverage if coverage.what == what)


def links(*targets: str) -> tuple[int, dict[str, str], str]:
    return 200, GUARDED, "<html><body>" + "".join(f'<a href="{target}">x</a>' for target in targets) + "</body></html>"


def test_the_canary_is_caught_and_every_module_ran(workspace: MakeWorkspace, tmp_path: Path) -> None:
    with gate().plant(workspace(tmp_path)) as (planted, work):
        answer = planted.check(work)
    assert planted.caught(answer)
    assert [coverage.missing for coverage in answer.coverage] == [(), ()]
    evidence, second, guards = work.evidence
    assert [Path(file.path).name for file in guards.files] == ["guard.jsonl"]
    assert {Path(file.path).name for file in evidence.files} >= {"scan-report.json", "scan-log.log"}
    assert {Path(file.path).name for file in second.files} >= {"scan-2-report.json", "scan-2-log.log"}
    log = work.directory.path / next(file.path for file in evidence.files if file.path.endswith(".log"))
    assert "is not a valid domain name" not in log.read_text()


def test_modules_that_would_all_miss_the_canary_are_told_which_would_not(workspace: MakeWorkspace, tmp_path: Path) -> None:
    with (
        pytest.raises(GateError, match="add one of xss, csp, http_headers"),
        gate(modules=["crlf"]).plant(workspace(tmp_path)),
    ):
        pytest.fail("a defect was planted that no module finds")


def test_a_sound_site_has_no_finding(workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    site = web(lambda path: links("/mugs?colour=blue", "/about"))
    answer = gate().check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    assert answer.findings == ()
    assert [coverage.missing for coverage in answer.coverage] == [(), ()]


def test_nothing_beyond_the_targets_own_port_is_asked(workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    other = web(lambda path: links("/"))

    def lure(path: str) -> tuple[int, dict[str, str], str]:
        if path.startswith("/away"):
            return 302, {"Location": f"{other.url}/redirected"}, ""
        token = '<input type="hidden" name="csrf_token" value="t5Gh8kLm2Qw9Zx4Vb7Nc">'
        form = f'<form method="post" action="/away">{token}</form><form action="{other.url}/form"><input name="q"></form>'
        return 200, GUARDED, links(f"{other.url}/linked", "/away?q=1", "/in?q=1")[2] + form

    target = web(lure)
    answer = gate(modules=QUICK).check(workspace(tmp_path, target=Target(url=target.url, ready="/")))
    assert other.asked == []
    assert any(asked.startswith("/away") for asked in target.asked)
    # Wapiti's module csrf follows redirects wherever they lead; the guard is what stops it.
    assert any(other.url.removeprefix("http://") in note for note in answer.notes)


def test_an_excluded_path_is_left_alone(workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    site = web(lambda path: links("/logout?now=1", "/admin/users?a=1", "/in?q=1"))
    target = Target(url=site.url, ready="/")
    gate(modules=QUICK, exclude=["/logout", "/admin/*"]).check(workspace(tmp_path, target=target))
    assert any(asked.startswith("/in") for asked in site.asked)
    assert not [asked for asked in site.asked if asked.startswith(("/logout", "/admin"))]


def test_routes_of_the_description_are_attacked_and_those_not_let_in_are_named(
    workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    def answer(path: str) -> tuple[int, dict[str, str], str]:
        if path.startswith("/api/search"):
            return 200, GUARDED, f"<p>{path.partition('q=')[2]}</p>"
        return ({"/": 200, "/api/locked": 401, "/named": 200}.get(path, 404), GUARDED, "x")

    site = web(answer)
    fine = {"responses": {"200": {"description": "fine"}}}
    query = {"name": "q", "in": "query", "schema": {"type": "string"}}
    described = {
        "openapi": "3.0.3",
        "info": {"title": "shop", "version": "1"},
        "servers": [{"url": "https://prod.example/api"}],
        "paths": {"/search": {"get": {"parameters": [query], **fine}}, "/locked": {"get": fine}, "/gone": {"delete": fine}},
    }
    target = Target(url=site.url, ready="/", openapi=described, routes=("/named",))
    routes = covered(gate(modules=QUICK).check(workspace(tmp_path, target=target)), "routes")
    assert (routes.measured, routes.expected) == (2, 4)
    assert [(item.item, item.reason[:3]) for item in routes.missing] == [
        ("GET /api/locked", "401"),
        ("DELETE /api/gone", "404"),
    ]
    assert any("ScRiPt" in asked for asked in site.asked)


def test_a_value_in_a_path_is_attacked_and_its_route_reached(workspace: MakeWorkspace, tmp_path: Path) -> None:
    def careless(asked: Asked) -> Said:
        name = asked.path.removeprefix("/users/")
        if name != asked.path:
            return 200, [], f"<p>{urllib.parse.unquote(name)}</p>"
        return (200, [], "an API") if asked.path == "/" else (404, [], "")

    user = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "example": "ann"}}
    described = {"openapi": "3.0.3", "paths": {"/users/{name}": {"get": {"parameters": [user], "responses": {}}}}}
    with serving(careless) as site:
        answer = gate(modules=["xss"]).check(workspace(tmp_path, target=Target(url=site.url, ready="/", openapi=described)))
        assert site.asked
        assert not [asked.path for asked in site.asked if "sdlc" in asked.path]
        assert "/users/ann" in {asked.path for asked in site.asked}
    (found,) = answer.findings
    assert found.location == EndpointLocation(method="GET", url=f"{site.url}/users/{{name}}", parameter="name")
    assert "sdlc" not in found.proof + found.message
    assert covered(answer, "routes").missing == ()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_a_target_over_https_is_scanned_logged_in(
    workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(both.with_name("certificate.pem")))
    with serving(Shop(), serving_with(both)) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/members", "/members/orders")))
        answer = gate(modules=["redirect"], login=FORM, logged_in=MEMBERS, exclude=["/logout"]).check(work)
        assert [asked for asked in site.asked if asked.path.startswith("/members/orders?of=http")]
    assert [coverage.missing for coverage in answer.coverage] == [()] * 3


def test_a_small_server_is_not_asked_for_more_at_once_than_it_can_queue(workspace: MakeWorkspace, tmp_path: Path) -> None:
    counting, here, most = threading.Lock(), [0], [0]

    def page(asked: Asked) -> Said:
        with counting:
            here[0] += 1
            most[0] = max(most[0], here[0])
        time.sleep(0.05)
        with counting:
            here[0] -= 1
        return 200, [], "".join(f'<a href="/page-{number}">x</a>' for number in range(40))

    with serving(page) as site:
        answer = gate(modules=["csp"]).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    assert covered(answer, "modules").missing == ()
    assert 2 <= most[0] <= 8


def test_links_without_end_are_an_unfinished_crawl(workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    site = web(lambda path: links(*(f"{path.rstrip('/')}/{number}" for number in range(20))))
    work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
    answer = gate(modules=["redirect"], crawl_seconds=2).check(work)
    assert "the crawl" in {item.item for item in covered(answer, "modules").missing}


def test_a_target_that_lets_nobody_in_is_not_covered(workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    site = web(lambda path: (403, GUARDED, "no"))
    answer = gate(modules=QUICK).check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    routes = covered(answer, "routes")
    assert routes.measured == 0
    assert routes.missing or not routes.expected


def test_a_target_that_is_down_is_not_covered(workspace: MakeWorkspace, tmp_path: Path) -> None:
    answer = gate(modules=QUICK).check(workspace(tmp_path, target=Target(url="http://127.0.0.1:9", ready="/")))
    assert covered(answer, "routes").measured == 0


def test_a_scan_that_is_logged_in_reaches_what_only_members_see(workspace: MakeWorkspace, tmp_path: Path) -> None:
    with serving(Shop()) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/members", "/members/orders")))
        answer = gate(modules=QUICK, login=FORM, logged_in=MEMBERS, exclude=["/logout"]).check(work)
        assert [asked for asked in site.asked if asked.path.startswith("/members/orders?of=http")]
    assert [coverage.missing for coverage in answer.coverage] == [()] * 3
    kept = "".join(file.read_text("utf-8", "replace") for file in work.directory.path.rglob("evidence/**/*") if file.is_file())
    assert "session-number-" not in kept
    assert WORDS not in kept


def test_a_session_that_dies_midway_and_is_not_renewed_stops_the_scan(workspace: MakeWorkspace, tmp_path: Path) -> None:
    with serving(Shop(lives=3, logins=1)) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(TargetFailed, match="gave no session"):
            gate(login=FORM, logged_in=MEMBERS | {"seconds": 0.5}).check(work)


def test_markup_that_is_stored_is_found_though_only_the_latest_entries_are_shown(
    workspace: MakeWorkspace, tmp_path: Path
) -> None:
    said: collections.deque[str] = collections.deque(maxlen=5)

    def book(asked: Asked) -> Said:
        if asked.method == "POST":
            said.append(dict(urllib.parse.parse_qsl(asked.body)).get("text", ""))
            return 303, [("Location", "/book")], ""
        form = '<form method="post" action="/book"><textarea name="text">hello</textarea></form>'
        return 200, [], f'<a href="/book">Book</a>{form}{"".join(said)}'

    with serving(book) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        answer = gate(modules=["xss", "permanentxss", "file"]).check(work)
    assert "stored-cross-site-scripting" in {finding.rule.id for finding in answer.findings}
    assert covered(answer, "modules").missing == ()


def test_a_target_that_sends_everybody_away_is_not_covered(workspace: MakeWorkspace, tmp_path: Path, web: Web) -> None:
    other = web(lambda path: links("/"))
    site = web(lambda path: (302, {"Location": f"{other.url.replace('127.0.0.1', 'localhost')}{path}"}, ""))
    answer = gate(modules=QUICK).check(workspace(tmp_path, target=Target(url=site.url, ready="/", routes=("/", "/mugs"))))
    assert [item.reason for item in covered(answer, "routes").missing] == ["302: sent to another host"] * 2
    assert other.asked == []


def test_a_target_that_hangs_ends_with_the_deadline_or_is_not_covered(
    workspace: MakeWorkspace, tmp_path: Path, web: Web
) -> None:
    released = threading.Event()

    def slow(path: str) -> tuple[int, dict[str, str], str]:
        if path != "/":
            released.wait(60)
        return links("/a?b=1", "/c?d=2")

    work = workspace(tmp_path, target=Target(url=web(slow).url, ready="/"), seconds=50)
    try:
        answer = gate(modules=QUICK, crawl_seconds=5).check(work)
    except ToolTimeout:
        return
    finally:
        released.set()
    assert {item.reason for item in covered(answer, "routes").missing} or covered(answer, "modules").missing


PAGES = """from locust import HttpUser, task

class Customer(HttpUser):
    def on_start(self):
        self.client.post("/api/login", json={"user": "ann", "password": "a-password-of-the-test"})
        self.client.headers["Authorization"] = "Bearer of-the-flows"

    @task
    def notes(self):
        self.client.get("/notes/7?part=1")

    @task
    def write(self):
        self.client.post("/notes", json={"text": "hello", "tags": [{"name": "a"}]})

    @task
    def pay(self):
        self.client.post("/pay", data={"card": "41", "amount": "1"})
"""


def notebook(asked: Asked) -> Said:
    """Nothing links to anything here, and what the flows do needs who they are."""
    if asked.path == "/":
        return 200, [], "<p>An API.</p>"
    known = asked.headers.get("Authorization") == "Bearer of-the-flows"
    match asked.method, asked.path.partition("?")[0]:
        case "POST", "/api/login":
            return 200, [], "{}"
        case _ if not known:
            return 401, [], "who are you?"
        case "GET", "/notes/7":
            return 200, [], "a note"
        case "POST", "/notes":
            return 201, [], "<p>" + str(json.loads(asked.body)["text"]) + "</p>"
        case "POST", "/pay":
            return 200, [], "<p>" + dict(urllib.parse.parse_qsl(asked.body)).get("amount", "") + "</p>"
    return 404, [], ""


def project(folder: Path, flows: str) -> Path:
    root = folder / "project"
    root.mkdir()
    (root / "locustfile.py").write_text(flows)
    return root


def test_a_scan_begins_with_what_the_flows_asked_for_and_as_whom_they_were(workspace: MakeWorkspace, tmp_path: Path) -> None:
    with serving(notebook) as site:
        known = ("GET /notes/{id}", "POST /notes", "POST /pay")
        work = workspace(project(tmp_path, PAGES), target=Target(url=site.url, ready="/", routes=known))
        answer = gate(modules=["xss"], flows="locustfile.py").check(work)
    assert {coverage.what: (coverage.measured, coverage.missing) for coverage in answer.coverage} == {
        "routes": (3, ()),
        "modules": (1, ()),
        "tasks of the flows": (3, ()),
        "pages still open as the flows": (1, ()),
    }
    places = {
        (finding.location.url, finding.location.parameter)
        for finding in answer.findings
        if isinstance(finding.location, EndpointLocation) and 79 in finding.rule.cwe
    }
    assert (f"{site.url}/pay", "amount") in places
    bodies = [json.loads(asked.body) for asked in site.asked if asked.path == "/notes"]
    assert {"text": "hello", "tags": [{"name": "a"}]} in bodies
    assert any(body["text"] != "hello" for body in bodies)
    kept = "".join(file.read_text("utf-8", "replace") for file in work.directory.path.rglob("evidence/**/*") if file.is_file())
    assert "of-the-flows" not in kept


def test_a_session_of_the_flows_that_ended_before_the_scan_did_is_no_answer(workspace: MakeWorkspace, tmp_path: Path) -> None:
    bye = PAGES + "\n    @task\n    def zz_leave(self):\n        self.client.get('/leave')\n"
    left: list[Asked] = []

    def leaving(asked: Asked) -> Said:
        if asked.path == "/leave":
            left.append(asked)
        return (401, [], "gone") if left and asked.path.startswith("/notes") else notebook(asked)

    with serving(leaving) as site:
        work = workspace(project(tmp_path, bye), target=Target(url=site.url, ready="/", routes=("/",)))
        answer = gate(modules=["redirect"], flows="locustfile.py").check(work)
    assert [item.reason for item in covered(answer, "pages still open as the flows").missing] == ["401: not logged in"]


def test_modules_in_lanes_of_their_own_find_what_they_would_have_found_in_one(workspace: MakeWorkspace, tmp_path: Path) -> None:
    def careless(asked: Asked) -> Said:
        query = dict(urllib.parse.parse_qsl(asked.path.partition("?")[2]))
        if "passwd" in query.get("name", ""):
            return 200, [], "root:x:0:0:root:/root:/bin/bash"
        if "'" in query.get("id", ""):
            return (
                500,
                [],
                "You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version",
            )
        form = (
            '<form method="post" action="/file?name=a"><input name="csrf_token" value="t5Gh8kLm2Q"><input name="note"></form>'
        )
        return 200, [], '<a href="/file?name=a">f</a><a href="/row?id=1">r</a>' + form + query.get("id", "")

    with serving(careless) as site:
        work = dataclasses.replace(workspace(tmp_path, target=Target(url=site.url, ready="/")), jobs=2)
        answer = gate(modules=["xss", "sql", "file"]).check(work)
    assert {finding.rule.id for finding in answer.findings} >= {
        "path-traversal",
        "sql-injection",
        "reflected-cross-site-scripting",
    }
    assert len(answer.findings) == len(set(answer.findings))
    sent = [dict(urllib.parse.parse_qsl(asked.body)) for asked in site.asked if asked.method == "POST"]
    assert {fields["csrf_token"] for fields in sent} == {"t5Gh8kLm2Q"}
    assert len({fields["note"] for fields in sent}) > 20
    assert covered(answer, "modules").missing == ()
    assert [evidence.tool for evidence in work.evidence] == ["wapiti", "wapiti", "wapiti", "guard"]


def test_a_lane_that_has_no_answer_ends_the_others(workspace: MakeWorkspace, tmp_path: Path) -> None:
    stop = threading.Event()

    def slow(asked: Asked) -> Said:
        if "passwd" in asked.path:
            psutil_kill(asked)
        return 200, [], '<a href="/file?name=a">f</a>'

    def psutil_kill(asked: Asked) -> None:
        for process in psutil.Process().children(recursive=True):
            if "file" in process.cmdline() and not stop.is_set():
                stop.set()
                process.kill()

    with serving(slow) as site:
        work = dataclasses.replace(workspace(tmp_path, target=Target(url=site.url, ready="/")), jobs=2)
        with pytest.raises(ToolFailed):
            gate(modules=["csp", "exec", "file"]).check(work)
    assert stop.is_set()
