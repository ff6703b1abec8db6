"""Leaks as findings, with what shows them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sdlc.model import EndpointLocation, Finding, Rule, Severity
from sdlc_gates._dast import curl
from sdlc_gates._dast.client import CREDENTIALS
from sdlc_gates._tenants.operations import Operation
from sdlc_gates._tenants.probing import Leak

EXCERPT_CHARACTERS = 600
SHOWN_CHANGES = 6
VALUE_CHARACTERS = 120

RULES: Mapping[str, tuple[Severity, Rule]] = {
    "tenant-read": (
        Severity.HIGH,
        Rule(id="tenant-read", name="another tenant's object can be read by its id", cwe=(639,)),
    ),
    "tenant-write": (
        Severity.CRITICAL,
        Rule(id="tenant-write", name="another tenant's object can be changed by its id", cwe=(639,)),
    ),
    "tenant-list": (
        Severity.HIGH,
        Rule(id="tenant-list", name="a list, search or export holds another tenant's data", cwe=(862,)),
    ),
    "tenant-names": (
        Severity.MEDIUM,
        Rule(id="tenant-names", name="a list names another tenant's objects", cwe=(862,)),
    ),
    "anonymous-read": (
        Severity.CRITICAL,
        Rule(id="anonymous-read", name="a tenant's data can be read without logging in", cwe=(306,)),
    ),
    "anonymous-write": (
        Severity.CRITICAL,
        Rule(id="anonymous-write", name="a tenant's object can be changed without logging in", cwe=(306,)),
    ),
}
FIXES = {
    "tenant": "look the object up among those of the caller's tenant, not among all",
    "anonymous": "refuse callers that aren't logged in",
}


def rule_of(leak: Leak, *, listed: bool) -> str:
    """The id of the rule that a leak breaks."""
    if leak.by_name:
        return "tenant-names"
    if leak.changed:
        return "anonymous-write" if leak.anonymous else "tenant-write"
    if leak.anonymous:
        return "anonymous-read"
    return "tenant-list" if listed else "tenant-read"


@dataclass(frozen=True, slots=True)
class Told:
    """A leak in words."""

    leak: Leak
    message: str
    proof: str


def told(leak: Leak, url: str, redacted: Callable[[str], str]) -> Told:
    """What a leak is and what shows it, without the secrets that `redacted` takes out."""
    return Told(leak, redacted(_what(leak)), redacted(_proof(leak, url)))


def finding(operation: Operation, rule: str, leaks: Sequence[Told], parameter: str, url: str) -> Finding:
    """One finding for all leaks of an operation that break a rule; the first is shown."""
    severity, known = RULES[rule]
    first = leaks[0]
    pairs = sorted({f"{one.leak.caller} from {one.leak.owner}" for one in leaks})
    return Finding(
        tool="tenant-isolation",
        rule=known,
        severity=severity,
        message=f"{first.message} ({'; '.join(pairs)})",
        location=EndpointLocation(method=operation.method, url=url + operation.path, parameter=parameter),
        fix=FIXES["anonymous" if first.leak.anonymous else "tenant"],
        proof=first.proof,
    )


def _what(leak: Leak) -> str:
    if leak.changed:
        return f"a request of {leak.caller} changed what {leak.owner} reads: {leak.changed[0].what}"
    if leak.by_name:
        return f"{leak.caller} is told the name of what {leak.owner} made, in the {leak.sight.place if leak.sight else 'reply'}"
    return f"{leak.caller} gets what {leak.owner} planted, in the {leak.sight.place if leak.sight else 'reply'}"


def _proof(leak: Leak, url: str) -> str:
    headers = [(name, f"[{leak.caller}'s]" if _is_credential(leak, name) else value) for name, value in leak.request.headers]
    lines = [f"as {leak.caller}:", curl.line(leak.request.method, url + leak.request.path, headers, leak.request.body)]
    lines.append(f"HTTP {leak.reply.status}" if leak.reply.status else "(no reply)")
    if leak.sight:
        lines += [leak.sight.excerpt[:EXCERPT_CHARACTERS], f"({leak.sight.text} was planted by {leak.owner})"]
    for change in leak.changed[:SHOWN_CHANGES]:
        before, after = change.before[:VALUE_CHARACTERS], change.after[:VALUE_CHARACTERS]
        lines.append(f"{leak.owner}, {change.what}: {before!r} before, {after!r} after")
    return "\n".join(lines)


def _is_credential(leak: Leak, name: str) -> bool:
    return name.lower() in CREDENTIALS or name in leak.credentials
