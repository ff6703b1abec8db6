"""A plan of ZAP's Automation Framework (add-on automation 0.60), read and checked before ZAP gets it. Pure.

ZAP leaves out a job it doesn't know, and a rule it doesn't have, and says so nowhere that its API shows: what it throws
away when the plan starts includes every complaint about reading it. So it is looked up here.
"""

from __future__ import annotations

import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sdlc.errors import ConfigError, TargetFailed, ToolMissing

# Which add-on brings a type of job, for those that many plans have.
BROUGHT_BY = {
    "spider": "spider",
    "spiderAjax": "spiderAjax",
    "spiderClient": "client",
    "passiveScan-config": "pscan",
    "passiveScan-wait": "pscan",
    "openapi": "openapi",
    "graphql": "graphql",
    "soap": "soap",
    "postman": "postman",
    "import": "exim",
    "export": "exim",
    "report": "reports",
    "alertFilter": "alertFilters",
    "replacer": "replacer",
    "script": "scripts",
}
ATTACKS = "activeScan"
SPIDERS = frozenset({"spider", "spiderAjax", "spiderClient"})
VARIABLE = re.compile(r"\$\{(.+?)\}")
ADDRESS = re.compile(r"https?://", re.IGNORECASE)
# Below these keys stand patterns, which reach nothing by themselves, or words for people.
NO_ADDRESSES = re.compile(r"regex|paths$|description|^tests$|^alertFilters$|^source$|inline$", re.IGNORECASE)
# Settings of ZAP itself that decide where its requests go, or who may talk to it.
OUT_OF_BOUNDS = ("network.", "connection.", "api.", "proxy.")
MAX_BYTES = 1 << 20
MAX_PARTS = 100_000
ROUNDS = 10
FIX = "see the plan's page in ZAP's documentation, and plan in the gate's page"


@dataclass(frozen=True, slots=True)
class Step:
    """A job of the plan."""

    type: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a plan asks for."""

    document: Mapping[str, Any]
    """As it will be written for ZAP: with the variables that the options give."""
    steps: tuple[Step, ...]
    rules: frozenset[str]
    """Ids of ZAP's rules that it sets and does not switch off."""
    values: Mapping[str, str]
    """Its variables."""

    @property
    def types(self) -> Counter[str]:
        """How many jobs of each type are to run."""
        return Counter(step.type for step in self.steps if step.enabled)

    @property
    def attacks(self) -> bool:
        """Whether it attacks, or only looks."""
        return self.types[ATTACKS] > 0

    def texts(self) -> Iterator[str]:
        """Every text in it, with its variables filled in."""
        return map(self.filled, _texts(self.document))

    def filled(self, text: str) -> str:
        """The text with the plan's variables in place of their names, also inside each other."""
        for _ in range(ROUNDS):
            before, text = text, VARIABLE.sub(lambda match: self.values.get(match[1], match[0]), text)
            if text == before or len(text) > MAX_PARTS:
                break
        return text


def read(content: bytes, variables: Mapping[str, str]) -> Blueprint:
    """The plan in a file, its variables those of the file and `variables`, which come first.

    Raises `ConfigError` for what is no plan, and for one that would run nothing.
    """
    document = _loaded(content)
    env = _mapping(document.get("env"), "env")
    values = {str(k): str(v) for k, v in _mapping(env.get("vars") or {}, "env.vars").items()} | dict(variables)
    parameters = dict(_mapping(env.get("parameters") or {}, "env.parameters"))
    # Only there does ZAP say what it did not understand.
    parameters["progressToStdout"] = True
    document = {**document, "env": {**env, "vars": values, "parameters": parameters}}
    jobs = document.get("jobs")
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        raise ConfigError("the plan has no list of jobs")
    if untyped := [job for job in jobs if not isinstance(job.get("type"), str)]:
        raise ConfigError(f"a job of the plan has no type: {str(untyped[0])[:200]}")
    steps = tuple(Step(job["type"], job.get("enabled") is not False) for job in jobs)
    if not any(step.enabled for step in steps):
        raise ConfigError("the plan has no job that is switched on")
    return Blueprint(document, steps, frozenset(_rules(jobs)), values)


