"""From `sdlc.toml` to a plan and a policy. Whatever is not understood is an error, never a default."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from sdlc import registry
from sdlc.document import Document
from sdlc.errors import ConfigError
from sdlc.gate import Gate
from sdlc.model import Stage
from sdlc.plan import Plan, Step
from sdlc.policy import Policy
from sdlc.registry import nearest
from sdlc.rulebook import ConfiguredGate, Request, amount, coverage_floors, finding_limits, measurement_limits, waivers
from sdlc.settings import GateSettings, Settings, TargetSettings
from sdlc.target import TargetPlan

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""A gate's id names its folder of evidence."""
_COMMON = frozenset(field.encode_name for field in msgspec.structs.fields(GateSettings))


def plan(document: Document, root: Path, request: Request, judge: Document | None = None) -> Plan:
    """The plan that a file and a command line ask for, judged by the policy of `judge` (by default the same file).

    Raises `ConfigError` for everything in either that is unknown, contradictory or out of range.
    """
    settings = document.convert(document.table, Settings)
    configured = configured_gates(document, settings)
    chosen, left_out = _chosen(document, configured, request)
    judged_by, beside = judge or document, _beside(document, root)
    return Plan(
        root=root,
        name=settings.project.name or root.resolve().name,
        stage=request.stage,
        steps=tuple(_step(document, gate, chosen, beside or root) for gate in chosen),
        policy=policy(judged_by, [(gate.id, gate.kind) for gate in chosen], request),
        exclude=settings.project.exclude,
        target=_target(document, settings.target, root, request),
        origin=_shown(document.path, root),
        beside=beside,
        left_out=left_out,
    )


def policy(document: Document, gates: Sequence[tuple[str, type[Gate]]], request: Request) -> Policy:
    """The policy that a file and a command line set for these gates, which need not be the file's own.

    Gates that the file plans for the stage and that are not among them are required all the same, unless the command line
    asked for certain gates only.
    """
    settings = document.convert(document.table, Settings)
    own = {gate.id: gate for gate in configured_gates(document, settings)}
    planned = () if request.gates else tuple(gate.id for gate in own.values() if request.stage in gate.stages)
    kinds = dict(gates) | {id: own[id].kind for id in planned}
    for id, kind in gates:
        if id in own and own[id].kind is not kind:
            raise document.complain(
                f"[gates.{id}] is of kind {own[id].kind.kind!r} here; what ran is {kind.kind!r}", "gates", id
            )
    rules = settings.policy
    prove = request.prove if request.prove is not None else rules.prove
    return Policy(
        required=tuple(kinds),
        thresholds=(
            *finding_limits(document, rules, own, request),
            *measurement_limits(document, rules, own, kinds, request),
        ),
        floors=tuple(coverage_floors(document, rules, own, kinds)),
        suppressions=rules.suppressions,
        waivers=tuple(waivers(document, settings)),
        prove=request.stage is Stage.RELEASE if prove is None else prove,
    )


def configured_gates(document: Document, settings: Settings) -> tuple[ConfiguredGate, ...]:
    """The gates that the file has tables for; raises `ConfigError` for a kind that isn't installed."""
    found = []
    for id, table in settings.gates.items():
        if not _ID.fullmatch(id):
            raise document.complain(f"{id[:80]!r} can't be a gate's name: write letters, digits, '-', '_' and '.'", "gates", id)
        kind = str(table.get("uses") or id)
        if kind not in registry.gates():
            raise document.complain(f"there is no gate {kind!r}{nearest(kind, registry.gates())}", "gates", id)
        own = frozenset(field.encode_name for field in msgspec.structs.fields(registry.gates()[kind].Options))
        common = document.convert(table, GateSettings, "gates", id, ignore=own)
        found.append(ConfiguredGate(id=id, kind=registry.gates()[kind], settings=common, table=table))
    return tuple(found)


def _chosen(
    document: Document, configured: Sequence[ConfiguredGate], request: Request
) -> tuple[tuple[ConfiguredGate, ...], tuple[str, ...]]:
    known = {gate.id: gate for gate in configured}
    for id in request.gates:
        if id not in known:
            raise ConfigError(f"--gate {id}: {document.path} has no [gates.{id}]{nearest(id, known)}")
    if request.gates:
        others = [id for id in known if id not in request.gates]
        left_out = (f"only asked for: {', '.join(request.gates)}",) if others else ()
        return tuple(known[id] for id in dict.fromkeys(request.gates)), left_out
    chosen = tuple(gate for gate in configured if request.stage in gate.stages)
    later = [gate.id for gate in configured if request.stage not in gate.stages]
    return chosen, (f"gates of other stages did not run: {', '.join(later)}",) if later else ()


