"""A web server on loopback that answers what a function says."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

SECONDS = 10


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str

    @property
    def cookies(self) -> Mapping[str, str]:
        """By name."""
        pairs = (pair.strip().partition("=") for pair in self.headers.get("Cookie", "").split(";"))
        return {name: value for name, _, value in pairs if name}


Said = tuple[int, Sequence[tuple[str, str]], str]
"""Status, headers, body."""


@dataclass
class Site:
    """What was asked of it."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)


def certified(folder: Path) -> Path:
    """A new key with a certificate for this machine, in one file; the certificate alone is `certificate.pem` beside it."""
    key, certificate, both = folder / "key.pem", folder / "certificate.pem", folder / "both.pem"
    kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=here")
    names = ("-addext", "subjectAltName=IP:127.0.0.1")
    argv = ["openssl", "req", "-x509", *kind, *names, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)
    both.write_text(key.read_text() + certificate.read_text())
    return both


def serving_with(certificate: Path) -> ssl.SSLContext:
    """What a server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextlib.contextmanager
def serving(answer: Callable[[Asked], Said], tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """On a free port, for as long as the block runs; over HTTPS with a certificate."""
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            asked = Asked(self.command, self.path, dict(self.headers), body)
            site.asked.append(asked)
            status, headers, text = answer(asked)
            self.send_response(status)
            for name, value in (("Content-Type", "text/html"), ("Content-Length", str(len(text.encode()))), *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        # Who asks may be killed before the reply.
        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        site.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        if tls:
            # With a handshake at once, one silent client would hold all others up.
            server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()
