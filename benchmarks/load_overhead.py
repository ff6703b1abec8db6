"""What the recorder costs: `python benchmarks/load_overhead.py [SECONDS]` (default 10).

The same users (10, without pauses, Locust's fast client) ask the same server, one run with plain Locust and one with
the recorder, three times in turn. Processor time per request is compared, since the machine's other work doesn't change
it much; both runs are single processes.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from sdlc_gates.load.plan import LoadOptions, plan
from sdlc_gates.locust import LOAD_TESTS, RECORDER

from sdlc.target import Target, free_port

USERS = """
from locust import FastHttpUser, task
class Visitor(FastHttpUser):
    @task
    def visit(self):
        self.client.get("/page")
"""
ROUNDS = 3
SERVER = Path(__file__).parent / "load_server.py"


def measure(folder: Path, host: str, seconds: int, *, recorded: bool) -> float:
    """Microseconds of processor time for each request."""
    records = folder / "records"
    records.mkdir(exist_ok=True)
    for old in records.iterdir():
        old.unlink()
    made = plan(LoadOptions(users=10, spawn_rate=100, warm_up="0 s", duration=f"{seconds} s"))
    brought = msgspec.json.encode(msgspec.structs.replace(made, host=host, root=str(folder))).decode()
    (folder / "users.py").write_text(USERS)
    (folder / "recorder.py").write_text(RECORDER.format(package=LOAD_TESTS, plan=brought))
    files = f"{folder / 'recorder.py'},{folder / 'users.py'}" if recorded else str(folder / "users.py")
    own = folder / "own"
    argv = [sys.executable, "-m", "locust", "-f", files, "--headless", "--only-summary", "--host", host]
    argv += ["-u", "10", "-r", "100", "--json-file", str(own), "-t", f"{seconds + 60 if recorded else seconds}s"]
    environment = os.environ | {"SDLC_LOAD_RECORDS": str(records)}
    process = subprocess.Popen(argv, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    (stats,) = json.loads(next(folder.glob("own*")).read_text())
    # Starting Python and importing Locust is no cost of a request.
    spent = usage.ru_utime + usage.ru_stime - startup(folder)
    return spent / float(stats["num_requests"]) * 1e6


def startup(folder: Path) -> float:
    """Processor time of a Locust that does nothing."""
    argv = [sys.executable, "-m", "locust", "-f", str(folder / "users.py"), "--list"]
    process = subprocess.Popen(argv, cwd=folder, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print both costs."""
    seconds, port = int(sys.argv[1]) if len(sys.argv) > 1 else 10, free_port()
    server = subprocess.Popen([sys.executable, str(SERVER), "127.0.0.1", str(port)])
    try:
        with tempfile.TemporaryDirectory() as folder:
            host = f"http://127.0.0.1:{port}"
            while Target(url=host, ready="/").answers():
                time.sleep(0.1)
            found: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(ROUNDS):
                for recorded, results in found.items():
                    results.append(measure(Path(folder), host, seconds, recorded=recorded))
    finally:
        server.kill()
        server.wait()
    for recorded, results in found.items():
        cost = statistics.median(results)
        who = "with the recorder" if recorded else "plain Locust"
        print(f"{who:18} {cost:6.0f} us of processor a request")


if __name__ == "__main__":
    main()
