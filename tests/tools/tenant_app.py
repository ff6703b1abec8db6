"""An application with two kinds of objects and as many leaks as are named: `python tenant_app.py PORT [LEAK ...]`.

Without a leak it is tight, and full of what looks like one: it says 204 to a foreign change and changes what is the
caller's own, repeats what it is sent, counts how often something was read, and names in errors what was asked for.
"""

from __future__ import annotations

import base64
import csv
import gzip
import io
import itertools
import json
import re
import secrets
import sys
import threading
import time
import urllib.parse
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LEAKS = set(sys.argv[2:])
LOCK = threading.Lock()
NUMBERS = itertools.count(1)
SESSION_REQUESTS = 7 if "short sessions" in LEAKS else 1 << 30


@dataclass
class Note:
    owner: str
    title: str
    text: str
    book: int = 0
    views: int = 0
    comments: list[str] = field(default_factory=list)


PASSWORDS: dict[str, str] = {}
EMAILS: dict[str, str] = {}
TOKENS: dict[str, str] = {}
USES: Counter[str] = Counter()
ATTEMPTS: Counter[str] = Counter()
NOTES: dict[int, Note] = {}
BOOKS: dict[int, tuple[str, str]] = {}

Answer = tuple[int, object]


def shown(number: int, note: Note) -> dict[str, object]:
    note.views += 1
    body = {"id": number, "title": note.title, "text": note.text, "comments": list(note.comments)}
    # The traps: what changes with every reading, with every second, and with everybody's attempts.
    return {**body, "views": note.views, "read_at": time.time(), "clock": int(time.time()), "attempts": ATTEMPTS.total()}


