"""What the dependency gate says when the service that it asks can't be reached, or answers wrongly. With the real pip-audit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sdlc.model import Verdict
from sdlc.policy import Policy
from sdlc.target import free_port
from tests.faults import matrix
from tests.faults.conftest import MakeBreakable
from tests.faults.interceptor import Certificate, Network, answer, intercepted
from tests.faults.rig import Place, ended

pytestmark = pytest.mark.tool
HALF = b'{"info": {"name": "requests", "version": "2.32.0"}, "vulnerabilities": ['
NETWORKS = {
    "refused": None,
    "blackholed": Network(connect=b""),
    "bad-gateway": Network(connect=b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"),
    "no-tls": Network(speaks_tls=False),
    "untrusted": Network(reply=answer("200 OK", b"{}")),
    "500": Network(reply=answer("500 Internal Server Error", b"{}")),
    "404": Network(reply=answer("404 Not Found", b"{}")),
    "truncated": Network(reply=answer("200 OK", HALF, 4000)),
    "half": Network(reply=answer("200 OK", HALF)),
    "web-page": Network(reply=answer("200 OK", b"<html>please log in</html>")),
    "empty-object": Network(reply=answer("200 OK", b"{}")),
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.made(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize("fault", matrix.OF_NETWORKS, ids=lambda fault: fault.name)
def test_a_service_that_is_not_reached_is_no_pass(
    fault: matrix.Fault, place: Place, make: MakeBreakable, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = NETWORKS[fault.name]
    if fault.name != "untrusted":
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))
    with intercepted(network or Network(), certificate) as address:
        monkeypatch.setenv("HTTPS_PROXY", address if network else f"http://127.0.0.1:{free_port()}")
        gate = make("pip-audit", advisories="", service="pypi", max_age="7 d")
        done = ended(gate, place, deadline=8 if fault.name == "blackholed" else 60)
    print(fault.name, done.verdict, done.fault, done.reasons, done.left)
    assert done.verdict is Verdict.INCONCLUSIVE
    assert re.search(matrix.NETWORK_WORDS[fault.name], done.reasons)
    assert done.left == ()


def test_a_service_that_says_clean_to_everything_misses_the_canary(
    place: Place, make: MakeBreakable, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.certificate))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    gate = make("pip-audit", advisories="", service="osv", max_age="7 d")
    with intercepted(Network(reply=answer("200 OK", b"{}")), certificate) as address:
        monkeypatch.setenv("HTTPS_PROXY", address)
        done = ended(gate, place, policy=Policy(required=(gate.id,), prove=True))
    assert done.verdict is Verdict.INCONCLUSIVE
    assert "did not catch its canary" in done.reasons
