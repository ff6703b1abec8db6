"""The part of the OSV API that pip-audit asks, answered from a database on disk, on the loopback interface only.

Run as a program: `python -I -m sdlc_gates.osv.server DATABASE READY ANSWERS`. Once it serves, it writes a `Ready` to the
file READY; each answer is a line in ANSWERS, a `Served`. It ends with exit code 2, and the reason on standard error, when
the database can't be relied on.
"""

from __future__ import annotations

import http.server
import signal
import sys
import threading
from pathlib import Path
from typing import IO

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from sdlc_gates.osv.database import Database, DatabaseInvalid, Summary, load
from sdlc_gates.osv.record import ECOSYSTEM, Advice

QUERY = "/v1/query"
MAX_QUERY_BYTES = 64 << 10


class Ready(msgspec.Struct, frozen=True):
    """Where the server listens, and what it answers from."""

    url: str
    database: Summary


class Served(msgspec.Struct, frozen=True):
    """One answer."""

    name: str
    version: str
    advice: tuple[Advice, ...]


class Asked(msgspec.Struct):
    """The package of a query."""

    ecosystem: str
    name: str


class Query(msgspec.Struct):
    """What pip-audit 2.10 posts."""

    package: Asked
    version: str


class Server(http.server.ThreadingHTTPServer):
    """Answers from one database, and writes down what it answered."""

    daemon_threads = True

    def __init__(self, database: Database, answers: IO[bytes]) -> None:
        """Listen on a free loopback port."""
        super().__init__(("127.0.0.1", 0), Endpoint)
        self.database = database
        self.answers = answers
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where queries are posted."""
        return f"http://127.0.0.1:{self.server_address[1]}{QUERY}"

    def reply(self, content: bytes) -> bytes:
        """The reply to a query; raises `ValueError` when it is none that this server understands."""
        try:
            query = msgspec.json.decode(content, type=Query)
            version = Version(query.version)
        except (msgspec.DecodeError, RecursionError, InvalidVersion) as error:
            raise ValueError(str(error)) from error
        if query.package.ecosystem != ECOSYSTEM:
            raise ValueError(f"only {ECOSYSTEM} is served")
        name = canonicalize_name(query.package.name)
        found = self.database.advice(name, version)
        with self.lock:
            self.answers.write(msgspec.json.encode(Served(name=name, version=query.version, advice=found)) + b"\n")
            self.answers.flush()
        return msgspec.json.encode({"vulns": [_vulnerability(name, said) for said in found]} if found else {})


class Endpoint(http.server.BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    # Head and body leave in one packet: sent as two, each answer waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != QUERY or not length.isascii() or not length.isdigit() or int(length) > MAX_QUERY_BYTES:
            self.close_connection = True
            return self._send(400, b'{"message": "not a query"}')
        try:
            status, content = 200, self.server.reply(self.rfile.read(int(length)))
        except ValueError as error:
            status, content = 400, msgspec.json.encode({"message": str(error)})
        return self._send(status, content)

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the answers are written down already."""


def _vulnerability(name: str, said: Advice) -> dict[str, object]:
    """An OSV record reduced to what pip-audit reads, in the one form in which it reads all of it.

    It takes fixed versions from the last range only, compares names as they are written, and drops a record that has no
    `affected`.
    """
    events = [{"introduced": "0"}, *({"fixed": version} for version in said.fixed)]
    affected = {
        "package": {"ecosystem": ECOSYSTEM, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    aliases = list(said.aliases)
    return {"schema_version": "1.0.0", "id": said.id, "aliases": aliases, "summary": said.summary, "affected": [affected]}


def main() -> None:
    """Serve until somebody asks to stop."""
    database_path, ready, answers = map(Path, sys.argv[1:])
    try:
        database, summary = load(database_path)
    except DatabaseInvalid as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    with answers.open("wb") as written, Server(database, written) as server:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start())
        temporary = ready.with_suffix(".part")
        temporary.write_bytes(msgspec.json.encode(Ready(url=server.url, database=summary)))
        temporary.replace(ready)
        server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
