"""The keys of `[gates.wapiti]`."""

from __future__ import annotations

from typing import Literal

from sdlc_gates._dast.flows import Seeded

# Those that need a server on the internet to call back, a database from there, or programs of their own are left out.
Module = Literal[
    "backup",
    "brute_login_form",
    "buster",
    "cookieflags",
    "crlf",
    "csp",
    "csrf",
    "exec",
    "file",
    "htaccess",
    "http_headers",
    "https_redirect",
    "ldap",
    "methods",
    "permanentxss",
    "redirect",
    "shellshock",
    "sql",
    "timesql",
    "upload",
    "xss",
]

# As Django, Flask-WTF, Rails, ASP.NET, Laravel and Express name them.
TOKENS = (
    *("csrfmiddlewaretoken", "csrf_token", "authenticity_token", "__RequestVerificationToken", "_token", "_csrf", "csrf"),
)


class WapitiOptions(Seeded, frozen=True):
    """Wapiti's keys in `[gates.wapiti]`."""

    modules: tuple[Module, ...] = (
        *("xss", "permanentxss", "sql", "exec", "file", "redirect", "crlf"),
        *("cookieflags", "csp", "http_headers"),
    )
    """What is tried. `csrf` reports each form whose token doesn't have one of the names that Wapiti knows."""
    level: Literal[1, 2] = 1
    """2 also attacks URLs without parameters, and takes much longer."""
    skip: tuple[str, ...] = TOKENS
    """Parameters that are sent as they are. A form whose token is changed is refused unread: attacks on it are in vain."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for paths that are left alone (`/logout`)."""
    code_routes: bool = True
    """Whether routes that the project's code declares (Flask, FastAPI, Starlette, Django) must be reached too."""
    path_values: bool = True
    """Whether values in paths (`/users/{name}` of the description and the code) are attacked like other parameters."""
    values: dict[str, str] = {}
    """Values that such paths are first asked for with: `{ name = "ann" }`; else the description's examples, or 1."""
    max_depth: int = 20
    """How many links deep the crawler goes."""
    crawl_seconds: float = 300
    """A crawl that takes longer has no answer."""
    requests_per_second: int = 0
    """The most that is asked of the target; 0 for no limit."""
    attack_remote: bool = False
    """Must be set for a target that isn't on this machine."""
