"""The keys of `[gates.tenant-isolation]`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from sdlc.model import Frozen
from sdlc_gates._dast.login import Login


class Tenant(Frozen, frozen=True):
    """Somebody who must not see what is another's."""

    name: str = ""
    """What reports call them."""
    words: dict[str, str] = {}
    """What `{...}` stands for in templates, such as `user`; left out, `user`, `password` and `email` are made up."""
    words_env: dict[str, str] = {}
    """The same, for secrets: names of the environment variables that hold them."""
    headers: dict[str, str] = {}
    """Templates of the headers that each request carries, such as `X-Api-Key = "{key}"`."""
    private: tuple[str, ...] = ()
    """Templates of texts of the account that only this tenant may see, of eight characters or more: `{email}`."""
    basic: str = ""
    """Template of a user name and password for HTTP basic authentication: `{user}:{password}`."""


class SignUp(Frozen, frozen=True):
    """How an account is made; then each probe gets accounts of its own."""

    request: str
    """Method and path: `POST /register`."""
    fields: dict[str, Any] = {}
    """The body; in its texts `{user}`, `{password}`, `{email}` and `{canary}` are filled in."""
    kind: Literal["json", "form"] = "json"
    """How the body is written."""


class Thing(Frozen, frozen=True):
    """A kind of object that belongs to a tenant, where the description doesn't show how it's made and found."""

    name: str
    """What reports call it."""
    create: str = ""
    """Method and path of the operation that makes one; left out, it is there already, like an account."""
    body: dict[str, Any] | None = None
    """The body to make it with; `{name}`, `{text}` and `{canary}` are filled in, beside the tenant's words."""
    id: str = ""
    """Where the reply holds its id (`data.id`), or a template for it (`{user}`)."""
    read: str = ""
    """Method and path of the operation that shows one."""
    parameters: tuple[str, ...] = ()
    """Names of parameters and fields that hold its id, beside those that can be told from the paths."""


class TenantOptions(Frozen, frozen=True):
    """Who the tenants are, what is theirs, and what it may cost to find out."""

    tenants: Annotated[tuple[Tenant, ...], Meta(max_length=2)] = ()
    """Two; left out, two are made up and signed up."""
    sign_up: SignUp | None = None
    """How an account is made."""
    login: Login | None = None
    """How a tenant is let in; words are filled into its fields."""
    reset: str = ""
    """Method and path of a request that brings the application's data back to where it began: `POST /test/reset`."""
    objects: tuple[Thing, ...] = ()
    """What belongs to a tenant, beside what the description shows."""
    values: dict[str, str] = {}
    """Values for parameters that name no tenant's object, by the parameter's name."""
    bodies: dict[str, dict[str, Any]] = {}
    """Bodies for operations whose schema doesn't tell a good one, by method and path; `{text}` and its like are filled in."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for operations that are never called, as a path or as method and path."""
    public: tuple[str, ...] = ()
    """Shell patterns for operations that may show everybody everything."""
    max_requests: Annotated[int, Meta(ge=1)] = 20_000
    """The most requests that are sent."""
    requests_per_second: Annotated[float, Meta(ge=0)] = 0
    """The most that is asked of the target; 0 for no limit."""
    request_seconds: Annotated[float, Meta(gt=0)] = 10
    """How long one reply may take."""
    attack_remote: bool = False
    """Must be set for a target that isn't on this machine."""
