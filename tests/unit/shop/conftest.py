"""Both builds of the example shop, built and served once, and a visitor to send to them."""

from __future__ import annotations

import json
import re
import select
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

import pytest

SOURCE = Path(__file__).parents[3] / "examples" / "shop"
TOKEN = re.compile(r'name="(csrf_token)" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: HTTPMessage
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(slots=True)
class Visitor:
    """A client that keeps its cookies and the token of the forms it saw, and follows no redirect."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    carried: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **query: str) -> Answer:
        asked = f"{path}?{urllib.parse.urlencode(query)}" if query else path
        answer = self.ask("GET", asked, None, {})
        self.carried.update(TOKEN.findall(answer.text))
        return answer

    def form(self, path: str, **fields: str) -> Answer:
        body = urllib.parse.urlencode({**self.carried, **fields})
        return self.ask("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def post_json(self, path: str, value: object) -> Answer:
        return self.ask("POST", path, json.dumps(value), {"Content-Type": "application/json"})

    def ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {**headers, "Cookie": cookies})
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode())
        finally:
            connection.close()
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


@dataclass(frozen=True, slots=True)
class Shop:
    """A build that is being served."""

    variant: str
    folder: Path
    port: int

    def visitor(self) -> Visitor:
        return Visitor(self.port)

    @property
    def database(self) -> Path:
        return self.folder / "shop.db"


def build(variant: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SOURCE / "build.py"), variant, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@contextmanager
def served(variant: str, folder: Path) -> Iterator[Shop]:
    """Builds the variant into `folder`, serves it on a free port, and ends it with SIGTERM."""
    done = build(variant, folder)
    assert done.returncode == 0, done.stderr
    command = [sys.executable, "-m", "shop", "--port", "0", "--database", "shop.db"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], 30)[0], "it didn't start"
            yield Shop(variant, folder, int(process.stdout.readline().rpartition(":")[2]))
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.fixture(scope="session")
def vulnerable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with served("vulnerable", tmp_path_factory.mktemp("vulnerable")) as shop:
        yield shop


@pytest.fixture(scope="session")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with served("fixed", tmp_path_factory.mktemp("fixed")) as shop:
        yield shop


@pytest.fixture(params=["vulnerable", "fixed"])
def either(request: pytest.FixtureRequest) -> Shop:
    """One build after the other: for what both must do alike."""
    shop: Shop = request.getfixturevalue(request.param)
    return shop
