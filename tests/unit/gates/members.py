"""A site with members, for tests of scans that are logged in."""

from __future__ import annotations

import itertools
import json
import urllib.parse
from dataclasses import dataclass, field
from typing import Any

from tests.unit.gates.sites import Asked, Said

WORDS = "a-password-of-the-test"


@dataclass
class Shop:
    """Keeps sessions on the server: a form with a token, one in JSON, a page for members, a way out."""

    lives: int = 1_000_000
    """How often the members' page is shown before the session ends."""
    logins: int = 1_000_000
    open: set[str] = field(default_factory=set)
    numbers: Any = field(default_factory=itertools.count)

    def __call__(self, asked: Asked) -> Said:
        here = asked.cookies.get("sid", "")
        match asked.method, asked.path:
            case "GET", "/login":
                token = '<input type="hidden" name="token" value="t-1">'
                forms = f'<form><input name="q"></form><form><input name="user">{token}</form>'
                return 200, [("Set-Cookie", f"sid=before-{next(self.numbers)}; Path=/")], forms
            case "POST", "/login":
                fields = dict(urllib.parse.parse_qsl(asked.body))
                wanted = {"user": "ann", "password": WORDS, "token": "t-1"}
                return self.let_in("sid") if fields == wanted and here.startswith("before-") else (403, [], "no")
            case "POST", "/api/login":
                good = json.loads(asked.body).get("password") == WORDS
                return (
                    (200, [], json.dumps({"data": {"token": self.opened()}})) if good and self.logins > 0 else (401, [], "no")
                )
            case "GET", path if path.startswith("/members"):
                return self.members(here or asked.headers.get("Authorization", "").removeprefix("Bearer "))
            case "GET", "/logout":
                self.open.clear()
                return 200, [("Set-Cookie", "sid=; Max-Age=0")], "bye"
            case "GET", "/switch":
                return 200, [("Set-Cookie", "sid=another; HttpOnly"), ("Set-Cookie", "other=shown")], "switched"
        pages = ("/members", "/about", "/login")
        return 200, [], "".join(f'<a href="{page}">x</a>' for page in pages)

    def let_in(self, cookie: str) -> Said:
        return (303, [("Set-Cookie", f"{cookie}={self.opened()}; HttpOnly")], "") if self.logins > 0 else (403, [], "no more")

    def opened(self) -> str:
        self.logins -= 1
        session = f"session-number-{next(self.numbers)}"
        self.open.add(session)
        return session

    def members(self, session: str) -> Said:
        if session not in self.open:
            return 303, [("Location", "/login")], ""
        self.lives -= 1
        if self.lives <= 0:
            self.open.clear()
        return 200, [], '<p>Hello Ann</p><a href="/members/orders?of=ann">Orders</a>'


FORM = {"page": "/login", "path": "/login", "kind": "form", "fields": {"user": "ann", "password": WORDS}}
TOKEN = {"path": "/api/login", "fields": {"user": "ann", "password": WORDS}, "token": "data.token"}
MEMBERS = {"path": "/members", "shows": "Hello Ann", "seconds": 60}
