"""The keys of `[gates.zap]`."""

from __future__ import annotations

from typing import Literal

from sdlc_gates._dast.entrance import Entrance


class ZapOptions(Entrance, frozen=True):
    """Which ZAP, what it scans, with which rules, and for how long."""

    url: str = ""
    """A daemon that runs already (`http://127.0.0.1:8090`); its session is emptied first."""
    api_key_env: str = "ZAP_API_KEY"
    """The environment variable that holds the key of that daemon."""
    home: str = ""
    """The folder ZAP is installed in; it holds `zap.sh`."""
    command: tuple[str, ...] = ()
    """Another way to start ZAP; `zap.sh`'s arguments are added."""
    image: str = ""
    """A container image of ZAP, used where neither `url`, `home` nor `command` is set and no ZAP is installed."""
    mode: Literal["baseline", "full", "api"] = "full"
    """`baseline` only looks, `full` also attacks, `api` attacks what the OpenAPI description names and crawls nothing."""
    house_rules: bool | Literal["only"] = True
    """Whether our own script rules run beside ZAP's own, or `only` ours, ZAP's own switched off."""
    required_rules: tuple[int, ...] = ()
    """Ids of ZAP's own rules that must be installed and switched on."""
    policy: str = ""
    """The name of a scan policy of that ZAP, for the attack."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for paths that are left alone (`/logout`)."""
    code_routes: bool = True
    """Whether routes that the project's code declares (Flask, FastAPI, Starlette, Django) must be reached too."""
    max_depth: int = 5
    """How many links deep the spider goes."""
    requests_per_second: int = 0
    """The most that is asked of the target; 0 for no limit."""
    attack_remote: bool = False
    """Must be set for an attack on a target that isn't on this machine."""
    start_seconds: float = 120
    """How long ZAP may take until it answers."""
    spider_seconds: float = 300
    """How long the spider may take."""
    passive_seconds: float = 120
    """How long the passive rules may take to catch up."""
    active_seconds: float = 1200
    """How long the attack may take."""
    stalled_seconds: float = 90
    """A phase without progress for this long has ended without an answer."""
