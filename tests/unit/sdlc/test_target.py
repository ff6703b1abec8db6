"""An application that is started, waited for and watched; real servers on loopback."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import socket
import textwrap
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from sdlc import target
from sdlc.errors import Cancelled, LimitExceeded, TargetFailed, ToolTimeout
from sdlc.process import MIB, Limits
from sdlc.target import Target, TargetPlan

OPENAPI = {"openapi": "3.0.0", "paths": {"/x": {}}}
SERVER = """
import http.server, json, os, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = {"/ready": (200, "ok"), "/moved": (302, ""), "/500": (500, ""), "/404": (404, ""),
            "/openapi.json": (200, json.dumps({"openapi": "3.0.0", "paths": {"/x": {}}})),
            "/env": (200, json.dumps(dict(os.environ)))}.get(self.path, (200, "hello"))
        if self.path == "/die": os._exit(3)
        if self.path == "/garbage": return self.wfile.write(b"HELLO\\n")
        if self.path == "/eat": self.server.eaten = bytearray(120 << 20)
        self.send_response(status)
        if self.path == "/moved": self.send_header("Location", "http://192.0.2.1/")
        self.end_headers()
        self.wfile.write(body.encode())
    def log_message(self, *_): pass
os.fork() or time.sleep(60)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
Enter = Callable[..., contextlib.AbstractContextManager[Target]]


@pytest.fixture
def enter(tmp_path: Path) -> Enter:
    """Starts the server, or Python code given, as a target."""

    def enter(
        code: str = SERVER, *, seconds: float = 60, memory: int = 1 << 30, **plan: object
    ) -> contextlib.AbstractContextManager[Target]:
        (tmp_path / "scratch").mkdir(exist_ok=True)
        cancel = plan.pop("cancel", threading.Event())
        run = ("{python}", "-S", "-c", textwrap.dedent(code), "{port}")
        made = TargetPlan(root=tmp_path, **{"run": run, "ready": "/ready", "ready_within": 20.0, **plan})  # type: ignore[arg-type]
        limits = Limits(deadline=time.monotonic() + seconds, memory=memory, grace=0.2)
        return target.started(made, tmp_path / "scratch", limits, cancel)  # type: ignore[arg-type]

    return enter


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as reply:
        return str(reply.read().decode())


