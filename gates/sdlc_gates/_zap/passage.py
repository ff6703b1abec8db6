"""Sending everything that ZAP asks through another proxy."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from sdlc.errors import SdlcError, TargetFailed
from sdlc.target import Target
from sdlc_gates._zap.api import Api


class Proxy(msgspec.Struct, frozen=True):
    """ZAP's setting of a proxy to go through (`network/view/getHttpProxy`)."""

    host: str
    port: int
    realm: str = ""
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class _Settings:
    proxy: Proxy
    enabled: bool
    login: bool
    exclusions: list[dict[str, str]]


@contextlib.contextmanager
def through(api: Api, url: str) -> Iterator[None]:
    """Make ZAP reach everything through the proxy at `url` (none if empty); its own setting is put back after the block.

    Raises `TargetFailed` when ZAP runs on another machine, where that proxy is not.
    """
    if not url:
        yield
        return
    if not Target(url=api.url, ready="/").is_local:
        raise TargetFailed(
            f"ZAP at {api.url} can't be logged in, or kept to the target: it is not on this machine",
            fix="use a ZAP of this machine",
        )
    before = _read(api)
    parts = urllib.parse.urlsplit(url)
    try:
        _write(api, _Settings(Proxy(parts.hostname or "", parts.port or 0), enabled=True, login=False, exclusions=[]))
        yield
    finally:
        # Reached also when the daemon has died, which is told by whoever noticed first.
        with contextlib.suppress(SdlcError):
            _write(api, before)


def _read(api: Api) -> _Settings:
    return _Settings(
        api.ask(Proxy, lambda zap: zap.network.get_http_proxy),
        api.ask(bool, lambda zap: zap.network.is_http_proxy_enabled),
        api.ask(bool, lambda zap: zap.network.is_http_proxy_auth_enabled),
        api.ask(list[dict[str, str]], lambda zap: zap.network.get_http_proxy_exclusions),
    )


def _write(api: Api, settings: _Settings) -> None:
    for kept in api.ask(list[dict[str, str]], lambda zap: zap.network.get_http_proxy_exclusions):
        api.do(partial(_reach, host=kept["host"]))
    for wanted in settings.exclusions:
        api.do(partial(_spare, host=wanted["host"], enabled=wanted.get("enabled", "true")))
    proxy = settings.proxy
    api.do(lambda zap: zap.network.set_http_proxy(proxy.host, proxy.port, proxy.realm, proxy.username, proxy.password))
    api.do(lambda zap: zap.network.set_http_proxy_auth_enabled(str(settings.login).lower()))
    api.do(lambda zap: zap.network.set_http_proxy_enabled(str(settings.enabled).lower()))


def _reach(zap: Any, host: str) -> object:
    return zap.network.remove_http_proxy_exclusion(host)


def _spare(zap: Any, host: str, enabled: str) -> object:
    return zap.network.add_http_proxy_exclusion(host, enabled)
