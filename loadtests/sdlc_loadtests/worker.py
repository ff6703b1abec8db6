"""A worker for a load test that is led from another host: `python -m sdlc_loadtests.worker HOST:PORT [PROCESSES]`.

It gets the plan and the Locust files from the master, sends its records there, and ends with the test.
"""

from __future__ import annotations

import os
import sys

USAGE = "usage: python -m sdlc_loadtests.worker HOST:PORT [PROCESSES]"


def arguments(master: str, processes: int) -> list[str]:
    """The command line of Locust that joins the master at `HOST:PORT`; raises `ValueError` when that is no address."""
    host, _, port = master.rpartition(":")
    if not host or not port.isdigit() or processes < 1:
        raise ValueError(USAGE)
    several = ["--processes", str(processes)] if processes > 1 else []
    return ["-m", "locust", "-f", "-", "--worker", "--master-host", host, "--master-port", port, *several]


def main() -> None:
    """Become that Locust."""
    try:
        argv = arguments(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    except (IndexError, ValueError):
        sys.exit(USAGE)
    os.execv(sys.executable, [sys.executable, *argv])


if __name__ == "__main__":
    main()
