"""How many users one machine holds: `python benchmarks/load_users.py USERS [WORKERS] [SECONDS]`.

Every user keeps a connection of its own and asks once in 30 s, over as many loopback addresses as there are workers, one
server process each (`load_server.py`). Driven through the load gate itself, so what it prints is what the gate measured.
Needs USERS / WORKERS open files a process (`ulimit -n`), and about 60 KiB of memory for each user, both ends counted.
"""

from __future__ import annotations

import datetime
import os
import re
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
PAUSE = 30
SERVER = Path(__file__).parent / "load_server.py"
USERS = """
import random
from locust import FastHttpUser, constant, events, task
class Visitor(FastHttpUser):
    network_timeout = connection_timeout = 60
    def on_start(self):
        self.place = "http://127.0.0.%d:{port}/" % random.randint(1, {servers})
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
    users, workers, seconds = (*map(int, sys.argv[1:]), 2, 60)[:3]
    root = Path(tempfile.mkdtemp())
    (root / "users.py").write_text(USERS.format(port=PORT, servers=workers, pause=PAUSE))
    servers = [subprocess.Popen([sys.executable, str(SERVER), f"127.0.0.{n + 1}", str(PORT)]) for n in range(workers)]
    target = Target(url=f"http://127.0.0.1:{PORT}", ready="/")
    while target.answers():
        time.sleep(0.2)
    rate = 100.0 * workers
    options = {"locustfile": "users.py", "users": users, "spawn_rate": rate, "workers": workers, "warm_up": f"{PAUSE} s"}
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
    peak = Peak(os.getpid(), {server.pid for server in servers})
    try:
        with peak:
            answer = Locust("locust", msgspec.convert(options, Locust.Options)).check(work)
    finally:
        for server in servers:
            server.kill()
            server.wait()
    records = read(sorted((directory.path / "evidence" / "locust").glob("*json*")))
    phase = steady(records)
    if phase is None:
        raise SystemExit("there was no steady phase")
    ticks = [[tick for tick in phase.ticks(worker) if isinstance(tick, Tick)] for worker in records.workers]
    held = users_reached(phase)
    print(f"users held: {held} of {users}, {workers} workers, {seconds} s steady")
    print(f"memory: {peak.bytes / max(1, held) / 1024:.1f} KiB a user in the generators ({peak.bytes >> 20} MiB)")
    print(f"requests: {phase.started() / seconds:.0f}/s of {users / PAUSE:.0f}/s planned")
    print(f"loop lag: at most {max(map(loop_lag, ticks)) * 1000:.0f} ms (99th percentile)")
    for item in answer.coverage[0].missing:
        print(f"check failed: {item.item}: {re.sub(r'worker-[0-9]+-[0-9]+.ndjson: ', '', item.reason)}")
    for measured in answer.measurements:
        if measured.subject == "page" or (measured.subject == "GET page" and measured.name in ("p50", "p99", "error_rate")):
            print(f"{measured.name}(page): {measured.value:.4g}")


class Peak:
    """The largest resident memory of the load generators, looked at once a second."""

    def __init__(self, pid: int, others: set[int]) -> None:
        self.pid, self.others, self.bytes = pid, others, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(1):
            total = 0
            for process in psutil.Process(self.pid).children(recursive=True):
                if process.pid not in self.others:
                    try:
                        total += process.memory_full_info().uss
                    except psutil.Error:
                        continue
            self.bytes = max(self.bytes, total)


if __name__ == "__main__":
    main()
