"""Logging in: the request that is sent for it, and what later requests must carry."""

from __future__ import annotations

import dataclasses
import http.cookies
import json
import os
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from msgspec import Meta

from sdlc.errors import TargetFailed
from sdlc.model import Frozen
from sdlc_gates._dast import script
from sdlc_gates._dast.client import SHORTEST_SECRET, Client, Reply, Request
from sdlc_gates._dast.forms import hidden_fields

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SHOWN_CHARACTERS = 200


class Login(Frozen, frozen=True):
    """How the target lets somebody in."""

    path: str = ""
    """Where the credentials are sent."""
    command: tuple[str, ...] = ()
    """Instead of `path`: a program that logs in and prints `{"headers": {…}, "cookies": {…}}`; `{url}` is filled in."""
    pass_env: tuple[str, ...] = ()
    """Environment variables that the command gets."""
    seconds: Annotated[float, Meta(gt=0)] = 60
    """How long the command may take."""
    method: str = "POST"
    """The method they are sent with."""
    kind: Literal["json", "form"] = "json"
    """How the fields are written."""
    page: str = ""
    """The page with the form; it is loaded first, and its cookies and hidden fields are sent along."""
    fields: dict[str, str] = {}
    """Fields that are no secret; `{user}` and other words of a tenant are filled in."""
    fields_env: dict[str, str] = {}
    """Fields whose values are in environment variables, by the variables' names."""
    token: str = ""
    """Where the reply holds the token, such as `data.access_token`; left out, its cookies are kept instead."""
    header: str = "Authorization"
    """The header that carries the token."""
    scheme: str = "Bearer"
    """The word before the token; may be empty."""

    def __post_init__(self) -> None:
        """One way in, and no other."""
        if bool(self.path) == bool(self.command):
            raise ValueError("login needs path or command, and not both")
        if self.pass_env and not self.command:
            raise ValueError("login.pass_env is for login.command")

    def credentials(self) -> dict[str, str]:
        """The fields, those from the environment among them; raises `TargetFailed` naming a variable that is not set."""
        from_environment({name: name for name in self.pass_env}, "of the command that logs in:")
        return self.fields | from_environment(self.fields_env, "login field")


def from_environment(variables: Mapping[str, str], purpose: str) -> dict[str, str]:
    """The values of environment variables; raises `TargetFailed` naming the first that is not set."""
    values = {}
    for name, variable in variables.items():
        if not os.environ.get(variable):
            raise TargetFailed(f"the environment variable {variable} ({purpose} {name}) is not set", fix=f"set {variable}")
        values[name] = os.environ[variable]
    return values


def asked(login: Login, fields: Mapping[str, str]) -> Request:
    """The request that logs in with these fields."""
    if login.kind == "json":
        return Request(login.method.upper(), login.path, (("Content-Type", JSON),), json.dumps(fields).encode())
    return Request(login.method.upper(), login.path, (("Content-Type", FORM),), urllib.parse.urlencode(fields).encode())


def log_in(client: Client, login: Login, fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The headers of a session; they and the fields become secrets of the client.

    Raises `TargetFailed` when the reply holds no session.
    """
    if login.command:
        return _by_command(client, login, fields)
    cookies, hidden = _visited(client, login, fields) if login.page else ({}, {})
    request = asked(login, {**hidden, **fields})
    sent = _from_page(request, f"{client.url}{login.page}", cookies) if login.page else request
    reply = client.send(sent, confidential=True)
    headers = granted(login, reply, cookies)
    if not headers:
        raise TargetFailed(
            f"logging in at {login.path} gave no session: {client.redacted(_said(login, reply))}",
            fix="see login in the gate's table",
        )
    client.secrets |= secrets_in(dict(headers))
    return headers


def _by_command(client: Client, login: Login, fields: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    granted = script.run(client, login.command, login.pass_env, login.seconds, fields)
    pairs = "; ".join(f"{name}={value}" for name, value in granted.cookies.items())
    headers = (*granted.headers.items(), *((("Cookie", pairs),) if pairs else ()))
    client.secrets |= secrets_in(dict(headers))
    return headers


def secrets_in(headers: Mapping[str, str]) -> set[str]:
    """The values, and what in them is a credential by itself: a token without its scheme, each cookie's value."""
    found = set(headers.values())
    found |= {value.partition(" ")[2] for value in headers.values()}
    cookies = [pair for name, value in headers.items() if name.lower() == "cookie" for pair in value.split("; ")]
    found |= {cookie.partition("=")[2] for cookie in cookies}
    return {text for text in found if len(text) >= SHORTEST_SECRET}


def granted(login: Login, reply: Reply, cookies: Mapping[str, str] | None = None) -> tuple[tuple[str, str], ...]:
    """The headers that carry the session of a reply to a login; empty when it granted none.

    `cookies` are those that were sent with it: a server may make them the session and set no others.
    """
    if login.token:
        token = at(reply.data(), login.token)
        usable = isinstance(token, str) and token and token.isprintable()
        return ((login.header, f"{login.scheme} {token}".strip()),) if usable else ()
    pairs = "; ".join(f"{name}={value}" for name, value in {**(cookies or {}), **dict(_cookies(reply))}.items())
    return (("Cookie", pairs),) if pairs and reply.status < 400 else ()


def at(data: object, path: str) -> object:
    """What stands at a path such as `data.items.0.id` in decoded JSON; None when nothing does."""
    for part in path.split("."):
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return None
    return data


def _visited(client: Client, login: Login, fields: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The cookies and the hidden fields that come with the form."""
    page = client.send(Request("GET", login.page))
    if not page.accepted:
        raise TargetFailed(f"the page to log in at, {login.page}, answered {page.status or page.fault}", fix="see login.page")
    cookies = dict(_cookies(page))
    client.secrets |= secrets_in({"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())})
    return cookies, hidden_fields(page.text, fields)


def _from_page(request: Request, page: str, cookies: Mapping[str, str]) -> Request:
    """The request as a browser sends it that has the page with the form open."""
    pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
    carried = [("Referer", page), *([("Cookie", pairs)] if pairs else [])]
    return dataclasses.replace(request, headers=(*request.headers, *carried))


def _cookies(reply: Reply) -> Iterator[tuple[str, str]]:
    for header in reply.named("Set-Cookie"):
        jar = http.cookies.SimpleCookie()
        try:
            jar.load(header)
        except http.cookies.CookieError:
            continue
        yield from ((name, morsel.coded_value) for name, morsel in jar.items() if morsel.value)


def _said(login: Login, reply: Reply) -> str:
    if not reply.status:
        return reply.fault
    wanted = f"no {login.token} in" if login.token else "no cookie with"
    return f"{wanted} the reply {reply.status} {reply.text[:SHOWN_CHARACTERS]}"
