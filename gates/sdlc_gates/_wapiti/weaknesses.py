"""What Wapiti's categories mean: it gives no CWE numbers itself, and pages of advice."""

from __future__ import annotations

from dataclasses import dataclass

ENCODE = "Encode what is shown for the place where it is shown, as a template engine with autoescaping does."
HEADER = "Send the header with every page; a proxy in front or one hook of the framework can do it."
FLAG = "Set the flag where the cookie is made."


@dataclass(frozen=True, slots=True)
class Weakness:
    """A category in the field's numbers, and what to do."""

    cwe: int
    fix: str


WEAKNESSES = {
    "Backup file": Weakness(530, "Take the copy out of the served folder."),
    "Blind SQL Injection": Weakness(89, "Pass values as parameters of the query, never inside its text."),
    "Clickjacking Protection": Weakness(1021, f"Forbid foreign frames with X-Frame-Options or frame-ancestors. {HEADER}"),
    "Command execution": Weakness(78, "Start programs with a list of arguments and without a shell, or not at all."),
    "Content Security Policy Configuration": Weakness(
        693, f"Say in Content-Security-Policy where scripts may come from. {HEADER}"
    ),
    "CRLF Injection": Weakness(93, "Refuse line breaks in values that become part of a header."),
    "Cross Site Request Forgery": Weakness(352, "Let each form carry a token of the session, and refuse a form without it."),
    "HTML Injection": Weakness(80, ENCODE),
    "HTTP Strict Transport Security (HSTS)": Weakness(319, f"Send Strict-Transport-Security. {HEADER}"),
    "HttpOnly Flag cookie": Weakness(1004, f"Scripts need not read this cookie: HttpOnly. {FLAG}"),
    "Internal Server Error": Weakness(
        755, "Find the exception in the server's log; refuse such input with a status below 500."
    ),
    "LDAP Injection": Weakness(90, "Escape values by the rules of LDAP filters before they enter one."),
    "MIME Type Confusion": Weakness(693, f"Send X-Content-Type-Options: nosniff. {HEADER}"),
    "Open Redirect": Weakness(601, "Redirect to addresses of a list only, or to paths of this host."),
    "Path Traversal": Weakness(22, "Choose files by a key from a list, or check that the resolved path lies in the folder."),
    "Reflected Cross Site Scripting": Weakness(79, ENCODE),
    "Resource consumption": Weakness(400, "Bound what one request may cost."),
    "Secure Flag cookie": Weakness(614, f"Behind TLS, this cookie must not travel without it: Secure. {FLAG}"),
    "SQL Injection": Weakness(89, "Pass values as parameters of the query, never inside its text."),
    "Stored Cross Site Scripting": Weakness(79, ENCODE),
    "Stored HTML Injection": Weakness(80, ENCODE),
    "Unencrypted Channels": Weakness(319, "Serve over TLS, and redirect plain requests there."),
    "Unrestricted File Upload": Weakness(434, "Accept a list of types, and serve uploads from where nothing is run."),
    "Weak credentials": Weakness(521, "Change the password, and refuse common ones."),
}
"""By the names of Wapiti 3.2.3."""


LOOKED_FOR = {
    "xss": "reflected scripting",
    "permanentxss": "stored scripting",
    "sql": "SQL injection",
    "timesql": "blind SQL injection",
    "exec": "command execution",
    "file": "path traversal and file inclusion",
    "redirect": "open redirects",
    "crlf": "header injection",
    "ldap": "LDAP injection",
    "upload": "uploads of scripts",
    "csrf": "forms without a token",
    "shellshock": "Shellshock",
    "brute_login_form": "common passwords",
    "backup": "backup copies",
    "buster": "hidden files",
    "htaccess": "partial access rules",
    "methods": "needless methods",
    "cookieflags": "cookie flags",
    "csp": "content security policy",
    "http_headers": "security headers",
    "https_redirect": "redirection to HTTPS",
}
"""By module, most harmful first; what nobody looked for is said in the report."""


def first_sentence(text: str) -> str:
    """As much of an advice as a report has room for."""
    sentence, period, _ = text.partition(". ")
    return sentence + period.strip()
