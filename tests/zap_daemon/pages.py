"""A small web server with one bad and one good page for each script rule of the house.

Every page but the bad one for a rule sends all the headers that the other rules ask for, so each bad
page shows one weakness. Run as a program it serves loopback until its standard input ends.
"""

from __future__ import annotations

import argparse
import html
import json
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

HTML = "text/html; charset=utf-8"
SAFE = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Strict-Transport-Security": "max-age=31536000",
    "Server": "pages",
}
COOKIE = "sid=abc123; Path=/"
DRAWER = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Reply:
    """What a page answers; a header set to None is left out."""

    body: str
    status: int = 200
    kind: str = HTML
    headers: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, the query or form that the index offers for it, and the rule it breaks."""

    path: str
    answer: Callable[[dict[str, str]], Reply]
    query: str = ""
    breaks: str = ""
    form: bool = False


def _paragraph(text: str) -> str:
    return f"<html><body><p>{text}</p></body></html>"


def _attribute(text: str) -> str:
    return f'<html><body><input name="q" value="{text}"></body></html>'


def _row(statement: str, values: tuple[str, ...]) -> str:
    with sqlite3.connect(":memory:") as database:
        database.execute("create table mug (id text, name text)")
        database.execute("insert into mug values ('1', 'blue')")
        return str(database.execute(statement, values).fetchone())


def _pasted(query: dict[str, str]) -> Reply:
    try:
        return Reply(_paragraph(html.escape(_row(f"select name from mug where id = '{query.get('id', '')}'", ()))))
    except sqlite3.Error as error:
        return Reply(_paragraph(html.escape(str(error), quote=False)), 500)


def _bound(query: dict[str, str]) -> Reply:
    return Reply(_paragraph(html.escape(_row("select name from mug where id = ?", (query.get("id", ""),)))))


def _any_file(query: dict[str, str]) -> Reply:
    try:
        return Reply((DRAWER / query.get("name", "")).read_text("utf-8"), kind="text/plain")
    except (OSError, ValueError):
        return Reply("no such file", 404, "text/plain")


def _own_file(query: dict[str, str]) -> Reply:
    wanted = query.get("name", "")
    found = [path for path in DRAWER.iterdir() if path.is_file() and path.name == wanted]
    return Reply(found[0].read_text("utf-8"), kind="text/plain") if found else Reply("no such file", 404, "text/plain")


def _anywhere(query: dict[str, str]) -> Reply:
    return Reply("", 302, headers={"Location": quote(query.get("next", "/"), safe="/:\\?#&=%.")})


def _here_only(query: dict[str, str]) -> Reply:
    wanted = query.get("next", "/")
    return Reply("", 302, headers={"Location": wanted if wanted in ("/", "/good/headers") else "/"})


def _trace(_: dict[str, str]) -> Reply:
    try:
        raise ValueError("planted")
    except ValueError:
        return Reply(traceback.format_exc(), 500, "text/plain")


def _plain(**headers: str | None) -> Callable[[dict[str, str]], Reply]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Reply(_paragraph("A page."), headers=named)


def _echo(shown: Callable[[str], str], kind: str = HTML) -> Callable[[dict[str, str]], Reply]:
    return lambda query: Reply(shown(query.get("q", "")), kind=kind)


def _escaped(text: str) -> str:
    return _paragraph(html.escape(text))


def _unquoted(query: dict[str, str]) -> Reply:
    if set(query.get("q", "")) & {"'", '"'}:
        return Reply("no quotes, please", 400, "text/plain")
    return Reply(_paragraph(query.get("q", "")))


def _quotes_escaped(text: str) -> str:
    return _attribute(text.replace("&", "&amp;").replace('"', "&quot;"))


def _half_escaped(text: str) -> str:
    return _attribute(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


PAGES = (
    Page("/bad/xss", _echo(_paragraph), "q=hi", "reflected-xss"),
    Page("/bad/xss-attribute", _echo(_half_escaped), "q=hi", "reflected-xss"),
    Page("/bad/xss-form", _echo(_paragraph), "q=hi", "reflected-xss", form=True),
    Page("/bad/xss-unquoted", _unquoted, "q=hi", "reflected-xss"),
    Page("/good/xss-attribute", _echo(_quotes_escaped), "q=hi"),
    Page("/good/xss", _echo(_escaped), "q=hi"),
    Page("/good/xss-form", _echo(_escaped), "q=hi", form=True),
    Page("/good/xss-json", _echo(json.dumps, "application/json"), "q=hi"),
    Page("/bad/sql", _pasted, "id=1", "sql-error"),
    Page("/good/sql", _bound, "id=1"),
    Page("/bad/path", _any_file, "name=pages.py", "path-traversal"),
    Page("/good/path", _own_file, "name=pages.py"),
    Page("/bad/redirect", _anywhere, "next=/good/headers", "open-redirect"),
    Page("/good/redirect", _here_only, "next=/good/headers"),
    Page("/bad/policy", _plain(Content_Security_Policy=None), "", "content-security-policy"),
    Page("/bad/sniff", _plain(X_Content_Type_Options=None), "", "content-type-options"),
    Page(
        "/bad/frame",
        _plain(X_Frame_Options=None, Content_Security_Policy="default-src 'self'"),
        "",
        "frame-options",
    ),
    Page("/bad/transport", _plain(Strict_Transport_Security=None), "", "transport-security"),
    Page("/good/headers", _plain()),
    Page("/bad/cookie-script", _plain(Set_Cookie=f"{COOKIE}; Secure; SameSite=Lax"), "", "cookie-http-only"),
    Page("/bad/cookie-site", _plain(Set_Cookie=f"{COOKIE}; Secure; HttpOnly"), "", "cookie-same-site"),
    Page("/bad/cookie-plain", _plain(Set_Cookie=f"{COOKIE}; HttpOnly; SameSite=Lax"), "", "cookie-secure"),
    Page("/good/cookie", _plain(Set_Cookie=f"{COOKIE}; Secure; HttpOnly; SameSite=Lax")),
    Page("/good/cookie-deleted", _plain(Set_Cookie="sid=; Path=/; Max-Age=0")),
    Page("/bad/banner", _plain(Server="Planted/2.4.1"), "", "server-banner"),
    Page("/bad/powered", _plain(X_Powered_By="Planted"), "", "server-banner"),
    Page("/bad/trace", _trace, "", "stack-trace"),
    Page("/good/trace", lambda _: Reply(_paragraph("Something went wrong, reference 7."), 500)),
)
BY_PATH = {page.path: page for page in PAGES}
# These rules judge HTTPS alone.
TLS_ONLY = ("transport-security", "cookie-secure")


def expected(tls: bool) -> dict[str, str]:
    """The rule that each bad page breaks; the pages that are not here break none."""
    return {page.path: page.breaks for page in PAGES if page.breaks and (tls or page.breaks not in TLS_ONLY)}


def _index(_: dict[str, str]) -> Reply:
    lines = (
        f'<form method="post" action="{page.path}"><input name="q" value="hi"><input type="submit"></form>'
        if page.form
        else f'<a href="{page.path}{"?" + page.query if page.query else ""}">{page.path}</a>'
        for page in PAGES
    )
    return Reply(f"<html><body>{''.join(lines)}</body></html>")


class Pages(BaseHTTPRequestHandler):
    """Answers with the page of that path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer from the query string."""
        parts = urlsplit(self.path)
        self._send(parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))

    def do_POST(self) -> None:
        """Answer from the form."""
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode("utf-8", "replace")
        self._send(urlsplit(self.path).path, dict(parse_qsl(body, keep_blank_values=True)))

    def _send(self, path: str, query: dict[str, str]) -> None:
        page = Page("/", _index) if path == "/" else BY_PATH.get(path)
        reply = page.answer(query) if page else Reply(_paragraph("Nothing here."), 404)
        body = reply.body.encode("utf-8", "replace")
        self.send_response_only(reply.status)
        headers = {**SAFE, "Content-Type": reply.kind, **reply.headers, "Content-Length": str(len(body))}
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: a scan makes hundreds of requests."""


def _certificate(folder: str) -> ssl.SSLContext:
    key, certificate = f"{folder}/key.pem", f"{folder}/certificate.pem"
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*asked, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def main(argv: list[str]) -> None:
    """Serve until standard input ends; the first line of output says where, and what is bad."""
    parser = argparse.ArgumentParser(description="Serve one bad and one good page for each script rule.")
    parser.add_argument("--tls", action="store_true", help="serve HTTPS, with a certificate made for the run")
    tls: bool = parser.parse_args(argv).tls
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    if tls:
        with tempfile.TemporaryDirectory() as folder:
            server.socket = _certificate(folder).wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/"
    print(json.dumps({"url": url, "expected": expected(tls)}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
