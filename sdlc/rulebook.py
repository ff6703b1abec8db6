"""From settings to the rules of a policy: each carries where it was set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from sdlc import quantity, threshold
from sdlc.document import Document
from sdlc.errors import ConfigError
from sdlc.gate import Gate, Metric
from sdlc.model import Severity, Stage
from sdlc.policy import CoverageFloor, Waiver
from sdlc.registry import nearest
from sdlc.settings import GateSettings, PolicySettings, Settings
from sdlc.threshold import FindingLimit, MeasurementLimit

COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for, on top of the file."""

    stage: Stage = Stage.RELEASE
    gates: tuple[str, ...] = ()
    """Only these; empty for all of the stage."""
    target: str = ""
    """Address of a running application, instead of the configured one."""
    tolerate: Severity | None = None
    thresholds: tuple[str, ...] = ()
    prove: bool | None = None


@dataclass(frozen=True, slots=True)
class ConfiguredGate:
    """A gate's table, taken apart."""

    id: str
    kind: type[Gate]
    settings: GateSettings
    table: Mapping[str, object]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """When it runs."""
        return self.kind.stages if self.settings.stages is None else self.settings.stages


def amount(document: Document, text: str, unit: str, *keys: str) -> float:
    """The amount written at `keys`, in `unit`; raises `ConfigError` with the line when it is none, or nothing."""
    try:
        value = quantity.parse(text, unit)
    except ValueError as error:
        raise document.complain(str(error), *keys) from error
    if value <= 0:
        raise document.complain(f"{keys[-1]} must be more than nothing", *keys)
    return value


def finding_limits(
    document: Document, rules: PolicySettings, own: Mapping[str, ConfiguredGate], request: Request
) -> Iterator[FindingLimit]:
    """How many findings of each severity are tolerated, in general and for single gates."""
    written = "tolerate" in document.table.get("policy", {})
    tolerate, origin = rules.tolerate, document.origin("policy", "tolerate") if written else "default"
    if request.tolerate:
        tolerate, origin = request.tolerate, COMMAND_LINE
    for severity in Severity:
        if severity in rules.max and not request.tolerate:
            yield _counted(document, severity, rules.max[severity], "", "policy", "max")
        else:
            yield FindingLimit(severity=severity, most=None if severity <= tolerate else 0, origin=origin)
    for gate in () if request.tolerate else own.values():
        for severity in Severity:
            if severity in gate.settings.max:
                yield _counted(document, severity, gate.settings.max[severity], gate.id, "gates", gate.id, "max")
            elif gate.settings.tolerate is not None:
                most = None if severity <= gate.settings.tolerate else 0
                origin = document.origin("gates", gate.id, "tolerate")
                yield FindingLimit(severity=severity, most=most, origin=origin, gate=gate.id)


def _counted(document: Document, severity: Severity, most: int, gate: str, *keys: str) -> FindingLimit:
    if most < 0:
        raise document.complain(f"max.{severity.value} must not be negative", *keys, severity.value)
    return FindingLimit(severity=severity, most=most, origin=document.origin(*keys, severity.value), gate=gate)


def measurement_limits(
    document: Document,
    rules: PolicySettings,
    own: Mapping[str, ConfiguredGate],
    kinds: Mapping[str, type[Gate]],
    request: Request,
) -> Iterator[MeasurementLimit]:
    """The bounds on measurements; raises `ConfigError` for a metric that no gate measures."""
    everyone = {gate.id: gate.kind for gate in own.values()} | dict(kinds)
    places: list[tuple[tuple[str, ...], tuple[str, ...], Mapping[str, type[Gate]]]] = [
        (rules.thresholds, ("policy", "thresholds"), everyone),
        *((gate.settings.thresholds, ("gates", gate.id, "thresholds"), {gate.id: gate.kind}) for gate in own.values()),
    ]
    for texts, keys, able in places:
        for number, text in enumerate(texts):
            try:
                limits = _limits(text, able, document.origin(*keys, number))
            except ValueError as error:
                raise document.complain(str(error), *keys, number) from error
            yield from (limit for limit in limits if limit.gate in kinds)
    for text in request.thresholds:
        try:
            yield from _limits(text, kinds, COMMAND_LINE)
        except ValueError as error:
            raise ConfigError(f"--threshold: {error}") from error


def _limits(text: str, kinds: Mapping[str, type[Gate]], origin: str) -> list[MeasurementLimit]:
    """One limit for each of the gates that measure what the sentence speaks of; raises `ValueError` when none does."""
    sentence = threshold.read(text)
    able = [(id, metric) for id, kind in kinds.items() for metric in kind.metrics if metric.name == sentence.metric]
    if not able:
        metrics = {metric.name for kind in kinds.values() for metric in kind.metrics}
        nobody = "no configured gate measures anything" if not metrics else f"no configured gate measures {sentence.metric!r}"
        raise ValueError(f"{text!r}: {nobody}{nearest(sentence.metric, metrics)}")
    return [_limit(sentence, id, metric, text, origin) for id, metric in able]


def _limit(sentence: threshold.Sentence, gate: str, metric: Metric, text: str, origin: str) -> MeasurementLimit:
    if sentence.subject and not metric.per_subject:
        raise ValueError(f"{text!r}: {metric.name} is measured for all together, not for {sentence.subject!r}")
    return MeasurementLimit(
        gate=gate,
        metric=metric.name,
        operator=sentence.operator,
        bound=quantity.parse(sentence.amount, metric.unit),
        unit=metric.unit,
        origin=origin,
        subject=sentence.subject,
    )


def coverage_floors(
    document: Document, rules: PolicySettings, own: Mapping[str, ConfiguredGate], kinds: Mapping[str, type[Gate]]
) -> Iterator[CoverageFloor]:
    """The least coverage of each gate."""
    for id in kinds:
        mine = own[id].settings.min_coverage if id in own else ""
        keys = ("gates", id, "min_coverage") if mine else ("policy", "min_coverage")
        ratio = amount(document, mine or rules.min_coverage, "ratio", *keys)
        if not 0 < ratio <= 1:
            raise document.complain("min_coverage must lie above 0 % and not above 100 %", *keys)
        written = mine or "min_coverage" in document.table.get("policy", {})
        yield CoverageFloor(gate=id, ratio=ratio, origin=document.origin(*keys) if written else "default")


def waivers(document: Document, settings: Settings) -> Iterator[Waiver]:
    """The accepted risks; raises `ConfigError` for one that is incomplete or too wide."""
    seen: set[str] = set()
    for index, waiver in enumerate(settings.waivers):
        complaint = ""
        if waiver.id in seen:
            complaint = f"two waivers are called {waiver.id!r}"
        elif not (waiver.id.strip() and waiver.reason.strip() and waiver.approved_by.strip()):
            complaint = "a waiver needs an id, a reason and someone who approved it"
        elif bool(waiver.fingerprint) == bool(waiver.rule and waiver.path):
            complaint = "a waiver names either a fingerprint, or a rule and a path"
        elif waiver.path and not waiver.path.strip("*?/."):
            complaint = f"a waiver for every path ({waiver.path!r}) would switch the rule off; name files"
        if complaint:
            raise document.complain(complaint, "waivers", index)
        seen.add(waiver.id)
        yield Waiver(**msgspec.structs.asdict(waiver))
