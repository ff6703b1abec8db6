"""Targets that are asked over HTTPS: a tunnel ends in the guard, and the target's certificate is verified there."""

from __future__ import annotations

import shutil
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sdlc_gates._dast.entrance import Entrance
from sdlc_gates._dast.guard import Guard, Plan, guarded

from sdlc.errors import TargetFailed, ToolMissing
from sdlc.gate import Workspace
from tests.unit.gates.members import FORM, MEMBERS, TOKEN, Shop
from tests.unit.gates.sites import certified, serving, serving_with

MakeWorkspace = Callable[..., Workspace]
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, with its key."""
    return certified(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def trusted(authority: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server shows that everybody here trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.with_name("certificate.pem")))
    return serving_with(authority)


def through(guard: Guard, url: str, data: bytes | None = None, **headers: str) -> str:
    """The reply, as a scanner gets it that verifies no certificate."""
    proxies = urllib.request.ProxyHandler({"http": guard.url, "https": guard.url})
    careless = urllib.request.HTTPSHandler(context=ssl._create_unverified_context())  # as scanners do
    with urllib.request.build_opener(proxies, careless).open(urllib.request.Request(url, data, headers), timeout=20) as reply:
        content: bytes = reply.read()
        return content.decode()


@pytest.mark.parametrize("login", [FORM, TOKEN], ids=["form", "token"])
def test_a_scan_over_https_is_logged_in(
    login: dict[str, object], trusted: ssl.SSLContext, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    identity = msgspec.convert({"login": login, "logged_in": MEMBERS}, Entrance).identity()
    with serving(Shop(), trusted) as site:
        with guarded(workspace(tmp_path), Plan(url=site.url, identity=identity)) as guard:
            assert through(guard, f"{site.url}/members").startswith("<p>Hello Ann")
        assert guard.account is not None
        assert (guard.account.checks, guard.refused) == (2, {})


def test_uploads_arrive_whole_through_the_tunnel(trusted: ssl.SSLContext, workspace: MakeWorkspace, tmp_path: Path) -> None:
    with (
        serving(lambda asked: (200, [], str(len(asked.body))), trusted) as site,
        guarded(workspace(tmp_path), Plan(url=site.url)) as guard,
    ):
        assert through(guard, f"{site.url}/upload", b"x" * 300_000) == "300000"


def test_excluded_paths_are_refused_inside_the_tunnel(
    trusted: ssl.SSLContext, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(Shop(), trusted) as site:
        with guarded(workspace(tmp_path), Plan(url=site.url, exclude=("/logout",))) as guard:
            with pytest.raises(urllib.error.HTTPError, match="403"):
                through(guard, f"{site.url}/logout?now=1")
            with pytest.raises(urllib.error.HTTPError, match="403"):
                through(guard, f"{site.url.replace('https', 'http')}/about")
            assert through(guard, f"{site.url}/about")
        assert [asked.path for asked in site.asked] == ["/about"]
        assert "/logout" in guard.refused


def test_a_target_whose_certificate_is_not_trusted_gets_no_credential(
    authority: Path, workspace: MakeWorkspace, tmp_path: Path
) -> None:
    identity = msgspec.convert({"login": FORM, "logged_in": MEMBERS}, Entrance).identity()
    with serving(Shop(), serving_with(authority)) as site:
        work = workspace(tmp_path)
        with pytest.raises(TargetFailed, match=r"(?i)certificate"), guarded(work, Plan(url=site.url, identity=identity)):
            pytest.fail("the guard began")
        with guarded(work, Plan(url=site.url)) as guard, pytest.raises(urllib.error.HTTPError, match="502"):
            through(guard, f"{site.url}/about")
        assert site.asked == []


def test_without_openssl_there_is_no_scan_over_https(
    workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match="openssl"), guarded(workspace(tmp_path), Plan(url="https://127.0.0.1:9")):
        pytest.fail("the guard began")
