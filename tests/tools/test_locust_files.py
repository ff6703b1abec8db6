"""Locust files as people have them, run as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdlc_gates.locust import Locust

from sdlc.errors import ToolFailed
from sdlc.model import Answer
from tests.tools.load_support import SHORT, MakeGate, MakeWorkspace, blocked, faults, measured, serving

pytestmark = pytest.mark.tool

FOREIGN = """
from locust import FastHttpUser, LoadTestShape, constant_pacing, task

class Shop(FastHttpUser):
    host = "https://shop.example"
    wait_time = constant_pacing(0.05)

    @task
    def visit(self):
        self.client.get("/a")

class Waves(LoadTestShape):
    def tick(self):
        return (9, 9) if self.get_run_time() < 1 else None
"""

ORDERED = """
from locust import HttpUser, SequentialTaskSet, events, tag, task
from gevent import spawn

@events.init_command_line_parser.add_listener
def more(parser):
    parser.add_argument("--path", default="/a")

@events.test_start.add_listener
def begin(environment, **kwargs):
    environment.path = environment.parsed_options.path

class Order(SequentialTaskSet):
    def on_start(self):
        self.client.get("/login")

    @tag("first")
    @task
    def one(self):
        with self.client.get(self.user.environment.path, catch_response=True) as answer:
            answer.success() if answer.text == "ok" else answer.failure("what is that?")

    @task
    def two(self):
        spawn(self.client.get, "/b").join()
        self.wait()

class Buyer(HttpUser):
    tasks = {Order: 1}
    def wait_time(self):
        return 0.02
"""

OWN_CLIENT = """
import time
from locust import User, constant, task

class Talker(User):
    wait_time = constant(0.05)

    @task
    def talk(self):
        began = time.perf_counter()
        time.sleep(0.01)
        took = (time.perf_counter() - began) * 1000
        self.environment.events.request.fire(
            request_type="RPC", name="talk", response_time=took, response_length=0, exception=None, context={}
        )
"""

RAISING = """
from locust import FastHttpUser, constant, task

class Caller(FastHttpUser):
    wait_time = constant(0.05)

    def {where}(self):
        with self.client.get("/a", catch_response=True) as answer:
            raise LookupError("no token")

    @task
    def visit(self):
        self.client.get("/b")
"""

HIDING = """
from locust import HttpUser, constant, task

class Sly(HttpUser):
    wait_time = constant(0.05)

    def on_start(self):
        self.client.base_url = "http://192.0.2.1"

    @task
    def visit(self):
        try:
            self.client.get("/a")
        except Exception:
            pass
        self.client.get("http://127.0.0.1:{port}/b", name="/b")
"""


def run(content: str, root: Path, workspace: MakeWorkspace, make_gate: MakeGate, **options: object) -> Answer:
    with serving() as (target, _):
        (root / "users.py").write_text(content.replace("{port}", target.url.rpartition(":")[2]))
        return make_gate(Locust, **SHORT, locustfile="users.py", **options).check(workspace(root, target=target))


def test_a_foreign_host_and_a_shape_are_overruled_and_that_is_said(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    answer = run(FOREIGN, tmp_path, workspace, make_gate)
    assert not blocked(answer)
    assert measured(answer, "requests", "GET /a").value > 0
    assert any("Shop has the host https://shop.example: http://127.0.0.1:" in note for note in answer.notes)
    assert any("Waves was not used" in note for note in answer.notes)


def test_task_sets_events_and_own_arguments_are_obeyed(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    answer = run(ORDERED, tmp_path, workspace, make_gate, arguments=["--path", "/z", "--users", "99"])
    assert not blocked(answer)
    one, two = measured(answer, "requests", "GET /z").value, measured(answer, "requests", "GET /b").value
    assert abs(one - two) <= 4
    assert measured(answer, "error_rate").value == 0


def test_tags_choose_among_tasks(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    answer = run(ORDERED, tmp_path, workspace, make_gate, arguments=["--tags", "first"])
    assert {item.subject for item in answer.measurements} == {"", "GET /a"}


def test_a_client_of_their_own_is_heard_through_the_request_event(
    tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    answer = run(OWN_CLIENT, tmp_path, workspace, make_gate)
    assert not blocked(answer)
    assert measured(answer, "p50", "RPC talk").value >= 10
    assert any("those cut off at the end are not known" in note for note in answer.notes)


@pytest.mark.parametrize("where", ["on_start", "more"])
def test_code_that_raises_in_a_with_block_leaves_no_request_open(
    where: str, tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    content = RAISING.replace("{where}", where).replace("    def more", "    @task\n    def more")
    answer = run(content, tmp_path, workspace, make_gate)
    (reason,) = (missing.reason for missing in answer.coverage[0].missing if missing.item == "user-code-raised")
    assert "LookupError: no token (users.py:" in reason
    # In on_start they end before anything is measured.
    assert where == "on_start" or measured(answer, "error_rate", "GET /a").value == 1
    assert not {"target-stalled", "accounting-off", "littles-law"} & faults(answer)


def test_a_host_that_the_code_asks_behind_a_try_is_named(tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate) -> None:
    answer = run(HIDING, tmp_path, workspace, make_gate)
    (reason,) = (missing.reason for missing in answer.coverage[0].missing if missing.item == "user-code-raised")
    assert "192.0.2.1 was asked for, which is not the target" in reason
    assert {item.subject for item in answer.measurements} == {"", "GET /b"}


@pytest.mark.parametrize(
    ("content", "words"),
    [("from locust import HttpLocust\nclass A(HttpLocust): pass", "renamed to HttpUser"), ("x = 1", "No User class found")],
)
def test_what_this_locust_can_not_run_is_no_answer(
    content: str, words: str, tmp_path: Path, workspace: MakeWorkspace, make_gate: MakeGate
) -> None:
    with pytest.raises(ToolFailed, match=words):
        run(content, tmp_path, workspace, make_gate)