class App(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = 10

    def do_GET(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.raw = raw.decode()
        parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        try:
            self.sent = json.loads(raw) if raw else {}
        except ValueError:
            self.sent = {}
        self.user = self.caller()
        with LOCK:
            for method, pattern, action, open_to_all in ROUTES:
                match = re.fullmatch(pattern, parts.path)
                if match and method == self.command:
                    anonymous = open_to_all or f"anonymous {action.__name__}" in LEAKS
                    self.reply(*(action(self, *match.groups()) if self.user or anonymous else (401, {"error": "log in"})))
                    return
        self.reply(404, {"error": f"nothing at {parts.path}"})

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET  # noqa: N815

    def reply(self, status: int, content: object) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream" if isinstance(content, bytes) else "application/json")
        if "location" in LEAKS and isinstance(content, dict) and "asked" in content:
            self.send_header("Location", f"/n/{NOTES[content['asked']].text.split()[-1]}")
        if isinstance(content, dict) and "cookie" in content:
            self.send_header("Set-Cookie", f"session={content['cookie']}; HttpOnly")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def caller(self) -> str:
        """Whoever a bearer token, a cookie, a password or a key belongs to."""
        kind, _, credential = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            user, _, word = base64.b64decode(credential).decode().partition(":")
            return user if PASSWORDS.get(user) == word else ""
        cookie = re.search(r"session=(\w+)", self.headers.get("Cookie", ""))
        token = credential or (cookie[1] if cookie else "")
        USES[token] += 1
        known = TOKENS.get(token, "") if USES[token] <= SESSION_REQUESTS else ""
        return known or self.headers.get("X-Key", "").removesuffix("-key")

    def mine(self, number: int, leak: str) -> Note | None:
        note = NOTES.get(number)
        return note if note and (note.owner == self.user or leak in LEAKS) else None


def sign_up(app: App) -> Answer:
    PASSWORDS[app.sent["user"]] = app.sent["password"]
    EMAILS[app.sent["user"]] = app.sent["email"]
    return 201, {}


def log_in(app: App) -> Answer:
    if PASSWORDS.get(app.sent.get("user", "")) != app.sent.get("password"):
        return 200, {"error": "wrong"}
    token = secrets.token_hex(16)
    TOKENS[token] = app.sent["user"]
    return 200, {"session": {"token": token}}


def form_log_in(app: App) -> Answer:
    form = dict(urllib.parse.parse_qsl(app.raw))
    token = secrets.token_hex(16)
    if PASSWORDS.get(form.get("user", "")) == form.get("password"):
        TOKENS[token] = form["user"]
    return 303, {"cookie": token}


def new_bill(app: App) -> Answer:
    number = next(NUMBERS)
    NOTES[number] = Note(app.user, app.sent["title"], app.sent["secret"])
    return 201, {"id": "not this", "data": {"number": number}}


def show_bill(app: App, number: str) -> Answer:
    note = app.mine(int(number), "bill")
    return (200, {"secret": note.text}) if note else refused(number)


def of_tenant(app: App) -> Answer:
    asked = app.headers.get("X-Tenant", "") if "tenant" in LEAKS else app.user
    return 200, [note.text for note in NOTES.values() if note.owner == asked]


def create(app: App) -> Answer:
    if not isinstance(app.sent.get("title"), str) or app.sent.get("colour", "red") not in ("red", "blue"):
        return 422, {"error": "title, and red or blue", "sent": app.sent}
    number = next(NUMBERS)
    NOTES[number] = Note(app.user, app.sent["title"], str(app.sent.get("text", "")))
    return 201, {"created": {"id": number}}


def refused(number: str) -> Answer:
    return 404, {"error": f"no note {number} for you"}


def read(app: App, number: str) -> Answer:
    note = app.mine(int(number), "read")
    if note is None:
        return refused(number)
    if "base64" in LEAKS and note.owner != app.user:
        return 200, {"blob": base64.b64encode(f"x{note.text}".encode()).decode()}
    return 200, shown(int(number), note)


def write(app: App, number: str) -> Answer:
    note = app.mine(int(number), "write")
    ATTEMPTS["write"] += 1
    if note is None:
        # The trap: a 204, and what changes is the caller's own.
        own = [one for one in NOTES.values() if one.owner == app.user]
        if own:
            own[-1].text = str(app.sent.get("text"))
        return 204, b""
    note.title, note.text = str(app.sent.get("title")), str(app.sent.get("text"))
    return 200, {"stored": app.sent}


def delete(app: App, number: str) -> Answer:
    if app.mine(int(number), "delete") is None:
        return refused(number)
    del NOTES[int(number)]
    return 204, b""


def listing(app: App) -> Answer:
    notes = [{"id": n, "title": note.title} for n, note in NOTES.items() if note.owner == app.user or "list" in LEAKS]
    return 200, {"notes": notes}


def search(app: App) -> Answer:
    asked = app.query.get("q", "")
    every = {n: note for n, note in NOTES.items() if note.owner == app.user or "search" in LEAKS}
    found = [{"id": n, "text": note.text} for n, note in every.items() if asked and asked in note.text]
    return 200, {"asked": asked, "found": found} if "location" not in LEAKS else {"found": found}


def find(app: App) -> Answer:
    every = [note.text for note in NOTES.values() if note.owner == app.user or "find" in LEAKS]
    return 200, {"found": [text for text in every if app.sent.get("query", "-") in text], "sent": app.sent}


def export(app: App) -> Answer:
    table = io.StringIO()
    rows = [(note.title, note.text) for note in NOTES.values() if note.owner == app.user or "export" in LEAKS]
    csv.writer(table).writerows(rows)
    packed = io.BytesIO()
    if app.query.get("format", "zip") == "gzip":
        return 200, gzip.compress(table.getvalue().encode())
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.csv", table.getvalue())
    return 200, packed.getvalue()


def copy(app: App) -> Answer:
    note = app.mine(int(app.sent.get("note_id", 0)), "body")
    return (200, {"copied": note.text}) if note else refused(str(app.sent.get("note_id")))


def peek(app: App) -> Answer:
    note = app.mine(int(app.query.get("noteId", "0")), "query")
    return (200, {"text": note.text}) if note else refused(app.query.get("noteId", ""))


def by_header(app: App) -> Answer:
    number = int(app.headers.get("X-Note-Id") or 0)
    if "location" in LEAKS and number in NOTES:
        return 200, {"asked": number, "text": NOTES[number].text if NOTES[number].owner == app.user else ""}
    note = app.mine(number, "header")
    return (200, {"text": note.text}) if note else refused(str(number))


def comment(app: App, number: str) -> Answer:
    note = app.mine(int(number), "comment")
    if note is None:
        return refused(number)
    note.comments.append(str(app.sent.get("text")))
    return 201, {}


def account(app: App, user: str) -> Answer:
    if user not in PASSWORDS or (user != app.user and "account" not in LEAKS):
        return 404, {"error": f"no {user}"}
    return 200, {"user": user, "email": EMAILS[user]}


def password(app: App, user: str) -> Answer:
    changed = user if "password" in LEAKS and user in PASSWORDS else app.user
    PASSWORDS[changed] = app.sent["password"]
    return 204, b""


def new_book(app: App) -> Answer:
    number = next(NUMBERS)
    BOOKS[number] = (app.user, str(app.sent.get("label")))
    return 201, {"id": number}


def read_book(app: App, number: str) -> Answer:
    owner, label = BOOKS.get(int(number), ("", ""))
    return (200, {"id": int(number), "label": label}) if owner == app.user else (404, {})


def new_page(app: App, book: str) -> Answer:
    if BOOKS.get(int(book), ("", ""))[0] != app.user:
        return 404, {}
    number = next(NUMBERS)
    NOTES[number] = Note(app.user, "", str(app.sent.get("text")), int(book))
    return 201, {"id": number}


def read_page(app: App, book: str, number: str) -> Answer:
    """Whose book it is, is looked at; with the leak, whether the page is in that book isn't."""
    note = NOTES.get(int(number))
    if BOOKS.get(int(book), ("", ""))[0] != app.user or note is None:
        return 404, {}
    return (200, {"text": note.text}) if note.book == int(book) or "nested" in LEAKS else (404, {})


def pages(app: App, book: str) -> Answer:
    if BOOKS.get(int(book), ("", ""))[0] != app.user and "pages" not in LEAKS:
        return 404, {}
    return 200, [{"id": n, "text": note.text} for n, note in NOTES.items() if note.book == int(book)]


def notes_of(app: App, user: str) -> Answer:
    """Of anybody else there is nothing to see, which is no error."""
    if user != app.user and "notes of" not in LEAKS:
        return 200, []
    return 200, [note.text for note in NOTES.values() if note.owner == user]


def health(app: App) -> Answer:
    return 200, {"up": True, "things": [1, 2]}


def reset(app: App) -> Answer:
    for store in (PASSWORDS, EMAILS, TOKENS, NOTES, BOOKS):
        store.clear()
    PASSWORDS.update({"ann": "ann-password", "bob": "bob-password"})
    EMAILS.update({"ann": "ann.private@example.com", "bob": "bob.private@example.com"})
    return 204, b""


ROUTES: list[tuple[str, str, Callable[..., Answer], bool]] = [
    ("POST", "/signup", sign_up, True),
    ("POST", "/login", log_in, True),
    ("POST", "/form-login", form_log_in, True),
    ("POST", "/reset", reset, True),
    ("POST", "/billing/new", new_bill, False),
    ("GET", r"/billing/show/(\d+)", show_bill, False),
    ("GET", "/of-tenant", of_tenant, False),
    ("POST", "/notes", create, False),
    ("GET", "/notes", listing, False),
    ("GET", "/notes/export", export, False),
    ("GET", r"/notes/(\d+)", read, False),
    ("PUT", r"/notes/(\d+)", write, False),
    ("DELETE", r"/notes/(\d+)", delete, False),
    ("POST", r"/notes/(\d+)/comments", comment, False),
    ("GET", "/search", search, False),
    ("POST", "/find", find, False),
    ("POST", "/copies", copy, False),
    ("GET", "/peek", peek, False),
    ("GET", "/by-header", by_header, False),
    ("GET", r"/users/(\w+)", account, False),
    ("PUT", r"/users/(\w+)/password", password, False),
    ("POST", "/books", new_book, False),
    ("GET", r"/books/(\d+)", read_book, False),
    ("POST", r"/books/(\d+)/pages", new_page, False),
    ("GET", r"/books/(\d+)/pages/(\d+)", read_page, False),
    ("GET", r"/books/(\d+)/pages", pages, False),
    ("GET", r"/users/(\w+)/notes", notes_of, False),
    ("GET", "/health", health, True),
]


class Server(ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    reset(None)  # type: ignore[arg-type]  # it looks at nothing of the request
    Server(("127.0.0.1", int(sys.argv[1])), App).serve_forever()
