"""The keys by which a scan is logged in: the same for every gate that attacks the running application."""

from __future__ import annotations

from sdlc.model import Frozen
from sdlc_gates._dast.login import Login, from_environment
from sdlc_gates._dast.session import Identity, Probe


class Entrance(Frozen, frozen=True):
    """As whom the target is scanned."""

    login: Login | None = None
    """How to get a session."""
    headers_env: dict[str, str] = {}
    """Headers that every request carries (an API key, a bearer token), by the environment variables that hold them."""
    logged_in: Probe | None = None
    """How to tell that the session is still alive."""

    def __post_init__(self) -> None:
        """A session that nobody looks at may be lost without anybody knowing."""
        if (self.login or self.headers_env) and not self.logged_in:
            raise ValueError("login and headers_env need logged_in: a page that only somebody logged in gets to see")
        if self.logged_in and not (self.login or self.headers_env):
            raise ValueError("logged_in needs login or headers_env")

    def identity(self) -> Identity | None:
        """Who that is, with credentials from the environment; None for nobody.

        Raises `TargetFailed` naming a variable that is not set.
        """
        if self.logged_in is None:
            return None
        fields = self.login.credentials() if self.login else {}
        headers = from_environment(self.headers_env, "header")
        return Identity(probe=self.logged_in, login=self.login, fields=fields, headers=headers)
