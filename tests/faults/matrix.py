"""The fault matrix: what goes wrong, in which gate, and what the run then says. The tests and docs are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sdlc.model import Verdict

BATCH = ("bandit", "semgrep", "pip-audit", "schemathesis", "wapiti", "locust", "sarif")
TOOLS = (*BATCH, "zap")
TARGETED = ("schemathesis", "wapiti", "locust", "tenant-isolation", "zap")
GATES = (*TOOLS[:-1], *TARGETED[-2:])
COMPLETED = "answered"
"""The gate answered, and its coverage says what is missing."""


@dataclass(frozen=True)
class Fault:
    """Something that breaks."""

    name: str
    what: str
    """In a sentence, for the table."""


@dataclass(frozen=True)
class Cell:
    """What a gate says to a fault."""

    fault: str
    gate: str
    code: str
    """The kind of error, one word per class in `sdlc.errors`; or COMPLETED."""
    words: str
    """A regular expression that the reason matches."""
    verdict: Verdict = Verdict.INCONCLUSIVE


OF_TOOLS = (
    Fault("missing", "the tool is not installed"),
    Fault("wrong-version", "another version of it is installed than the gate can read"),
    Fault("gone", "its program vanishes between looking for it and starting it"),
    Fault("silent", "it ends with exit code 0 and writes nothing"),
    Fault("empty", "it ends with exit code 0 and leaves empty reports"),
    Fault("half", "the real tool runs, and half of its report is lost"),
    Fault("foreign", "it ends with exit code 0 and a whole report of another tool"),
    Fault("exit-1", "it ends with exit code 1 and no report"),
    Fault("exit-2", "it ends with exit code 2 and no report"),
    Fault("exit-137", "it ends with exit code 137 and no report"),
    Fault("exit-139", "it ends with exit code 139 and no report"),
    Fault("killed", "it is killed (SIGKILL)"),
    Fault("crashed-after-answering", "the real tool writes its whole report, and the process crashes (SIGSEGV)"),
    Fault("hangs", "it never ends"),
    Fault("deaf", "it never ends and ignores SIGTERM"),
    Fault("floods", "it writes to standard error without end"),
    Fault("fills-disk", "it fills the disk"),
    Fault("daemon", "it ends and leaves a daemon behind that has left its session"),
)
OF_TARGETS = (
    Fault("target-dies-at-once", "the application under test ends while it starts"),
    Fault("target-never-ready", "it never listens"),
    Fault("target-dies-during", "it dies after a few requests"),
    Fault("target-dies-after", "it dies when the test is over, before anybody looks again"),
    Fault("target-errors", "it answers 500 to everything but its readiness probe"),
    Fault("target-truncates", "it breaks off each reply"),
    Fault("target-closes", "it closes each connection without a reply"),
    Fault("target-endless", "its replies never end"),
    Fault("target-redirects", "it redirects in a loop, and to another host"),
    Fault("target-elsewhere", "it listens on another port than it was told"),
    Fault("target-floods", "it writes to its outputs without end"),
    Fault("target-daemonises", "it becomes a daemon: another session, its parent gone, deaf to SIGTERM"),
)
OF_PROJECTS = (
    Fault("nothing-to-scan", "there is nothing that it could judge: no file, no dependency, no operation"),
    Fault("no-rules", "it is configured to look for nothing"),
    Fault("no-target", "there is no application to test"),
    Fault("no-description", "the application has no OpenAPI description, which the gate goes by"),
)


def _cells(fault: str, code: str, words: str, *gates: str) -> tuple[Cell, ...]:
    return tuple(Cell(fault, gate, code, words) for gate in gates)


STATIC = ("bandit", "semgrep")
# With these exit codes the tool has an answer, which then isn't there.
NO_REPORT = dict.fromkeys((("bandit", "1"), ("semgrep", "2"), ("sarif", "1")), "output-invalid")
CELLS = (
    *_cells("missing", "tool-missing", "its command is not at", "bandit", "semgrep", "pip-audit", "schemathesis", "locust"),
    *_cells("missing", "tool-missing", "is not a program that can be run", "sarif"),
    *_cells("missing", "tool-missing", "not made yet", "wapiti"),
    *_cells("missing", "tool-missing", "no zap.sh in", "zap"),
    *_cells("wrong-version", "tool-missing", "reads the reports of", *BATCH[:4], "locust"),
    *_cells("gone", "tool-missing", "could not be started|is not a program that can be run", *TOOLS),
    *_cells("silent", "output-invalid", "wrote no report", *STATIC, "sarif"),
    *_cells("silent", "tool-failed", "no report", "pip-audit", "schemathesis"),
    *_cells("silent", "output-invalid", "wrote no log", "wapiti"),
    *_cells("silent", COMPLETED, "records-incomplete", "locust"),
    *_cells("silent", "tool-failed", "ended while it was starting", "zap"),
    *_cells("empty", "output-invalid", "wrote no report", "bandit", "semgrep", "pip-audit", "sarif"),
    *_cells("empty", "output-invalid", "does not begin", "schemathesis"),
    *_cells("empty", "output-invalid", "wrote no log", "wapiti"),
    *_cells("half", "output-invalid", "truncated|not what this version", "bandit", "semgrep", "pip-audit", "schemathesis"),
    *_cells("half", "output-invalid", "truncated|not what this version", "wapiti"),
    *_cells("half", "output-invalid", "is not JSON|not what", "sarif"),
    *_cells("half", COMPLETED, "worker-lost", "locust"),
    *_cells("foreign", "output-invalid", "not what this version", "bandit", "semgrep", "pip-audit", "schemathesis"),
    *_cells("foreign", "output-invalid", "wrote no log", "wapiti"),
    *_cells("foreign", "output-invalid", "not what this version", "sarif"),
    *(
        cell
        for code in ("1", "2", "137", "139")
        for cell in (
            *_cells(f"exit-{code}", NO_REPORT.get(("bandit", code), "tool-failed"), f"exit code {code}", "bandit"),
            *_cells(f"exit-{code}", NO_REPORT.get(("semgrep", code), "tool-failed"), f"exit code {code}", "semgrep"),
            *_cells(f"exit-{code}", NO_REPORT.get(("sarif", code), "tool-failed"), f"exit code {code}", "sarif"),
            *_cells(f"exit-{code}", "tool-failed", f"exit code {code}", *BATCH[2:-1]),
            *_cells(f"exit-{code}", "tool-failed", "ended while it was starting", "zap"),
        )
    ),
    *_cells("killed", "tool-failed", "signal 9", *STATIC, "pip-audit", "wapiti", "locust", "sarif"),
    *_cells("killed", "tool-failed", "exit code -9", "schemathesis"),
    *_cells("killed", "tool-failed", "ended while it was starting", "zap"),
    *_cells("crashed-after-answering", "tool-failed", "signal 11", *BATCH),
    *_cells("hangs", "timeout", "deadline", *BATCH),
    *_cells("hangs", "timeout", "did not answer", "zap"),
    *_cells("deaf", "timeout", "deadline", *BATCH),
    *_cells("deaf", "timeout", "did not answer", "zap"),
    *_cells("floods", "limit-exceeded", "wrote more than", *TOOLS),
    *_cells("fills-disk", "limit-exceeded", "disk is nearly full", *TOOLS),
    *_cells("daemon", "tool-failed", "left 1 processes", *BATCH),
    *_cells("daemon", "tool-failed", "ended while it was starting", "zap"),
    *_cells("target-dies-at-once", "target-failed", "ended while it was starting.*no database", *TARGETED),
    *_cells("target-never-ready", "target-failed", "not ready after", *TARGETED),
    *_cells("target-dies-during", "target-failed", "died while|no longer answered|stopped answering|no request", *TARGETED),
    *_cells("target-dies-after", "target-failed", "died while|no longer answered", *TARGETED),
    *_cells("target-elsewhere", "target-failed", "not ready after", *TARGETED),
    *_cells("target-floods", "limit-exceeded", "wrote more than 8 MiB to target.stdout", *TARGETED),
    *_cells("target-daemonises", "target-failed", "died while|no request|left 1 processes|got no answer", *TARGETED),
    Cell("target-errors", "schemathesis", COMPLETED, "server error", Verdict.FAIL),
    *_cells("target-truncates", "target-failed", "answered no request", "schemathesis"),
    *_cells("target-closes", "target-failed", "answered no request", "schemathesis"),
    *_cells("target-endless", "timeout", "deadline", "schemathesis"),
    *_cells("target-redirects", COMPLETED, "let no request in .302", "schemathesis"),
    *_cells("target-errors", COMPLETED, "500: it only failed", "wapiti"),
    *_cells("target-truncates", COMPLETED, "missing", "wapiti"),
    *_cells("target-closes", COMPLETED, "missing", "wapiti"),
    *_cells("target-endless", COMPLETED, "missing", "wapiti"),
    *_cells("target-redirects", COMPLETED, "missing", "wapiti"),
    *_cells("target-errors", COMPLETED, "without error", "locust"),
    *_cells("target-truncates", COMPLETED, "without error", "locust"),
    *_cells("target-closes", COMPLETED, "without error", "locust"),
    *_cells("target-endless", COMPLETED, "zero-requests", "locust"),
    *_cells("target-errors", COMPLETED, "can't make a note: 500", "tenant-isolation"),
    *_cells("target-truncates", COMPLETED, "nothing tells the id of a new note", "tenant-isolation"),
    *_cells("target-closes", COMPLETED, "can't make a note: RemoteDisconnected", "tenant-isolation"),
    *_cells("target-endless", COMPLETED, "nothing tells the id of a new note", "tenant-isolation"),
    *_cells("target-redirects", COMPLETED, "nothing tells the id of a new note: 302", "tenant-isolation"),
    *_cells("target-errors", COMPLETED, "missing", "zap"),
    *_cells("target-truncates", COMPLETED, "200, and the reply broke off", "zap"),
    *_cells("target-closes", COMPLETED, "missing", "zap"),
    *_cells("target-endless", "tool-failed", "did not answer: timed out", "zap"),
    *_cells("target-redirects", COMPLETED, "missing", "zap"),
    *_cells("nothing-to-scan", "nothing-to-scan", "business|in a language", "bandit", "semgrep", "sarif"),
    *_cells("nothing-to-scan", "nothing-to-scan", "no file here declares dependencies", "pip-audit"),
    *_cells("nothing-to-scan", "nothing-to-scan", "no operation", "schemathesis", "locust"),
    *_cells("nothing-to-scan", COMPLETED, "no operations to measure", "tenant-isolation"),
    *_cells("no-rules", "tool-failed", "No tests would be run", "bandit"),
    *_cells("no-rules", "gate-failed", "no Semgrep rule is left", "semgrep"),
    *_cells("no-rules", "tool-failed", "database", "pip-audit"),
    *_cells("no-rules", COMPLETED, "no modules to measure", "wapiti"),
    *_cells("no-rules", "tool-missing", "pscanrules, ascanrules", "zap"),
    *_cells("no-target", "nothing-to-scan", "there is no running application", *TARGETED),
    *_cells("no-description", "nothing-to-scan", "there is no OpenAPI description", "schemathesis", "tenant-isolation", "zap"),
)

OF_NETWORKS = (
    Fault("refused", "nothing listens where the service, or the proxy to it, should"),
    Fault("blackholed", "connections are taken, and nothing ever comes back"),
    Fault("bad-gateway", "the proxy answers 502"),
    Fault("no-tls", "the other end doesn't speak TLS"),
    Fault("untrusted", "its certificate is nobody's"),
    Fault("500", "the service answers 500"),
    Fault("404", "the service doesn't know the package"),
    Fault("truncated", "the reply breaks off before its announced length"),
    Fault("half", "the reply is half a JSON document"),
    Fault("web-page", "the reply is a web page"),
    Fault("empty-object", "the reply is an empty object"),
)
NETWORK_WORDS = {
    "refused": "ProxyError|refused",
    "blackholed": "deadline",
    "bad-gateway": "502",
    "no-tls": "SSL",
    "untrusted": "certificate verify failed|CERTIFICATE_VERIFY_FAILED",
    "500": "ServiceError",
    "404": "not found on PyPI",
    "truncated": "Error",
    "half": "Error",
    "web-page": "Error",
    "empty-object": "control questions.*PYSEC-2019-217",
}

OF_DAEMONS = (
    Fault("daemon-killed", "the daemon is killed during the attack"),
    Fault("daemon-stopped", "it stands still during the attack, and answers nothing any more"),
)
OF_APIS = (
    Fault("500", "its API answers 500"),
    Fault("truncated", "its replies break off before their announced length"),
    Fault("half", "its replies are half a JSON document"),
    Fault("closes", "it closes each connection without a reply"),
    Fault("web-page", "somebody between answers with a web page"),
    Fault("empty-object", "its replies are empty objects"),
    Fault("null", "it answers null"),
)
DAEMON_WORDS = {
    "daemon-killed": "ZAP ended during the scan|did not answer",
    "daemon-stopped": "did not answer: timed out",
    "500": "ZAP answered internal_error",
    "truncated": "did not answer: IncompleteRead",
    "half": "did not answer in JSON",
    "closes": "did not answer: Remote end closed",
    "web-page": "did not answer in JSON",
    "empty-object": "did not answer with an object",
    "null": "ZAP's answer is not what",
}

OF_MACHINES = (
    Fault("read-only", "the run directory can't be written: exit code 2, with another place to name"),
    Fault("read-only-later", "it becomes read-only during the run: exit code 3, and no verdict is stored"),
    Fault("two-at-once", "two runs at once in one checkout: both answer alike, each from evidence of its own"),
    Fault("clock-back", "the clock is set back during the run: no waiver comes back, no advisory database becomes young"),
    Fault("clock-forward", "it is set forward: what held when the run began holds; a load test is invalid"),
    Fault("config-empty", "the configuration is empty, or has no gates: INCONCLUSIVE"),
    Fault("config-emptied", "it is emptied during the run: the run goes by what it was"),
)
MACHINE_WORDS = {
    "read-only": "choose a writable place with --runs",
    "read-only-later": "could not be written",
    "clock-forward": "clock was set by",
    "config-empty": "no gate was asked",
}

UNFIT = {
    # Wapiti's environment is made from a lock file, and its report names its version; ZAP's daemon is asked for its own.
    *(("wrong-version", gate) for gate in ("wapiti", "zap")),
    # Whose version matters is for the user to say, with a command that asks for it.
    ("wrong-version", "sarif"),
    # ZAP writes no report: its daemon is asked. Locust's records are made by our recorder.
    *((fault, "zap") for fault in ("empty", "half", "foreign", "crashed-after-answering")),
    *((fault, "locust") for fault in ("empty", "foreign")),
    # A redirect is an answer, and its latency is measured.
    ("target-redirects", "locust"),
    # Their business is the application: where one runs, there is something to scan.
    *(("nothing-to-scan", gate) for gate in ("wapiti", "zap")),
    # Without checks it is a configuration error; the others have no rules, or nobody but the user knows them.
    *(("no-rules", gate) for gate in ("schemathesis", "locust", "sarif", "tenant-isolation")),
    *(("no-target", gate) for gate in GATES if gate not in TARGETED),
    *(("no-description", gate) for gate in GATES if gate not in ("schemathesis", "tenant-isolation", "zap")),
}
"""Faults that don't fit a gate."""
