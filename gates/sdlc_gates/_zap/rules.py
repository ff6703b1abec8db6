"""Which rules a daemon has: ZAP's own, and the script rules of the house.

A ZAP without any finds nothing, and says so nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from sdlc.errors import ToolFailed, ToolMissing
from sdlc.model import Coverage, Missing
from sdlc_gates._zap.api import Api, Refused
from sdlc_gates._zap.daemon import Daemon
from sdlc_gates._zap.options import HOUSE, ZapOptions
from sdlc_gates._zap.scan import SCRIPTED_ACTIVE

FOLDER = Path(__file__).parent.parent / "zap_rules"
# Where several can run JavaScript, ZAP's own add-on is the one that keeps threads apart.
ENGINES = ("Graal.js", "Oracle Nashorn", "rhino")
SCRIPT_SECONDS = 20.0
UNANSWERED = "sdlc.unanswered "


class Scanner(msgspec.Struct, frozen=True):
    """A rule of ZAP's own, active or passive."""

    id: str
    name: str
    enabled: bool


class Script(msgspec.Struct, frozen=True, rename="camel"):
    """A script that the daemon knows, and whether it has thrown."""

    name: str
    type: str
    error: bool
    enabled: bool = True
    last_error: str = ""


@dataclass(frozen=True, slots=True)
class HouseRule:
    """A script rule of our own."""

    name: str
    type: str
    """The script's type in ZAP."""
    text: str
    judges: bool = True
    """Whether it looks for something, or only helps."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What a scan has to look with."""

    active: tuple[Scanner, ...]
    passive: tuple[Scanner, ...]
    house: tuple[HouseRule, ...]

    @property
    def scripted(self) -> bool:
        """Whether our own active rules are there."""
        return any(rule.type == "active" for rule in self.house)

    def attacks(self) -> bool:
        """Whether anything would be tried on the target."""
        return self.scripted or any(rule.enabled and rule.id != SCRIPTED_ACTIVE for rule in self.active)

    def looks(self) -> bool:
        """Whether replies would be judged."""
        return any(rule.type != "active" and rule.judges for rule in self.house) or any(rule.enabled for rule in self.passive)


def house_rules(folder: Path = FOLDER) -> tuple[HouseRule, ...]:
    """Our own rules, each with the frame that it runs in."""
    kinds = {"active": "active", "passive": "httpsender"}
    return tuple(
        HouseRule(HOUSE + file.stem.replace("_", "-"), type, frame + file.read_text("utf-8"))
        for kind, type in kinds.items()
        for frame in ((folder / f"frame_{kind}.js").read_text("utf-8"),)
        for file in sorted((folder / kind).glob("*.js"))
    )


def chosen(options: ZapOptions, *, attacks: bool) -> tuple[HouseRule, ...]:
    """Our own rules that the options ask for."""
    house = house_rules() if options.house_rules else ()
    return tuple(rule for rule in house if (attacks or rule.type != "active") and options.rules.get(rule.name) != "off")


def load(daemon: Daemon, options: ZapOptions, scripts: Sequence[HouseRule]) -> None:
    """Load the scripts, and switch off ZAP's own rules where the options say so; raises `ToolMissing` where ZAP can't."""
    if scripts:
        engine = _engine(daemon)
        remove(daemon.api, scripts)
        _load(daemon, scripts, engine)
    if options.house_rules == "only":
        _switch_off_others(daemon.api)


def installed(api: Api, options: ZapOptions, scripts: Sequence[HouseRule], *, attacks: bool) -> Installed:
    """What there is to scan with; raises `ToolMissing` naming what is absent of what the options ask for."""
    found = Installed(
        active=_scanners(api, lambda zap: zap.ascan.scanners(options.policy or None)),
        passive=_scanners(api, lambda zap: zap.pscan.scanners),
        house=tuple(scripts),
    )
    demand(found, options, attacks=attacks)
    return found


def addons(api: Api) -> frozenset[str]:
    """Ids of the add-ons that the daemon has."""
    return frozenset(
        str(addon.get("id")) for addon in api.ask(list[dict[str, Any]], lambda zap: zap.autoupdate.installed_addons)
    )


def _scanners(api: Api, question: Callable[[Any], object]) -> tuple[Scanner, ...]:
    """The rules that a part of ZAP has; none where that part is missing."""
    try:
        found = api.ask(list[Scanner], question)
    except Refused as refusal:
        if refusal.code != "no_implementor":
            raise
        return ()
    return tuple(found)


