"""What a request costs: `python benchmarks/load_tools.py [SECONDS]` (default 5; three rounds, about four minutes).

The load gate's recorder in both models, plain Locust, wrk and hey ask one nginx for two bytes over 10 connections, each on
at most one core, in turn, in one run. Processor time per request is compared, since other work on the machine hardly changes
it; requests a second are what was reached beside that work. Then the same two workers are led by a plain Locust master and
by one that gets their records, and the master's own processor time is compared.

Needs nginx and wrk (Debian packages), and hey (`go install github.com/rakyll/hey@v0.1.5`); what is missing is named.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sdlc_gates.load.plan import LoadOptions, plan
from sdlc_gates.load.running import LOAD_TESTS, RECORDER

from sdlc.target import Target, free_port

ROUNDS = 3
USERS = 10
OPEN_RATE = 800.0
OPEN_USERS = 50
LOCUST = [sys.executable, "-m", "locust"]
FILE = """
from locust import FastHttpUser, HttpUser, task
class Visitor({kind}):
    @task
    def visit(self):
        self.client.get("/page")
"""
NGINX = """
worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 1000; }}
http {{ access_log off; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  server {{ listen 127.0.0.1:{port}; location / {{ return 200 "ok"; }} }} }}
"""


@dataclass(frozen=True)
class Cost:
    """What one run took."""

    requests: int
    processor: float
    """Seconds, start-up left out."""
    seconds: float


@dataclass(frozen=True)
class Bench:
    """Where everything happens."""

    folder: Path
    host: str
    seconds: int
    startup: float
    """Processor time of a Locust that does nothing."""

    def wrk(self) -> Cost:
        said, processor, took = timed(["wrk", "-t1", f"-c{USERS}", f"-d{self.seconds}s", f"{self.host}/page"])
        return Cost(int(found(r"(\d+) requests in", said)), processor, took)

    def hey(self) -> Cost:
        argv = [shutil.which("hey") or "hey", "-cpus", "1", "-c", str(USERS), "-z", f"{self.seconds}s", f"{self.host}/page"]
        said, processor, took = timed(argv)
        return Cost(int(found(r"\[200\]\s+(\d+) responses", said)), processor, took)

    def locust(self, kind: str, options: LoadOptions | None = None) -> Cost:
        """Plain, or with the recorder where there are options."""
        files, environment = self.files(kind, options)
        seconds = self.seconds + 60 if options else self.seconds
        users = options.users if options else USERS
        argv = [*LOCUST, "-f", files, *self.rules(users), "-t", f"{seconds}s"]
        _, processor, _ = timed(argv, environment)
        return self.counted(processor - self.startup)

    def master(self, options: LoadOptions | None) -> Cost:
        """What leading two workers costs the master alone."""
        files, environment = self.files("FastHttpUser", options)
        port = free_port()
        leads = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(port), "--expect-workers", "2"]
        argv = [*LOCUST, "-f", files, *self.rules(2 * USERS), *leads, "-t", f"{self.seconds + (60 if options else 0)}s"]
        plain = [*LOCUST, "-f", files, "--worker", "--master-host", "127.0.0.1", "--master-port", str(port)]
        joins = [sys.executable, "-m", f"{LOAD_TESTS}.worker", "127.0.0.1", str(port), "60", "60"] if options else plain
        workers = [subprocess.Popen(joins, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in range(2)]
        try:
            _, processor, _ = timed(argv, environment)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        return self.counted(processor - self.startup)

    def files(self, kind: str, options: LoadOptions | None) -> tuple[str, dict[str, str]]:
        """The Locust files to name, and the environment to run them in."""
        users, records = self.folder / "users.py", self.folder / "records"
        users.write_text(FILE.format(kind=kind))
        shutil.rmtree(records, ignore_errors=True)
        records.mkdir()
        if options is None:
            return str(users), dict(os.environ)
        made = msgspec.structs.replace(plan(options), host=self.host, root=str(self.folder))
        recorder = self.folder / "recorder.py"
        recorder.write_text(RECORDER.format(package=LOAD_TESTS, plan=msgspec.json.encode(made).decode()))
        return f"{recorder},{users}", os.environ | {"SDLC_LOAD_RECORDS": str(records)}

    def rules(self, users: int) -> list[str]:
        for old in self.folder.glob("own*"):
            old.unlink()
        own = ["--json-file", str(self.folder / "own"), "--host", self.host]
        return ["--headless", "--only-summary", "-u", str(users), "-r", "1000", *own]

    def counted(self, processor: float) -> Cost:
        """By Locust's own statistics of the run that has just ended."""
        (stats,) = json.loads(next(self.folder.glob("own*")).read_text())
        return Cost(stats["num_requests"], processor, stats["last_request_timestamp"] - stats["start_time"])

    def options(self, **changes: object) -> LoadOptions:
        times = {"warm_up": "0 s", "duration": f"{self.seconds} s", "users": USERS, "spawn_rate": 1000.0}
        return msgspec.convert(times | changes, LoadOptions)


