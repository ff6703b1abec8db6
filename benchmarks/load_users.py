"""How many users one machine holds: `python benchmarks/load_users.py USERS [WORKERS] [SECONDS] [PAUSE]`.

Every user keeps a connection of its own and asks once in PAUSE seconds (default 60), over as many loopback addresses as
the ports of one demand, served by one nginx (Debian package nginx-light). Driven through the load gate itself, so what it
prints is what the gate measured. Takes about 40 KiB of memory for each user, both ends counted; the numbers of open files
that it needs are raised as far as the system lets it.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import psutil
from sdlc_gates.load.records import Tick, read
from sdlc_gates.load.steady import steady
from sdlc_gates.load.validity import loop_lag, users_reached
from sdlc_gates.locust import Locust

from sdlc import inventory
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits
from sdlc.target import Target

PORT = 18_080
SPAWN_RATE = 60.0
"""Users started a second, by each worker."""
PORTS = 20_000
"""Connections to one address; the system has about 28,000 ports for them."""
SERVED = 8_000
"""Connections of one nginx process, which may have twice as many."""
NGINX = """
user root; worker_processes {processes}; daemon off; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections {connections}; }}
http {{ access_log off; keepalive_timeout 3600; keepalive_requests 1000000000; client_body_temp_path {folder}/body;
  server {{ {listen} location / {{ return 200 "ok"; }} }} }}
"""
USERS = """
import random
from locust import FastHttpUser, constant, events, task
class Visitor(FastHttpUser):
    network_timeout = connection_timeout = 60
    def on_start(self):
        self.place = "http://127.0.0.%d:{port}/" % random.randint(1, {addresses})
        # Spread evenly: nobody wants all of them at once.
        self.first = True
    def wait_time(self):
        return {pause}
    @task
    def visit(self):
        import gevent
        if self.first:
            self.first = False
            self.client.get(self.place, name="first")
            gevent.sleep(random.random() * {pause})
        self.client.get(self.place, name="page")
"""


def main() -> None:
    """Hold them, and print what was reached."""
    users, workers, seconds, pause = (int(given) for given in (sys.argv[1:] + ["2", "60", "60"][len(sys.argv) - 2 :])[:4])
    root = Path(tempfile.mkdtemp())
    addresses = users // PORTS + 1
    (root / "users.py").write_text(USERS.format(port=PORT, addresses=addresses, pause=pause))
    open_files(max(users // workers, 2 * SERVED) + 1000)
    server = nginx(root, addresses, users)
    target = Target(url=f"http://127.0.0.1:{PORT}", ready="/")
    while target.answers():
        time.sleep(0.2)
    rate = SPAWN_RATE * workers
    options = {"locustfile": "users.py", "users": users, "spawn_rate": rate, "workers": workers, "warm_up": f"{pause} s"}
    options |= {"duration": f"{seconds} s", "request_timeout": "20 s", "max_loop_lag": "1 s"}
    directory = RunDirectory.create(root, datetime.datetime.now(datetime.UTC))
    work = Workspace(
        gate="locust",
        root=root,
        files=inventory.take(root),
        scratch=directory.scratch("locust"),
        directory=directory,
        limits=Limits(deadline=time.monotonic() + 7200, memory=psutil.virtual_memory().total),
        cancel=threading.Event(),
        target=target,
        say=lambda text: print(f"  {text}", file=sys.stderr),
    )
    peak = Peak(os.getpid(), server.pid)
    try:
        with peak:
            answer = Locust("locust", msgspec.convert(options, Locust.Options)).check(work)
    finally:
        server.terminate()
        server.wait()
    records = read(sorted((directory.path / "evidence" / "locust").glob("*json*")))
    phase = steady(records)
    if phase is None:
        raise SystemExit("there was no steady phase")
    ticks = [[tick for tick in phase.ticks(worker) if isinstance(tick, Tick)] for worker in records.workers]
    held = users_reached(phase)
    print(f"users held: {held} of {users}, {workers} workers, {seconds} s steady")
    each = peak.bytes / max(1, held) / 1024
    print(f"memory: {each:.1f} KiB a user in the generators ({peak.bytes >> 20} MiB), {peak.served >> 20} MiB in nginx")
    print(f"requests: {phase.started() / seconds:.0f}/s of {users / pause:.0f}/s planned, {addresses} addresses")
    print(f"loop lag: at most {max(map(loop_lag, ticks)) * 1000:.0f} ms (99th percentile)")
    used = [sum(tick.cpu for tick in worker) / sum(tick.wall for tick in worker) for worker in ticks if worker]
    print(f"processor: {', '.join(f'{share:.0%}' for share in used)} of one, by worker")
    for item in answer.coverage[0].missing:
        print(f"check failed: {item.item}: {re.sub(r'worker-[0-9]+-[0-9]+.ndjson: ', '', item.reason)}")
    for measured in answer.measurements:
        if measured.subject == "page" or (measured.subject == "GET page" and measured.name in ("p50", "p99", "error_rate")):
            print(f"{measured.name}(page): {measured.value:.4g}")


def open_files(wanted: int) -> None:
    """Let this process and its children open so many files, or as many as they may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, most)))
    except (ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        print(f"each process may open {most} files", file=sys.stderr)


def nginx(folder: Path, addresses: int, users: int) -> subprocess.Popen[bytes]:
    """A server on so many loopback addresses, which holds so many connections."""
    listen = " ".join(f"listen 127.0.0.{number + 1}:{PORT} backlog=8192 reuseport;" for number in range(addresses))
    sizes = {"processes": users // SERVED + 1, "connections": 2 * SERVED}
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, listen=listen, **sizes))
    return subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")])


class Peak:
    """The largest resident memory of the load generators, looked at once a second."""

    def __init__(self, pid: int, server: int) -> None:
        self.pid, self.server, self.bytes, self.served = pid, server, 0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(5):
            everyone = psutil.Process(self.pid).children(recursive=True)
            servers = [process for process in everyone if self.server in (process.pid, process.ppid())]
            self.served = max(self.served, unshared(servers))
            self.bytes = max(self.bytes, unshared([process for process in everyone if process not in servers]))


def unshared(processes: list[psutil.Process]) -> int:
    """Bytes that these have for themselves."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            total += process.memory_full_info().uss
    return total


if __name__ == "__main__":
    main()
