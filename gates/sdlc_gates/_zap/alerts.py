"""ZAP's alerts as findings. Pure; tested on recorded answers of ZAP 2.17."""

from __future__ import annotations

import shlex
import urllib.parse

import msgspec

from sdlc.errors import OutputInvalid
from sdlc.gate import decode
from sdlc.model import EndpointLocation, Finding, Rule, Severity

SEVERITIES = {"High": Severity.HIGH, "Medium": Severity.MEDIUM, "Low": Severity.LOW, "Informational": Severity.INFO}
FALSE_POSITIVE = "False Positive"
HOUSE_TAG = "sdlc-rule"
CATALOGUE = "https://www.zaproxy.org/docs/alerts/"
PROOF_CHARACTERS = 2000


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One entry of `core/view/alerts` (2.17); numbers come as text."""

    alert: str
    plugin_id: str
    alert_ref: str
    risk: str
    confidence: str
    url: str
    method: str
    param: str
    attack: str
    evidence: str
    other: str
    description: str
    solution: str
    cweid: str
    tags: dict[str, str]


def parse(content: bytes, origin: str) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings at `origin` (scheme, host, port), and a note about alerts elsewhere, which are no answer about it.

    Raises `OutputInvalid` for anything that ZAP 2.17 doesn't write.
    """
    alerts = decode(content, list[Alert])
    here = [alert for alert in alerts if _origin(alert.url) == _origin(origin)]
    elsewhere = sorted({_origin(alert.url) for alert in alerts if _origin(alert.url) != _origin(origin)})
    note = f"{len(alerts) - len(here)} alerts are about other places and were not judged: {', '.join(elsewhere[:5])}"
    return tuple(map(_finding, here)), ((note,) if elsewhere else ())


def _finding(alert: Alert) -> Finding:
    if alert.risk not in SEVERITIES:
        raise OutputInvalid(f"ZAP has a risk that this gate doesn't know: {alert.risk!r}")
    place = urllib.parse.urlsplit(alert.url)
    return Finding(
        tool="zap",
        rule=_rule(alert),
        severity=SEVERITIES[alert.risk],
        message=alert.alert,
        # The query holds the attack, which differs from one request to the next.
        location=EndpointLocation(
            method=alert.method,
            url=urllib.parse.urlunsplit((place.scheme, place.netloc, place.path or "/", "", "")),
            parameter=alert.param,
        ),
        fix=alert.solution,
        proof=_proof(alert),
        suppression="marked as a false positive in ZAP" if alert.confidence == FALSE_POSITIVE else "",
    )


def _rule(alert: Alert) -> Rule:
    house = alert.tags.get(HOUSE_TAG, "")
    own = alert.plugin_id.isdecimal() and not house
    return Rule(
        id=f"sdlc-{house}" if house else alert.alert_ref or alert.plugin_id,
        name=alert.alert,
        description=alert.description,
        help_uri=f"{CATALOGUE}{alert.plugin_id}/" if own else "",
        cwe=(int(alert.cweid),) if alert.cweid.isdecimal() and int(alert.cweid) else (),
    )


def _proof(alert: Alert) -> str:
    """What to look at: the request, what it changed, and the part of the reply that gave it away."""
    method = [] if alert.method == "GET" else ["--request", alert.method]
    lines = [shlex.join(["curl", "--include", *method, alert.url])]
    told = {"attack": alert.attack, "evidence": alert.evidence, "more": alert.other, "confidence": alert.confidence.lower()}
    lines += [f"{name}: {text}" for name, text in told.items() if text]
    return "\n".join(lines)[:PROOF_CHARACTERS]


def _origin(url: str) -> str:
    try:
        parts = urllib.parse.urlsplit(url)
        if not parts.hostname:
            raise ValueError("it names no host")
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        raise OutputInvalid(f"an alert is about {url[:200]!r}, which is no URL: {error}") from error
    return f"{parts.scheme}://{parts.hostname}:{port}"
