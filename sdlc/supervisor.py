"""Runs one command and leaves nothing of it behind, whatever happens to whoever asked.

Run as a program, with the standard library only: `python -I -S supervisor.py STATUS_FD GRACE FILE_LIMIT -- COMMAND...`.
It stands between the engine and a tool, and ends the tool with every process that the tool started when the tool exits,
when the engine closes this program's standard input, and when the engine is killed (which closes it too).
On Linux it adopts orphans, so a process that left its group or session is still found, and the tool ends with it should
it be killed itself. It tells the engine the tool's process id at once, and at the end how it ended: two lines of JSON.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
STRAGGLER_SECONDS = 1.0
POLL_SECONDS = 0.02
REAP_SECONDS = 1.0


def main() -> None:
    """Run the command given on the command line, and write how it ended to the status descriptor as JSON."""
    status_fd, grace, file_limit = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    command = sys.argv[sys.argv.index("--") + 1 :]
    os.set_inheritable(status_fd, False)
    adopt_orphans()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    try:
        child = start(command, file_limit)
    except OSError as error:
        report(status_fd, code=None, strays=0, error=str(error))
        return
    report(status_fd, pid=child.pid)
    asked_to_stop = wait_for_exit_or_order(child)
    if asked_to_stop:
        ask_politely(child, grace)
    strays = 0 if asked_to_stop else count_strays(child.pid)
    end_descendants(child)
    report(status_fd, code=child.wait(), strays=strays, error="")


def adopt_orphans() -> None:
    """Make orphaned descendants children of this process (Linux; elsewhere only the process group is ended)."""
    process_control(PR_SET_CHILD_SUBREAPER, 1)


def process_control(option: int, value: int) -> None:
    """Ask Linux for something about this process; other systems have no such thing."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def start(command: list[str], file_limit: int) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own, without core files and with bounded file sizes."""
    supervisor = os.getpid()

    def limit() -> None:
        process_control(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != supervisor:
            os._exit(1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if file_limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=limit)


def wait_for_exit_or_order(child: subprocess.Popen[bytes]) -> bool:
    """Wait until the command exits (False) or standard input is closed (True).

    Sleeps until one of them happens: a supervisor that looks around all the time would disturb what a load test measures.
    """
    order = sys.stdin.fileno()
    ended = watch_exit(child.pid)
    pause = REAP_SECONDS if ended is not None else POLL_SECONDS
    while child.poll() is None:
        readable, _, _ = select.select([order, *([ended] if ended is not None else [])], [], [], pause)
        if order in readable and not os.read(order, 1):
            return True
        reap_others(child.pid)
    return False


def watch_exit(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def ask_politely(child: subprocess.Popen[bytes], grace: float) -> None:
    """Send SIGTERM to the command's group and give it `grace` seconds."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def count_strays(leader: int) -> int:
    """How many processes outlive the command by more than a second."""
    deadline = time.monotonic() + STRAGGLER_SECONDS
    while True:
        reap_others(leader)
        if alone():
            return 0
        if time.monotonic() > deadline:
            return max(1, len(descendants(os.getpid())))
        time.sleep(POLL_SECONDS)


def end_descendants(child: subprocess.Popen[bytes]) -> None:
    """Kill the command's group and every descendant until none is left."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    while not alone():
        for pid in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        child.poll()
        reap_others(child.pid)
        time.sleep(POLL_SECONDS / 4)


def alone() -> bool:
    """Whether no child is left, neither living nor uncollected.

    The system answers for this very moment, and whose parent has ended is a child of this process. A look through /proc
    takes a while, and can miss a process whose parent ends meanwhile.
    """
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False


def reap_others(leader: int) -> None:
    """Collect adopted children that have ended, leaving the command's own exit status to `Popen`."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != leader:
            os.waitpid(ended.si_pid, os.WNOHANG)


def descendants(ancestor: int) -> list[int]:
    """Ids of the living processes below `ancestor`; empty where there is no /proc."""
    parents: dict[int, int] = {}
    ended: set[int] = set()
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{name}/stat", "rb") as stat:
                    state, parent = stat.read().rpartition(b")")[2].split()[:2]
                parents[int(name)] = int(parent)
                if state in (b"Z", b"X"):
                    ended.add(int(name))
    return [pid for pid in parents if pid not in ended and is_below(pid, ancestor, parents)]


def is_below(pid: int, ancestor: int, parents: dict[int, int]) -> bool:
    """Whether the chain of parents from `pid` reaches `ancestor`."""
    while pid := parents.get(pid, 0):
        if pid == ancestor:
            return True
    return False


def report(status_fd: int, **facts: object) -> None:
    """Tell the engine something in one line."""
    with contextlib.suppress(BrokenPipeError):
        os.write(status_fd, json.dumps(facts).encode() + b"\n")


if __name__ == "__main__":
    main()
