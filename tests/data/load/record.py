"""Records a real load test again: `python tests/data/load/record.py` from the project's root, about 10 s.

Two workers, 6 users, 5 s of steady load on tests/tools/load_target.py with a delay of 20 ms.
"""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
from sdlc_gates.locust import Locust

from sdlc import inventory
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits
from sdlc.target import Target, free_port, wait_until_ready

HERE = Path(__file__).parent
OPTIONS = {"users": 6, "spawn_rate": 10.0, "warm_up": "1 s", "duration": "5 s", "workers": 2, "paths": ["/a", "/b"]}
OPTIONS |= {"wait": "100 ms", "request_timeout": "2 s", "max_loop_lag": "10 s"}


def main() -> None:
    port, cancel, root = free_port(), threading.Event(), Path(tempfile.mkdtemp())
    directory = RunDirectory.create(root, datetime.datetime.now(datetime.UTC))
    server = subprocess.Popen([sys.executable, str(HERE.parents[1] / "tools" / "load_target.py"), str(port), "0.02"])
    try:
        target = Target(url=f"http://127.0.0.1:{port}", ready="/ready")
        wait_until_ready(target, 20, None, cancel)
        limits, scratch = Limits(deadline=time.monotonic() + 300), directory.scratch("locust")
        files = inventory.take(root)
        work = Workspace(
            gate="locust",
            root=root,
            files=files,
            scratch=scratch,
            directory=directory,
            limits=limits,
            cancel=cancel,
            target=target,
        )
        Locust("locust", msgspec.convert(OPTIONS, Locust.Options)).check(work)
    finally:
        server.kill()
        server.wait()
    for file in (directory.path / "evidence" / "locust").glob("*json"):
        # The process id in a worker's file name is another one each time.
        shutil.copy(file, HERE / re.sub(r"(worker-\d+)-\d+", r"\1", file.name))
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
