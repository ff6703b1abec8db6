"""The keys of `[gates.zap]`."""

from __future__ import annotations

from typing import Literal

from sdlc.model import Frozen
from sdlc_gates._dast.flows import Seeded
from sdlc_gates._zap.destructive import DESTRUCTIVE

HOUSE = "sdlc-"
"""How the names of our own rules begin."""
# A plan says by itself what is scanned, and with which rules.
NOT_WITH_A_PLAN = ("mode", "policy", "rules", "destructive", "include", "context_file", "graphql", "soap")


class RuleSetting(Frozen, frozen=True):
    """How hard one of ZAP's own rules looks."""

    threshold: Literal["default", "low", "medium", "high"] = "default"
    """How sure it must be before it reports; `low` reports more."""
    strength: Literal["default", "low", "medium", "high", "insane"] = "default"
    """How many attacks it tries; active rules only."""


class Filter(Frozen, frozen=True):
    """What is made of findings that match; they are shown all the same."""

    rule: str
    """The rule's id as the report shows it: `10038-1`, or `10038` for all that begin so, `sdlc-server-banner`."""
    reason: str
    """Why; it is shown with each finding."""
    risk: Literal["false-positive", "info", "low", "medium", "high"] = "false-positive"
    """The severity that they get, or `false-positive`: suppressed, which policy must allow."""
    path: str = "*"
    """Shell pattern for the path."""
    parameter: str = "*"
    """Shell pattern for the parameter."""


class GraphQL(Frozen, frozen=True):
    """A GraphQL endpoint of the target."""

    endpoint: str
    """Its path (`/graphql`)."""
    schema: str = ""
    """The schema: a path on the target that begins with a slash, or a file of the project; left out, it is asked for."""


class Soap(Frozen, frozen=True):
    """A SOAP service of the target."""

    wsdl: str
    """Its WSDL: a path on the target that begins with a slash, or a file of the project."""
    endpoint: str = ""
    """The path of the service, which must answer then."""


class ZapOptions(Seeded, frozen=True):
    """Which ZAP, what it scans, with which rules, and for how long."""

    url: str = ""
    """A daemon that runs already (`http://127.0.0.1:8090`); its session is emptied first."""
    api_key_env: str = "ZAP_API_KEY"
    """The environment variable that holds the key of that daemon."""
    home: str = ""
    """The folder ZAP is installed in; it holds `zap.sh`, or `zap-VERSION.jar` and `lib`."""
    command: tuple[str, ...] = ()
    """Another way to start ZAP; `zap.sh`'s arguments are added."""
    image: str = ""
    """A container image of ZAP, used where neither `url`, `home` nor `command` is set and no ZAP is installed."""
    mode: Literal["baseline", "full", "api"] = "full"
    """`baseline` only looks, `full` also attacks, `api` attacks what descriptions name and crawls nothing."""
    plan: str = ""
    """A plan of ZAP's Automation Framework, a file beside the configuration; it is run instead of a scan of ours."""
    plan_vars: dict[str, str] = {}
    """Variables of the plan (`env.vars`); `{target}` stands for the target's address."""
    plan_env: dict[str, str] = {}
    """Variables of the plan that are secret, by the environment variables that hold them."""
    house_rules: bool | Literal["only"] = True
    """Whether our own script rules run beside ZAP's own, or `only` ours, ZAP's own switched off."""
    required_rules: tuple[int, ...] = ()
    """Ids of ZAP's own rules that must be installed and switched on."""
    rules: dict[str, Literal["off"] | RuleSetting] = {}
    """Rules by id, `off` or with another threshold and strength; one of ours (`sdlc-server-banner`) can be off."""
    destructive: bool = True
    """Whether rules run that may harm what is stored, or who else uses the target (the gate's page lists them)."""
    filters: tuple[Filter, ...] = ()
    """Findings that are no finding here, or of another severity."""
    policy: str = ""
    """The name of a scan policy of that ZAP, for the attack."""
    include: tuple[str, ...] = ()
    """Shell patterns for paths; where there are any, nothing else is scanned but the first page."""
    exclude: tuple[str, ...] = ()
    """Shell patterns for paths that are left alone (`/logout`)."""
    context_file: str = ""
    """A context that ZAP exported, a file beside the configuration; its patterns and technologies hold too."""
    request_headers_env: dict[str, str] = {}
    """Headers that every request carries and that log nobody in, by the environment variables that hold them."""
    graphql: GraphQL | None = None
    """A GraphQL endpoint; ZAP's add-on `graphql` makes requests for it."""
    soap: Soap | None = None
    """A SOAP service; ZAP's add-on `soap` makes requests for it."""
    code_routes: bool = True
    """Whether routes that the project's code declares (Flask, FastAPI, Starlette, Django) must be reached too."""
    max_depth: int = 5
    """How many links deep the spider goes."""
    requests_per_second: int = 0
    """The most that is asked of the target; 0 for no limit."""
    attack_remote: bool = False
    """Must be set for a target that isn't on this machine: even a scan that only looks follows links that change data."""
    start_seconds: float = 120
    """How long ZAP may take until it answers."""
    seed_seconds: float = 120
    """How long asking the known routes once may take."""
    spider_seconds: float = 300
    """How long the spider may take."""
    passive_seconds: float = 120
    """How long the passive rules may take to catch up."""
    active_seconds: float = 1200
    """How long the attack may take."""
    plan_seconds: float = 1500
    """How long a plan may take."""
    stalled_seconds: float = 90
    """A phase without progress for this long has ended without an answer."""

    def __post_init__(self) -> None:
        """Options that contradict each other, or would do nothing, are refused."""
        super().__post_init__()
        defaults = dict(zip(self.__struct_fields__[-len(self.__struct_defaults__) :], self.__struct_defaults__, strict=True))
        if self.plan and (both := [name for name in NOT_WITH_A_PLAN if getattr(self, name) != _plain(defaults[name])]):
            raise ValueError(f"a plan says by itself what {', '.join(both)} would say: leave one of them out")
        if not self.plan and (self.plan_vars or self.plan_env):
            raise ValueError("plan_vars and plan_env need plan")
        for rule, setting in self.rules.items():
            if not rule.isdecimal() and not (rule.startswith(HOUSE) and setting == "off"):
                raise ValueError(f"rules.{rule}: name a rule of ZAP's by its number, or switch one of ours off")
        off = {rule for rule, setting in self.rules.items() if setting == "off"} | set(self.left_out())
        if missing := sorted(str(number) for number in self.required_rules if str(number) in off):
            raise ValueError(f"rules that are required are left out too: {', '.join(missing)}")

    def left_out(self) -> dict[str, str]:
        """Ids of the rules that are left out because they may do harm, with how."""
        return {} if self.destructive else dict(DESTRUCTIVE)


def _plain(default: object) -> object:
    """A default as a value: msgspec keeps empty containers as the way to make them."""
    factory = getattr(default, "factory", None)
    return factory() if factory else default
