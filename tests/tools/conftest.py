"""What the tests of real tools share: web servers to attack, and a ZAP to attack with."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sdlc_gates._zap import daemon
from sdlc_gates._zap.options import ZapOptions

from sdlc import inventory
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits

ZAP_DAEMON = Path(__file__).parent.parent / "zap_daemon"
SECONDS = 10

Reply = tuple[int, dict[str, str], str]
Answer = Callable[[str], Reply]


@dataclass
class Site:
    """A web server on loopback, and the path and query of each request it got."""

    url: str
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def web() -> Iterator[Callable[[Answer], Site]]:
    """Serves, on a free port until the test ends, what a function answers for a path with its query."""
    with contextlib.ExitStack() as stack:
        yield lambda answer: stack.enter_context(_serving(answer))


@contextlib.contextmanager
def _serving(answer: Answer) -> Iterator[Site]:
    site = Site("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = SECONDS

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            self.rfile.read(length)
            site.asked.append(self.path)
            status, headers, body = answer(self.path)
            content = body.encode()
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", **headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_POST = do_PUT = do_DELETE = do_HEAD = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        # A scanner that is killed leaves half a request behind.
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        site.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="session")
def zap_home() -> Path:
    """A folder with ZAP: the one that SDLC_ZAP names, or one assembled from published parts."""
    if named := os.environ.get("SDLC_ZAP"):
        return Path(named)
    lacking = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if lacking:
        pytest.skip(
            f"no ZAP: SDLC_ZAP is not set, and {' and '.join(lacking)} missing "
            "(Debian: apt-get install default-jre-headless maven)"
        )
    made = subprocess.run(
        [sys.executable, ZAP_DAEMON / "assemble.py"], capture_output=True, text=True, check=False, timeout=900
    )
    assert made.returncode == 0, made.stderr
    return Path(made.stdout.strip())


@contextlib.contextmanager
def zap_running(home: Path, root: Path, seconds: float) -> Iterator[str]:
    """The address of a daemon that is there for as long as the block runs; its key is in the environment."""
    directory = RunDirectory.create(root, datetime.datetime.now(datetime.UTC))
    work = Workspace(
        gate="zap",
        root=root,
        files=inventory.take(root),
        scratch=directory.scratch("zap"),
        directory=directory,
        limits=Limits(deadline=time.monotonic() + seconds),
        cancel=threading.Event(),
    )
    options = ZapOptions(home=str(home))
    with daemon.started(daemon.find(options), options, work) as running, pytest.MonkeyPatch.context() as patch:
        key = (running.inputs / "zap.properties").read_text().strip().removeprefix("api.key=")
        patch.setenv("ZAP_API_KEY", key)
        yield running.api.url


@pytest.fixture(scope="session")
def shared(zap_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """Options for a daemon that runs already: one for all these tests, since each start takes seconds."""
    with zap_running(zap_home, tmp_path_factory.mktemp("shared"), 900) as url:
        yield {"url": url, "house_rules": "only"}


@dataclass(frozen=True)
class Pages:
    """The server with a bad and a good page for each rule of the house, and the rule that each bad page breaks."""

    url: str
    expected: dict[str, str]


@pytest.fixture
def pages() -> Iterator[Callable[[bool], Pages]]:
    """Starts it, over HTTPS if told so, until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda tls: stack.enter_context(_pages(tls))


@contextlib.contextmanager
def _pages(tls: bool) -> Iterator[Pages]:
    argv = [sys.executable, str(ZAP_DAEMON / "pages.py"), *(["--tls"] if tls else [])]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield Pages(told["url"].rstrip("/"), told["expected"])
        assert process.stdin is not None
        process.stdin.close()
