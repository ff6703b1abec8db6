"""A Locust file's tasks, run once each by a real Locust through the real guard, before a real server."""

from __future__ import annotations

import datetime
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sdlc_gates._dast.flows import Replay, Seeded, replayed
from sdlc_gates._dast.recorded import Recorded

from sdlc import inventory
from sdlc.errors import ConfigError, OutputInvalid, TargetFailed, ToolFailed
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits
from sdlc.target import Target
from tests.unit.gates.members import WORDS, Shop
from tests.unit.gates.sites import Asked, Said, certified, serving, serving_with

pytestmark = pytest.mark.tool

MakeWorkspace = Callable[..., Workspace]

FLOWS = """
import os, time, requests
from locust import FastHttpUser, HttpUser, SequentialTaskSet, TaskSet, between, events, task
from locust.exception import StopUser

TOLD = {}

@events.init_command_line_parser.add_listener
def _(parser):
    parser.add_argument("--size", default="large")

@events.test_start.add_listener
def begin(environment, **_):
    TOLD["size"] = environment.parsed_options.size

class Order(SequentialTaskSet):
    def on_start(self):
        self.client.get(f"/basket?size={TOLD['size']}")
    @task
    def pay(self):
        self.client.post("/pay", json={"card": {"number": 41}, "gifts": [{"name": "mug"}], "note": None})
    @task
    class Extras(TaskSet):
        @task
        def wrap(self):
            self.client.post("/wrap", data={"colour": "blue", "token": "t-123456789"})
            self.interrupt()
    @task
    def leave(self):
        self.interrupt()

class Member(HttpUser):
    host = "https://prod.example"
    wait_time = between(50, 60)
    tasks = [Order]
    def on_start(self):
        page = self.client.get("/login")
        fields = {"user": "ann", "password": os.environ["MEMBER_PASSWORD"], "token": "t-1"}
        self.client.post("/login", data=fields, allow_redirects=False)
    @task(7)
    def orders(self):
        with self.client.get("/members/orders?of=ann", catch_response=True, allow_redirects=False) as reply:
            reply.success() if "Hello Ann" in reply.text else reply.failure("logged out")
    @task
    def careless(self):
        print(self.client.cookies["sid"])
        raise KeyError(self.client.cookies["sid"])
    @task
    def elsewhere(self):
        requests.get("http://tracking.example/pixel")
    @task
    def other(self):
        self.client.get("http://other.example/")
    @task
    def secret(self):
        self.client.get("/admin/users")

class Passer(FastHttpUser):
    @task
    def look(self):
        self.client.get("/about")
    @task
    def slow(self):
        time.sleep(99)

class Barred(FastHttpUser):
    def on_start(self):
        raise StopUser()
    @task
    def nothing(self):
        self.client.get("/never")

class Lost(FastHttpUser):
    def on_start(self):
        raise RuntimeError("no key")
    @task
    def nothing(self):
        self.client.get("/never")
"""


def written(folder: Path, content: str) -> Path:
    project = folder / "project"
    project.mkdir()
    (project / "locustfile.py").write_text(content)
    return project


def run(work: Workspace, url: str, **options: object) -> Replay:
    seeded = msgspec.convert({"flows": "locustfile.py"} | options, Seeded)
    return replayed(work, Target(url=url, ready="/"), seeded, ("/admin/*",), 0)


def asked_for(replay: Replay, path: str) -> Recorded:
    (one,) = [one for one in replay.requests if one.path.partition("?")[0] == path and one.method != "GET"] or [
        one for one in replay.requests if one.path.partition("?")[0] == path
    ]
    return one


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Replay, list[Asked], Path]:
    """One replay of the file above: its outcome, what the server was asked, and the run directory."""
    folder = tmp_path_factory.mktemp("flows")
    root = written(folder, FLOWS)
    directory = RunDirectory.create(folder / "runs", datetime.datetime.now(datetime.UTC))
    work = Workspace(
        gate="gate",
        root=root,
        files=inventory.take(root),
        scratch=directory.scratch("gate"),
        directory=directory,
        limits=Limits(deadline=time.monotonic() + 120),
        cancel=threading.Event(),
    )
    with pytest.MonkeyPatch.context() as patch, serving(Shop()) as site:
        patch.setenv("MEMBER_PASSWORD", WORDS)
        replay = run(work, site.url, flows_pass_env=["MEMBER_PASSWORD"], flows_task_seconds=1.5)
    return replay, site.asked, directory.path


def test_each_task_is_run_once_logged_in_and_in_order(everything: tuple[Replay, list[Asked], Path]) -> None:
    replay, asked, _ = everything
    wanted = ["/login", "/basket?size=large", "/pay", "/wrap", "/members/orders?of=ann", "/about"]
    assert [one.path for one in asked if one.method == "POST" or one.path != "/login"] == wanted
    assert [one.path for one in replay.requests] == ["/login", *wanted]
    assert asked_for(replay, "/members/orders").status == 200


