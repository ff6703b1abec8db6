"""The kinds of failure that Schemathesis (4.32) knows by a stable code, and how much harm each could do."""

from __future__ import annotations

from typing import Literal

from sdlc.errors import OutputInvalid
from sdlc.model import Frozen, Rule, Severity

Check = Literal[
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
    "negative_data_rejection",
    "positive_data_acceptance",
    "missing_required_header",
    "unsupported_method",
    "allow_header_conformance",
]
# What is a defect of the reply whatever the application is for. The others judge how strictly it reads its input.
DEFAULT_CHECKS: tuple[Check, ...] = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
    "use_after_free",
    "ensure_resource_availability",
)
HELP = "https://schemathesis.readthedocs.io/en/stable/reference/checks/"


class Kind(Frozen, frozen=True):
    """One way to fail a check."""

    check: Check
    """The first of the checks that report it."""
    title: str
    severity: Severity
    cwe: tuple[int, ...] = ()


KINDS = {
    "ST101": Kind(check="not_a_server_error", title="server error", severity=Severity.MEDIUM, cwe=(755,)),
    "ST102": Kind(
        check="not_a_server_error",
        title="server error on an undeclared content type",
        severity=Severity.MEDIUM,
        cwe=(755,),
    ),
    "ST103": Kind(check="status_code_conformance", title="undocumented status code", severity=Severity.LOW),
    "ST104": Kind(check="content_type_conformance", title="reply without a content type", severity=Severity.LOW),
    "ST105": Kind(check="content_type_conformance", title="undocumented content type", severity=Severity.LOW),
    "ST106": Kind(check="content_type_conformance", title="malformed content type", severity=Severity.LOW),
    "ST107": Kind(check="response_headers_conformance", title="required response header missing", severity=Severity.LOW),
    "ST108": Kind(check="response_schema_conformance", title="reply violates its schema", severity=Severity.MEDIUM),
    "ST109": Kind(check="response_schema_conformance", title="reply is not the JSON it says it is", severity=Severity.MEDIUM),
    "ST110": Kind(check="response_schema_conformance", title="reply can't be decoded", severity=Severity.MEDIUM),
    "ST111": Kind(check="response_schema_conformance", title="unknown discriminator in the reply", severity=Severity.MEDIUM),
    "ST201": Kind(
        check="negative_data_rejection", title="request that violates the schema accepted", severity=Severity.MEDIUM, cwe=(20,)
    ),
    "ST202": Kind(check="positive_data_acceptance", title="request that fits the schema rejected", severity=Severity.LOW),
    "ST203": Kind(
        check="missing_required_header", title="request without a required header accepted", severity=Severity.MEDIUM, cwe=(20,)
    ),
    "ST204": Kind(check="unsupported_method", title="undeclared method not refused", severity=Severity.LOW, cwe=(650,)),
    "ST205": Kind(check="allow_header_conformance", title="Allow header differs from the description", severity=Severity.INFO),
    "ST301": Kind(check="use_after_free", title="deleted resource still served", severity=Severity.HIGH, cwe=(672,)),
    "ST302": Kind(check="ensure_resource_availability", title="created resource not found", severity=Severity.MEDIUM),
    "ST401": Kind(check="ignored_auth", title="declared authentication not enforced", severity=Severity.HIGH, cwe=(306,)),
}


def kind(code: str) -> Kind:
    """The kind of failure that a code stands for; raises `OutputInvalid` for a code that this gate doesn't know."""
    if code not in KINDS:
        raise OutputInvalid(f"Schemathesis reports a kind of failure that this gate doesn't know: {code!r}")
    return KINDS[code]


def rule(code: str) -> Rule:
    """The kind as a rule."""
    known = kind(code)
    return Rule(id=code, name=known.title, description=f"check {known.check}", help_uri=HELP, cwe=known.cwe)
