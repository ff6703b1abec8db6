"""A proxy on loopback that stands for the network, and breaks it: refuses, swallows, cuts, or answers wrongly."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOSTS = ("pypi.org", "api.osv.dev")
HEAD = b"\r\n\r\n"


@dataclass(frozen=True)
class Network:
    """What becomes of a connection to the service."""

    connect: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n"
    """The proxy's answer; empty for none."""
    speaks_tls: bool = True
    reply: bytes = b""
    """The service's answer to each request."""


def answer(status: str, body: bytes, announced: int | None = None) -> bytes:
    """A reply that announces its length, or another one."""
    length = len(body) if announced is None else announced
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    return head.encode() + body


@dataclass(frozen=True)
class Certificate:
    """A certificate for the services' names that nobody trusts unless told to."""

    key: Path
    certificate: Path

    @classmethod
    def made(cls, place: Path) -> Certificate:
        openssl = shutil.which("openssl")
        assert openssl, "openssl is needed to make a certificate"
        made = cls(place / "key.pem", place / "certificate.pem")
        names = ",".join(f"DNS:{host}" for host in HOSTS)
        subprocess.run(
            [
                *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test"),
                *("-addext", f"subjectAltName={names}", "-keyout", str(made.key), "-out", str(made.certificate)),
            ],
            check=True,
            capture_output=True,
        )
        return made

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


@contextlib.contextmanager
def intercepted(network: Network, certificate: Certificate) -> Iterator[str]:
    """The proxy's address, for as long as the block runs."""
    context = certificate.context()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()
        thread = threading.Thread(target=_serve, args=(listener, network, context, over), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def _serve(listener: socket.socket, network: Network, context: ssl.SSLContext, over: threading.Event) -> None:
    listener.settimeout(0.1)
    with contextlib.ExitStack() as held:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                connection.settimeout(20)
                held.enter_context(connection)
                if network.connect:
                    with contextlib.suppress(OSError):
                        _answer(connection, network, context)


def _answer(connection: socket.socket, network: Network, context: ssl.SSLContext) -> None:
    with connection:
        _request(connection)
        connection.sendall(network.connect)
        if b" 200 " not in network.connect:
            return
        if not network.speaks_tls:
            connection.sendall(b"\x00" * 64)
            return
        with context.wrap_socket(connection, server_side=True) as secured:
            _request(secured)
            secured.sendall(network.reply)


def _request(connection: socket.socket) -> None:
    """Read a whole request: a connection that is closed with something unread is reset."""
    read = b""
    while HEAD not in read and (chunk := connection.recv(65536)):
        read += chunk
    head, _, body = read.partition(HEAD)
    announced = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
    while announced and len(body) < int(announced[1]) and (chunk := connection.recv(65536)):
        body += chunk