def family(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_it_runs_on_a_free_port_for_as_long_as_the_block(enter: Enter) -> None:
    with enter() as running:
        assert running.is_local
        assert get(running.url + "/") == "hello"
        living = family(running.pid)
        assert len(living) == 2
    assert not any(process.is_running() for process in living)
    assert "did not answer" in running.answers()


def test_it_gets_the_environment_that_is_configured_and_no_more(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("PASSED", "on")
    with enter(env={"MINE": "1"}, pass_env=("PASSED", "ABSENT")) as running:
        told = json.loads(get(running.url + "/env"))
        assert (told["MINE"], told["PASSED"], told["PORT"]) == ("1", "on", running.url.rpartition(":")[2])
        assert "SECRET" not in told
        assert "ABSENT" not in told
        assert "PYTHONSAFEPATH" not in told


@pytest.mark.parametrize(("ready", "seconds"), [("/ready", 20.0), ("/moved", 20.0)])
def test_it_is_ready_when_it_answers_below_400_and_no_redirect_is_followed(ready: str, seconds: float, enter: Enter) -> None:
    with enter(ready=ready, ready_within=seconds) as running:
        assert running.answers() == ""


NOT_READY: dict[str, tuple[dict[str, object], str]] = {
    "it ends": ({"code": "print('no database'); raise SystemExit(7)"}, "ended while it was starting: exit code 7. no database"),
    "it is killed": ({"code": "import os; os.kill(os.getpid(), 9)"}, "ended while it was starting: exit code -9"),
    "it ends well": ({"code": "pass"}, "ended while it was starting: exit code 0"),
    "it never listens": (
        {"code": "import time; time.sleep(60)", "ready_within": 0.3},
        "was not ready after 0 s: http://127.0.0.1:",
    ),
    "it is not there": ({"run": ("/nowhere/app",)}, "/nowhere/app could not be started"),
    "it answers 500": ({"ready": "/500", "ready_within": 1.0}, "/500 answered 500"),
    "it answers 404": ({"ready": "/404", "ready_within": 1.0}, "/404 answered 404"),
    "it answers nonsense": ({"ready": "/garbage", "ready_within": 1.0}, "/garbage did not answer: HELLO"),
    "its description is nonsense": ({"openapi": "/garbage"}, "can't be read: HELLO"),
    "its description is not there": ({"openapi": "/404"}, "can't be read: HTTP Error 404"),
    "its description is a file that is not there": ({"openapi": "absent.json"}, "absent.json can't be read"),
    "it listens elsewhere": (
        {"code": "import socket, time\ns = socket.create_server(('127.0.0.1', 0))\ntime.sleep(60)", "ready_within": 0.3},
        "was not ready",
    ),
}


@pytest.mark.parametrize(("plan", "words"), NOT_READY.values(), ids=NOT_READY.keys())
def test_a_target_that_does_not_get_ready_has_failed(plan: dict[str, object], words: str, enter: Enter) -> None:
    with pytest.raises(TargetFailed) as caught, enter(**plan):
        pass
    assert words in str(caught.value)
    assert not psutil.Process().children(recursive=True)


def test_it_gives_up_when_it_is_cancelled(enter: Enter) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    with pytest.raises(Cancelled), enter("import time; time.sleep(60)", cancel=cancel):
        pass


def during(target: contextlib.AbstractContextManager[Target], do: Callable[[Target], object]) -> None:
    with target as running:
        do(running)


def kill(running: Target) -> None:
    for process in family(running.pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    waits(running)


def suspend(running: Target) -> None:
    for process in family(running.pid):
        process.suspend()


def test_one_that_dies_meanwhile_has_failed(enter: Enter) -> None:
    with pytest.raises(TargetFailed, match=r"died while it was being tested|no longer answered"):
        during(enter(), kill)


def test_one_that_stops_answering_has_failed(enter: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "PROBE_SECONDS", 0.2)
    with pytest.raises(TargetFailed, match="no longer answered at the end"):
        during(enter(), suspend)


def test_an_error_in_the_block_is_not_hidden(enter: Enter) -> None:
    living: list[psutil.Process] = []

    def fail(running: Target) -> None:
        living.extend(family(running.pid))
        raise KeyError

    with pytest.raises(KeyError):
        during(enter(), fail)
    assert living
    assert not any(process.is_running() for process in living)


def eat(running: Target) -> None:
    with contextlib.suppress(OSError):
        get(running.url + "/eat")
    waits(running)


def waits(running: Target) -> None:
    until = time.monotonic() + 20
    while psutil.pid_exists(running.pid) and time.monotonic() < until and not running.answers():
        time.sleep(0.05)
    time.sleep(0.2)


def test_its_deadline_and_its_memory_hold_while_nobody_waits_for_it(enter: Enter) -> None:
    with pytest.raises(ToolTimeout, match="was killed at its deadline"):
        during(enter(seconds=1.5), waits)
    with pytest.raises(LimitExceeded, match="of memory"):
        during(enter(memory=100 * MIB), eat)


@pytest.fixture
def outside() -> Iterator[str]:
    """The address of a server that runs already."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_one_that_runs_already_is_used_as_it_is(outside: str, enter: Enter) -> None:
    with enter(run=(), url=outside + "/", ready="/") as running:
        assert (running.url, running.pid) == (outside, 0)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://[::1", "http://127.0.0.1:99999", "http://no-such-host.invalid"])
def test_one_that_should_run_already_and_does_not_has_failed(url: str, enter: Enter) -> None:
    with pytest.raises(TargetFailed, match="was not ready"), enter(run=(), url=url, ready="/", ready_within=0.1):
        pass


@pytest.mark.parametrize(
    ("url", "local"),
    [
        *((url, True) for url in ("http://127.0.0.1:8", "http://127.9.9.9", "http://[::1]:8", "https://localhost")),
        *((url, False) for url in ("http://10.0.0.1", "http://127.0.0.1.example.org", "http://example.org", "http://")),
    ],
)
def test_what_is_local(url: str, local: bool) -> None:
    assert Target(url=url, ready="/").is_local is local


@pytest.mark.parametrize("content", [json.dumps(OPENAPI), "openapi: 3.0.0\npaths:\n  /x: {}\n", "\ufeff" + json.dumps(OPENAPI)])
def test_a_description_is_read_as_json_or_yaml(content: str, tmp_path: Path) -> None:
    (tmp_path / "api.yml").write_text(content)
    document, origin = target.read_openapi(TargetPlan(root=tmp_path, openapi="api.yml"), "", tmp_path, threading.Event())
    assert document == OPENAPI
    assert origin == str(tmp_path / "api.yml")


def test_a_description_is_fetched_from_the_target(enter: Enter) -> None:
    with enter(openapi="/openapi.json") as running:
        assert running.openapi == OPENAPI
        assert running.openapi_origin == running.url + "/openapi.json"


HOSTILE: dict[str, Callable[[Path], object]] = {
    "empty": Path.touch,
    "no object": lambda path: path.write_text("[]"),
    "no paths": lambda path: path.write_text('{"openapi": "3.0.0"}'),
    "paths that are a list": lambda path: path.write_text('{"paths": []}'),
    "cut short": lambda path: path.write_text('{"paths": {'),
    "nested deeply in JSON": lambda path: path.write_text('{"a":' * 100_000),
    "nested deeply in YAML": lambda path: path.write_text("[" * 100_000),
    "not UTF-8": lambda path: path.write_bytes(b"\xff\xfe{"),
    "an object of Python's": lambda path: path.write_text("!!python/object/apply:os.system ['true']"),
    "a number without end": lambda path: path.write_text('{"paths": {"/": ' + "9" * 10_000 + "}}"),
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
    "larger than the limit": lambda path: path.write_bytes(b'{"paths": {}}' + b" " * target.MAX_DESCRIPTION_BYTES),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_description_that_is_none_has_failed(make: Callable[[Path], object], tmp_path: Path) -> None:
    make(tmp_path / "api.json")
    with pytest.raises(TargetFailed, match=r"api\.json"):
        target.read_openapi(TargetPlan(root=tmp_path, openapi="api.json"), "", tmp_path, threading.Event())


def test_a_free_port_is_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", target.free_port()))
