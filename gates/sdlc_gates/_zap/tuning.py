"""Thresholds and strengths of ZAP's own rules, and which are left out; a daemon's own settings are put back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import msgspec

from sdlc.errors import SdlcError, ToolMissing
from sdlc.model import Missing
from sdlc_gates._zap.api import Api, Refused
from sdlc_gates._zap.options import RuleSetting, ZapOptions

CONFIGURED = "switched off by configuration"
PARTS = ("ascan", "pscan")


class Setting(msgspec.Struct, frozen=True, rename="camel"):
    """How one rule of ZAP's is set (`ascan/view/scanners`, `pscan/view/scanners`)."""

    id: str
    name: str
    alert_threshold: str
    enabled: bool
    attack_strength: str = ""
    """Passive rules have none."""


@dataclass(frozen=True, slots=True)
class _Known:
    part: str
    setting: Setting


@contextlib.contextmanager
def tuned(api: Api, options: ZapOptions) -> Iterator[tuple[Missing, ...]]:
    """ZAP's rules as the options set them, for as long as the block runs; gives those that were left out, with why.

    Raises `ToolMissing` when a rule that they set is not installed.
    """
    harmful = options.left_out()
    wanted: dict[str, Literal["off"] | RuleSetting] = dict.fromkeys(harmful, "off")
    wanted |= {rule: setting for rule, setting in options.rules.items() if rule.isdecimal()}
    known = {found.setting.id: found for part in PARTS for found in _settings(api, part, options.policy)} if wanted else {}
    if absent := sorted(rule for rule, setting in wanted.items() if setting != "off" and rule not in known):
        raise ToolMissing(
            f"rules that are set are not installed: {', '.join(absent)}", fix="install the ZAP add-ons that bring them"
        )
    before = [known[rule] for rule in wanted if rule in known]
    try:
        for found in before:
            _set(api, found, wanted[found.setting.id], options.policy)
        yield tuple(_left_out(before, wanted, harmful, options))
    finally:
        # Reached also when the daemon has died, which is told by whoever noticed first.
        with contextlib.suppress(SdlcError):
            for found in before:
                _restore(api, found, options.policy)


def _settings(api: Api, part: str, policy: str) -> list[_Known]:
    try:
        return [_Known(part, setting) for setting in api.ask(list[Setting], partial(_scanners, part=part, policy=policy))]
    except Refused as refusal:
        if refusal.code != "no_implementor":
            raise
        return []


def _left_out(
    known: list[_Known], wanted: Mapping[str, object], harmful: Mapping[str, str], options: ZapOptions
) -> Iterator[Missing]:
    for found in known:
        if wanted[found.setting.id] == "off":
            yield Missing(item=f"{found.setting.id} {found.setting.name}", reason=harmful.get(found.setting.id) or CONFIGURED)
    for rule, setting in options.rules.items():
        if not rule.isdecimal() and setting == "off":
            yield Missing(item=rule, reason=CONFIGURED)


def _set(api: Api, found: _Known, wanted: Literal["off"] | RuleSetting, policy: str) -> None:
    if wanted == "off":
        api.do(partial(_threshold, found=found, level="OFF", policy=policy))
        return
    api.do(partial(_threshold, found=found, level=wanted.threshold.upper(), policy=policy))
    if found.part == "ascan":
        api.do(partial(_strength, found=found, level=wanted.strength.upper(), policy=policy))


def _restore(api: Api, found: _Known, policy: str) -> None:
    api.do(partial(_threshold, found=found, level=found.setting.alert_threshold, policy=policy))
    if found.part == "ascan":
        api.do(partial(_strength, found=found, level=found.setting.attack_strength, policy=policy))


def _scanners(zap: Any, part: str, policy: str) -> object:
    return zap.ascan.scanners(policy or None) if part == "ascan" else zap.pscan.scanners


def _threshold(zap: Any, found: _Known, level: str, policy: str) -> object:
    if found.part == "pscan":
        return zap.pscan.set_scanner_alert_threshold(found.setting.id, level)
    return zap.ascan.set_scanner_alert_threshold(found.setting.id, level, policy or None)


def _strength(zap: Any, found: _Known, level: str, policy: str) -> object:
    return zap.ascan.set_scanner_attack_strength(found.setting.id, level, policy or None)