def demand(installed: Installed, options: ZapOptions, *, attacks: bool) -> None:
    """Raise `ToolMissing` unless there is something to scan with, and all that the policy names."""
    own = {int(rule.id) for rule in (*installed.active, *installed.passive) if rule.enabled and rule.id.isdecimal()}
    lacking = [str(number) for number in options.required_rules if number not in own]
    if lacking:
        raise ToolMissing(
            f"ZAP's rules {', '.join(lacking)} are required and not installed, or switched off", fix="install their add-ons"
        )
    if options.house_rules != "only":
        missing = [] if any(rule.enabled for rule in installed.passive) else ["pscan", "pscanrules"]
        bare = not any(rule.enabled and rule.id != SCRIPTED_ACTIVE for rule in installed.active)
        missing += ["ascanrules"] if options.mode != "baseline" and bare else []
        if missing:
            raise ToolMissing(
                f"this ZAP has no scan rules of its own: {', '.join(missing)} missing",
                fix=f'install the ZAP add-ons {", ".join(missing)}, or set house_rules = "only" to make do with ours',
            )
    if not installed.looks() or (attacks and not installed.attacks()):
        raise ToolMissing("this ZAP has no scan rules at all", fix="install the ZAP add-ons pscanrules and ascanrules")


def _load(daemon: Daemon, house: Sequence[HouseRule], engine: str) -> None:
    for rule in house:
        file = daemon.inputs / f"{rule.name}.js"
        # A daemon of another user must be able to read ours; what holds credentials is nobody else's.
        file.touch(mode=0o644 if rule.judges else 0o600)
        file.write_text(rule.text, "utf-8")
        try:
            daemon.api.do(partial(_load_one, rule=rule, engine=engine, file=file))
            daemon.api.do(partial(_enable, name=rule.name))
        except Refused as refusal:
            raise ToolFailed(f"our rule {rule.name} can't be loaded: {refusal}", fix="set house_rules = false") from refusal


def _load_one(zap: Any, rule: HouseRule, engine: str, file: Path) -> object:
    return zap.script.load(rule.name, rule.type, engine, str(file), charset="UTF-8")


def _enable(zap: Any, name: str) -> object:
    return zap.script.enable(name)


def _engine(daemon: Daemon) -> str:
    """The JavaScript engine to use; waits a moment, since scripting may come up after the API."""
    until = time.monotonic() + SCRIPT_SECONDS
    while not daemon.api.has(lambda zap: zap.script.list_engines):
        if time.monotonic() > until:
            raise ToolMissing(
                "this ZAP can't run scripts, so not our rules", fix="install the ZAP add-on scripts, or set house_rules = false"
            )
        daemon.check()
        daemon.cancel.wait(0.2)
    # Each is given as "language : engine".
    known = [name.rpartition(" : ")[2] for name in daemon.api.ask(list[str], lambda zap: zap.script.list_engines)]
    engine = next((name for name in ENGINES if name in known), "")
    if not engine:
        raise ToolMissing(
            f"this ZAP runs no JavaScript, so not our rules; it has {', '.join(known) or 'no script engine'}",
            fix="install the ZAP add-on graaljs, or set house_rules = false",
        )
    return engine


def _switch_off_others(api: Api) -> None:
    api.do(lambda zap: zap.ascan.disable_all_scanners())
    api.do(lambda zap: zap.ascan.enable_scanners(SCRIPTED_ACTIVE))
    if api.has(lambda zap: zap.pscan.scanners):
        api.do(lambda zap: zap.pscan.disable_all_scanners())


def after(api: Api, house: Sequence[HouseRule]) -> Coverage:
    """Which rules of the house were still at work at the end: ZAP switches a script that throws off without a word."""
    scripts = {script.name: script for script in _scripts(api)}
    faults = []
    for name in sorted(rule.name for rule in house):
        script = scripts.get(name)
        if script is None:
            faults.append(Missing(item=name, reason="no longer loaded"))
        elif script.error or not script.enabled:
            faults.append(Missing(item=name, reason=f"switched off after an error: {script.last_error[:200] or 'none given'}"))
    return Coverage(what="rules of the house", measured=len(house) - len(faults), expected=len(house), missing=tuple(faults))


def _scripts(api: Api) -> list[Script]:
    return api.ask(list[Script], lambda zap: zap.script.list_scripts)


def unanswered(api: Api) -> tuple[Missing, ...]:
    """Requests of our rules that the target never replied to."""
    variables = api.ask(dict[str, str], lambda zap: zap.script.global_vars)
    return tuple(
        Missing(item=name.removeprefix(UNANSWERED), reason=why[:200])
        for name, why in sorted(variables.items())
        if name.startswith(UNANSWERED)
    )


def remove(api: Api, house: Sequence[HouseRule]) -> None:
    """Take our rules, and what they left, out of a daemon that was used before or will be used again."""
    if not house:
        return
    present = {script.name for script in _scripts(api)}
    for rule in house:
        if rule.name in present:
            api.do(partial(_remove, name=rule.name))
    for name in api.ask(dict[str, str], lambda zap: zap.script.global_vars):
        if name.startswith(UNANSWERED):
            api.do(partial(_forget, name=name))


def _remove(zap: Any, name: str) -> object:
    return zap.script.remove(name)


def _forget(zap: Any, name: str) -> object:
    return zap.script.clear_global_var(name)
