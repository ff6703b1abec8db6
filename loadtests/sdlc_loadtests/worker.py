"""One worker process of a load test that is led from elsewhere: `python -m sdlc_loadtests.worker HOST PORT WAIT LOST_AFTER`.

It gets the plan and the Locust files from the master, sends its records there, and ends with the test. Exit code 0 means
that the master said when the test was over, and has every record until then.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import contextlib
import math
import os
import signal
import sys
import tempfile

from sdlc_loadtests.plan import Given

LOST, STRANGER = 3, 4
"""Exit codes: the test ended before it was over; nobody led one."""
PARENT_SECONDS = 1.0


def arguments(host: str, port: int) -> list[str]:
    """The command line of a Locust that takes its files from the master there."""
    address = ["--master-host", host, "--master-port", str(port)]
    return ["locust", "-f", "-", "--worker", *address, "--exit-code-on-error", "0"]


def main() -> None:
    """Become that Locust, which waits `WAIT` seconds for a master, and `LOST_AFTER` for a sign of it later on."""
    host, port, wait, lost_after = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    import gevent
    from locust import runners
    from locust.main import main as locust

    # Locust has no options for these, and would wait five minutes.
    runners.CONNECT_TIMEOUT = min(runners.CONNECT_TIMEOUT, math.ceil(wait))
    runners.CONNECT_RETRY_COUNT = math.ceil(wait / runners.CONNECT_TIMEOUT)
    runners.MASTER_HEARTBEAT_TIMEOUT = math.ceil(lost_after)
    gevent.spawn(end_with_parent, os.getppid())
    sys.argv = arguments(host, port)
    # Locust puts what it gets there by its bare name: two workers of one host would run each other's files.
    with (
        tempfile.TemporaryDirectory(prefix="sdlc-load-") as tempfile.tempdir,
        contextlib.suppress(SystemExit, KeyboardInterrupt),
    ):
        locust()
    sys.stderr.flush()
    sys.exit(0 if Given.recorded else LOST if Given.plan else STRANGER)


def end_with_parent(parent: int) -> None:
    """Ask this process to end once the one that started it is gone."""
    import gevent

    while os.getppid() == parent:
        gevent.sleep(PARENT_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