def confine(plan: Blueprint, url: str) -> None:
    """Raise `TargetFailed` when the plan names an address that is not the target's, or another way out of ZAP."""
    env = plan.document["env"]
    if env.get("proxy"):
        raise TargetFailed("the plan sends ZAP's requests through a proxy of its own", fix="leave env.proxy out of the plan")
    configs = _mapping(env.get("configs") or {}, "env.configs")
    if barred := [str(key) for key in configs if str(key).startswith(OUT_OF_BOUNDS)]:
        raise TargetFailed(f"the plan changes settings of ZAP's network: {', '.join(barred)}", fix="leave them out of the plan")
    scanned = {"contexts": env.get("contexts"), "jobs": plan.document["jobs"]}
    addresses = {text for raw in _texts(scanned) if ADDRESS.match(text := plan.filled(raw).strip())}
    if outside := sorted(address for address in addresses if _origin(address) != _origin(url)):
        raise TargetFailed(
            f"the plan reaches beyond the target {url}: {', '.join(outside[:5])}",
            fix="give it the target's address by a variable, with plan_vars = {site = '{target}'}",
        )


def demand(plan: Blueprint, addons: frozenset[str], rules: frozenset[str]) -> None:
    """Raise `ToolMissing` when ZAP lacks the add-on of a job, or a rule that the plan sets."""
    lacking = {BROUGHT_BY[type]: type for type in plan.types if BROUGHT_BY.get(type, "") not in addons | {""}}
    if lacking:
        jobs = ", ".join(f"{type} (add-on {addon})" for addon, type in sorted(lacking.items()))
        raise ToolMissing(
            f"this ZAP would leave out jobs of the plan without a word: {jobs}", fix=f"install {', '.join(sorted(lacking))}"
        )
    if unknown := sorted(plan.rules - rules):
        raise ToolMissing(
            f"the plan sets rules that this ZAP does not have: {', '.join(unknown)}", fix="install the add-ons that bring them"
        )


def _loaded(content: bytes) -> Mapping[str, Any]:
    if len(content) > MAX_BYTES:
        raise ConfigError(f"the plan is larger than {MAX_BYTES >> 20} MiB")
    try:
        document = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"the plan is not YAML: {str(error)[:300]}") from error
    return _mapping(document, "the plan")


def _mapping(node: object, what: str) -> Mapping[str, Any]:
    if not isinstance(node, dict):
        raise ConfigError(f"{what} of a ZAP plan is a mapping, and here it is {str(node)[:100]!r}")
    return node


def _texts(node: object) -> Iterator[str]:
    """Every text in a document that is no key, and stands below no key of patterns.

    Raises `ConfigError` when there is no end of them: aliases of YAML may refer to what they are part of.
    """
    waiting, left = [node], MAX_PARTS
    while waiting:
        part, left = waiting.pop(), left - 1
        if not left:
            raise ConfigError(f"the plan has more than {MAX_PARTS} parts")
        if isinstance(part, dict):
            waiting.extend(value for name, value in part.items() if not NO_ADDRESSES.search(str(name)))
        elif isinstance(part, list):
            waiting.extend(part)
        elif isinstance(part, str):
            yield part


def _rules(jobs: list[dict[str, Any]]) -> Iterator[str]:
    for job in jobs:
        definition = job.get("policyDefinition")
        for holder in (job, definition if isinstance(definition, dict) else {}):
            listed = holder.get("rules")
            for rule in listed if isinstance(listed, list) else ():
                if isinstance(rule, dict) and "id" in rule and str(rule.get("threshold", "")).lower() not in ("off", "false"):
                    yield str(rule["id"])


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urllib.parse.urlsplit(url)
        return parts.scheme.lower(), parts.hostname or "", parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower(), 0)
    except ValueError:
        return "", url, -1