def timed(argv: list[str], environment: dict[str, str] | None = None) -> tuple[str, float, float]:
    """What a command printed, its processor time, and how long it took; raises `LookupError` when it isn't installed."""
    began = time.monotonic()
    try:
        process = subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except FileNotFoundError as error:
        raise LookupError(f"{argv[0]} is not installed") from error
    said = process.stdout.read() if process.stdout else ""
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return said, usage.ru_utime + usage.ru_stime, time.monotonic() - began


def found(pattern: str, text: str) -> str:
    """The first group of a pattern that must be there."""
    match = re.search(pattern, text)
    if match is None:
        raise LookupError(f"{pattern!r} is not in {text[:500]!r}")
    return match[1]


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[str]:
    """An nginx of one process; its address."""
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        host = f"http://127.0.0.1:{port}"
        while Target(url=host, ready="/").answers():
            if server.poll() is not None:
                raise SystemExit("nginx does not start; Debian package: nginx-light")
            time.sleep(0.1)
        yield host
    finally:
        server.terminate()
        server.wait()


def show(title: str, contenders: dict[str, Callable[[], Cost]]) -> None:
    """Run them in turn, and print the medians."""
    costs: dict[str, list[Cost]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            try:
                costs[name].append(run())
            except LookupError as error:
                print(f"{name}: {error}", file=sys.stderr)
    print(f"\n{title:34}  us of processor a request  = requests a second and core   reached")
    for name, runs in costs.items():
        if runs:
            each = [run.processor / run.requests * 1e6 for run in runs]
            spread, middle = f"{min(each):.0f} to {max(each):.0f}", statistics.median(each)
            reached = statistics.median(run.requests / run.seconds for run in runs)
            print(f"{name:34} {middle:8.1f}  ({spread:>12}) {1e6 / middle:18.0f} {reached:25.0f}/s")


def main() -> None:
    """Print two tables."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as host:
        folder = Path(name)
        (folder / "idle.py").write_text(FILE.format(kind="FastHttpUser"))
        startup = statistics.median(timed([*LOCUST, "-f", str(folder / "idle.py"), "--list"])[1] for _ in range(ROUNDS))
        bench = Bench(folder, host, seconds, startup)
        opened = bench.options(model="open", rate=OPEN_RATE, users=OPEN_USERS)
        show(
            f"{seconds} s, {USERS} connections",
            {
                "wrk": bench.wrk,
                "hey": bench.hey,
                "Locust, FastHttpUser": lambda: bench.locust("FastHttpUser"),
                "  recorded, closed": lambda: bench.locust("FastHttpUser", bench.options()),
                f"  recorded, open at {OPEN_RATE:.0f}/s": lambda: bench.locust("FastHttpUser", opened),
                "Locust, HttpUser": lambda: bench.locust("HttpUser"),
                "  recorded, closed ": lambda: bench.locust("HttpUser", bench.options()),
            },
        )
        led = bench.options(users=2 * USERS, workers=2)
        show(
            "two workers, the master alone",
            {"Locust": lambda: bench.master(None), "with records sent to it": lambda: bench.master(led)},
        )


if __name__ == "__main__":
    main()