def test_what_was_sent_is_kept_with_who_sent_it(everything: tuple[Replay, list[Asked], Path]) -> None:
    replay, _, _ = everything
    paid, wrapped = asked_for(replay, "/pay"), asked_for(replay, "/wrap")
    assert msgspec.json.decode(paid.body) == {"card": {"number": 41}, "gifts": [{"name": "mug"}], "note": None}
    assert (wrapped.kind, dict(wrapped.fields)["colour"]) == ("application/x-www-form-urlencoded", "blue")
    assert dict(paid.headers)["Cookie"].startswith("sid=session-number-")
    assert asked_for(replay, "/about").headers == ()


def test_tasks_that_came_to_no_good_end_are_named_with_the_reason(everything: tuple[Replay, list[Asked], Path]) -> None:
    (covered,) = everything[0].coverage
    reasons = {item.item: item.reason for item in covered.missing}
    assert reasons.pop("Member.careless") == "KeyError: '[redacted]' (locustfile.py:47)"
    assert "another host, which is refused" in reasons.pop("Member.other")
    assert reasons.pop("Passer.slow").startswith("it took longer than")
    assert reasons.pop("Lost.nothing").startswith("its user could not begin: RuntimeError: no key")
    assert reasons.pop("Barred.nothing").startswith("its user could not begin: StopUser")
    assert reasons == {}
    assert [item.item for item in covered.excluded] == ["Member.secret"]
    # A client that isn't Locust's and looks at no status: only the note tells.
    assert "Member.elsewhere" not in reasons
    assert (covered.measured, covered.expected) == (6, 11)


def test_hosts_beyond_the_target_are_refused_and_named(everything: tuple[Replay, list[Asked], Path]) -> None:
    notes = " ".join(everything[0].notes)
    assert "tracking.example:80" in notes
    assert "other.example:80" in notes
    assert "/admin/users" in notes


def test_no_credential_is_kept_in_the_evidence(everything: tuple[Replay, list[Asked], Path]) -> None:
    replay, _, folder = everything
    assert {WORDS, "t-123456789"} <= replay.secrets
    kept = "".join(file.read_text("utf-8", "replace") for file in folder.rglob("evidence/**/*") if file.is_file())
    assert "GET /members/orders" in kept
    assert WORDS not in kept
    assert "session-number-" not in kept


@pytest.mark.parametrize(
    ("content", "error", "why"),
    [
        ("import nowhere", ToolFailed, "nowhere"),
        ("import os\nos._exit(0)", OutputInvalid, "wrote nothing|ended before"),
        ("from locust import User\n", TargetFailed, "no task"),
        (
            "from locust import User, task\nclass U(User):\n  @task\n  def t(self): pass\n",
            TargetFailed,
            "nothing that it answered",
        ),
    ],
    ids=["import", "exit", "no-task", "no-request"],
)
def test_flows_that_say_nothing_are_no_answer(
    content: str, error: type[Exception], why: str, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(Shop()) as site, pytest.raises(error, match=why):
        run(workspace(written(tmp_path, content)), site.url)


def test_a_file_beyond_the_project_is_refused(workspace: MakeWorkspace, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        run(workspace(written(tmp_path, "")), "http://127.0.0.1:9", flows="../else.py")


def test_the_targets_redirections_elsewhere_are_not_followed(workspace: MakeWorkspace, tmp_path: Path) -> None:
    def away(asked: Asked) -> Said:
        return (302, [("Location", f"{other.url}/caught")], "") if asked.path == "/go" else (200, [], "")

    content = "from locust import HttpUser, task\nclass U(HttpUser):\n  @task\n  def go(self): self.client.get('/go')\n"
    with serving(lambda asked: (200, [], "")) as other, serving(away) as site:
        replay = run(workspace(written(tmp_path, content)), site.url)
    assert other.asked == []
    assert replay.coverage[0].missing


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_flows_reach_a_target_over_https(workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = """
from locust import FastHttpUser, HttpUser, task
class Slow(HttpUser):
    @task
    def look(self): self.client.post("/slow", json={"a": 1})
class Fast(FastHttpUser):
    @task
    def look(self): self.client.post("/fast", json={"b": 2})
"""
    both = certified(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(both.with_name("certificate.pem")))
    with serving(lambda asked: (200, [], ""), serving_with(both)) as site:
        replay = run(workspace(written(tmp_path, content)), site.url)
    assert replay.coverage[0].missing == ()
    assert [(one.path, msgspec.json.decode(one.body), one.status) for one in replay.requests] == [
        ("/slow", {"a": 1}, 200),
        ("/fast", {"b": 2}, 200),
    ]