def _step(document: Document, gate: ConfiguredGate, chosen: Sequence[ConfiguredGate], judging: Path) -> Step:
    present = {other.id for other in chosen}
    for need in gate.settings.needs:
        if need not in document.table["gates"]:
            raise document.complain(f"needs {need!r}, which is no gate{nearest(need, present)}", "gates", gate.id, "needs")
    needs = tuple(need for need in gate.settings.needs if need in present)
    _refuse_cycle(document, gate, {other.id: other.settings.needs for other in chosen})
    return Step(
        gate=_made(document, gate, judging),
        needs=needs,
        deadline=_limit(document, gate, "deadline", "seconds", gate.kind.deadline),
        memory=int(_limit(document, gate, "memory", "bytes", gate.kind.memory)),
    )


def _made(document: Document, configured: ConfiguredGate, judging: Path) -> Gate:
    """The gate with its options; raises `ConfigError` with the line for one that the gate itself can tell is wrong."""
    own = {key: value for key, value in configured.table.items() if key not in _COMMON}
    options = document.convert(own, configured.kind.Options, "gates", configured.id)
    try:
        gate = configured.kind(configured.id, options)
        gate.vet(judging)
    except ConfigError as error:
        said = str(error).removeprefix(f"[gates.{configured.id}] ")
        keys = [key for key in own if re.match(rf"{re.escape(key)}\b", said)]
        raise document.complain(f"gates.{configured.id}: {said}", "gates", configured.id, *keys) from error
    return gate


def _refuse_cycle(document: Document, gate: ConfiguredGate, needs: Mapping[str, tuple[str, ...]]) -> None:
    waiting, seen = list(needs.get(gate.id, ())), set[str]()
    while waiting:
        next_one = waiting.pop()
        if next_one == gate.id:
            raise document.complain(f"{gate.id} needs itself, by way of {', '.join(needs[gate.id])}", "gates", gate.id, "needs")
        if next_one not in seen:
            seen.add(next_one)
            waiting.extend(needs.get(next_one, ()))


def _limit(document: Document, gate: ConfiguredGate, key: str, unit: str, default: float) -> float:
    text = str(getattr(gate.settings, key))
    return amount(document, text, unit, "gates", gate.id, key) if text else default


def _target(document: Document, settings: TargetSettings | None, root: Path, request: Request) -> TargetPlan | None:
    if settings is None:
        return TargetPlan(root=root, url=_address(request.target)) if request.target else None
    if not request.target and bool(settings.run) == bool(settings.url):
        raise document.complain("target needs either `run` or `url`", "target")
    if not settings.ready.startswith("/"):
        raise document.complain("ready must be a path that begins with a slash", "target", "ready")
    url = request.target or settings.url
    return TargetPlan(
        root=root,
        run=() if url else _argv(document, settings.run),
        url=_address(url) if url else "",
        ready=settings.ready,
        ready_within=amount(document, settings.ready_within, "seconds", "target", "ready_within"),
        openapi=settings.openapi,
        routes=settings.routes,
        env=settings.env,
        pass_env=settings.pass_env,
    )


def _argv(document: Document, command: str | tuple[str, ...]) -> tuple[str, ...]:
    try:
        argv = tuple(shlex.split(command)) if isinstance(command, str) else command
    except ValueError as error:
        raise document.complain(f"run can't be taken apart: {error}", "target", "run") from error
    if not argv or not argv[0] or any("\0" in part for part in argv):
        raise document.complain("run names no command", "target", "run")
    return argv


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")) or len(url.split("/")) < 3 or not url.split("/")[2]:
        raise ConfigError(f"{url!r} is not the address of a web application; write one like http://127.0.0.1:8000")
    return url.rstrip("/")


def _beside(document: Document, root: Path) -> Path | None:
    """The folder of a configuration that does not lie in the project's own, such as one of a protected branch."""
    folder = document.path.resolve().parent
    return None if folder == root.resolve() else folder


def _shown(path: Path, root: Path) -> str:
    """A path as reports show it: relative to the project where it lies in it."""
    full = path.resolve()
    return full.relative_to(root.resolve()).as_posix() if full.is_relative_to(root.resolve()) else str(path)
