"""What Semgrep's JSON report says, with every error in it accounted for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sdlc.errors import OutputInvalid, ToolFailed
from sdlc.model import Finding, Rule, Severity, SourceLocation
from sdlc_gates._semgrep.rules import RuleSet, described
from sdlc_gates._semgrep.shape import Fault, Report, Result, Time
from sdlc_gates._semgrep.targets import Target

# Semgrep's own rules of thumb for its older words: ERROR is high, WARNING medium, INFO low.
SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "ERROR": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "WARNING": Severity.MEDIUM,
    "LOW": Severity.LOW,
    "INFO": Severity.LOW,
    "INVENTORY": Severity.INFO,
    "EXPERIMENT": Severity.INFO,
}
LEVELS = frozenset({"error", "warn", "info"})
RULE_FAULTS = frozenset(
    {
        *("IncompatibleRule", "Incompatible rule", "Rule parse error", "PatternParseError", "Pattern parse error"),
        *("InvalidRuleSchemaError", "UnknownLanguageError", "Invalid YAML", "Missing plugin"),
    }
)
FILE_FAULTS = frozenset(
    {
        *("Lexical error", "Syntax error", "Other syntax error", "AST builder error", "PartialParsing"),
        *("Timeout", "Out of memory", "Stack overflow", "Fixpoint timeout", "Too many matches"),
        *("Internal matching error", "Fatal error"),
    }
)
_OTHER_RULE = re.compile(
    r"SemgrepWarning at line .*:\d+:\s+found 'nosem' comment with id '.*', but no corresponding rule", re.DOTALL
)
SHOWN_REASONS = 3
REASON_CHARACTERS = 300


@dataclass(frozen=True)
class Outcome:
    """What one run of Semgrep found out about its targets."""

    findings: tuple[Finding, ...] = ()
    read: frozenset[str] = frozenset()
    """Paths that were read in every language that a rule is for."""
    faults: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Reasons by path."""
    overrun: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Reasons by path, where a second try may help: Semgrep's clock runs faster on a busy machine."""
    lost_rules: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Reasons by rule."""
    again: frozenset[str] = frozenset()
    """Paths that were looked at more than once."""

    def joined(self, other: Outcome) -> Outcome:
        """Both together."""
        return Outcome(
            findings=(*self.findings, *other.findings),
            read=self.read | other.read,
            faults=_merged(self.faults, other.faults),
            overrun=_merged(self.overrun, other.overrun),
            lost_rules=_merged(self.lost_rules, other.lost_rules),
            again=self.again | other.again,
        )

    def corrected(self, again: Outcome) -> Outcome:
        """With the files that overran replaced by a second look at them; what only the first look saw stays."""
        kept = tuple(f for f in self.findings if f not in again.findings)
        return replace(self, findings=kept, overrun={}, again=self.again | set(self.overrun)).joined(again)


def _merged(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    keys = dict.fromkeys((*one, *other))
    return {key: tuple(dict.fromkeys((*one.get(key, ()), *other.get(key, ())))) for key in keys}


def parse(report: Report, targets: Sequence[Target], rules: RuleSet) -> Outcome:
    """The report, in the project's paths.

    Raises `ToolFailed` for an error that names neither a rule nor a target, `OutputInvalid` for what it should not say.
    """
    asked = {str(target.given): target for target in targets}
    known = {rule.id: described(rule.content) for rule in rules.rules}
    faults, lost_rules = _accounted(report, asked, known)
    if report.time is None:
        raise OutputInvalid("the report doesn't say what was read")
    for id, reason in _silent_rules(report.time, targets, rules):
        lost_rules.setdefault(id, [reason])
    overrun: dict[str, list[str]] = {}
    for stop in report.time.fixpoint_timeouts:
        overrun.setdefault(_target(stop.location.path, asked).path, []).append(_reason(stop.error_type, stop.message, asked))
    return Outcome(
        findings=tuple(_finding(result, asked, known) for result in report.results),
        read=_read(report.time, targets, rules),
        faults=_settled(faults),
        overrun=_settled(overrun),
        lost_rules=_settled(lost_rules),
    )


def _accounted(
    report: Report, asked: Mapping[str, Target], known: Mapping[str, Rule]
) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Every error, laid at the door of a file or of a rule."""
    faults: dict[str, list[str]] = {}
    lost_rules: dict[str, list[str]] = {}
    for fault in report.errors:
        if fault.level not in LEVELS:
            raise OutputInvalid(f"Semgrep has a level of error that this gate doesn't know: {fault.level!r}")
        if _is_about_a_comment(fault, asked):
            continue
        if fault.kind in FILE_FAULTS and fault.path in asked:
            faults.setdefault(asked[fault.path].path, []).append(_reason(fault.kind, fault.message, asked))
        elif fault.kind in RULE_FAULTS and fault.rule_id in known:
            lost_rules.setdefault(fault.rule_id, []).append(_reason(fault.kind, fault.message, asked))
        else:
            raise ToolFailed(f"Semgrep reports an error: {_reason(fault.kind, fault.message, asked)}")
    if report.skipped_rules:
        raise ToolFailed(f"Semgrep skipped {len(report.skipped_rules)} rules: {str(report.skipped_rules)[:REASON_CHARACTERS]}")
    return faults, lost_rules


def _is_about_a_comment(fault: Fault, asked: Mapping[str, Target]) -> bool:
    """Whether it only says that a comment names another rule than the one that found something there: all are shown."""
    return fault.kind == "SemgrepWarning" and fault.path in asked and _OTHER_RULE.match(fault.message[:2000]) is not None


def _read(time: Time, targets: Sequence[Target], rules: RuleSet) -> frozenset[str]:
    """Targets that the core read in each language that an unfiltered rule is for; the list of planned files proves nothing."""
    times = Counter(timed.path for timed in time.targets)
    return frozenset(
        target.path for target in targets if times[str(target.given)] >= max(1, len(target.languages & rules.dependable))
    )


def _silent_rules(time: Time, targets: Sequence[Target], rules: RuleSet) -> list[tuple[str, str]]:
    """Rules that had something to read, and of which Semgrep says nothing at all."""
    spoken = frozenset[str]().union(*(target.languages for target in targets))
    ran = set(time.rules)
    return [
        (rule.id, "Semgrep did not say that it ran it")
        for rule in rules.rules
        if rule.id not in ran and rule.reads(spoken) and not rule.filtered
    ]


def _settled(reasons: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(dict.fromkeys(texts)) for key, texts in reasons.items()}


def _reason(kind: str, message: str, asked: Mapping[str, Target]) -> str:
    """One line, with copies called by the names of the files that they stand for."""
    text = " ".join(message.split())
    for given, target in asked.items():
        if given in text:
            text = text.replace(given, target.path)
    return (text if kind in text else f"{kind}: {text}")[:REASON_CHARACTERS]


def shown(reasons: Sequence[str]) -> str:
    """The first few reasons, and how many more there are."""
    more = f"; and {len(reasons) - SHOWN_REASONS} more" if len(reasons) > SHOWN_REASONS else ""
    return "; ".join(reasons[:SHOWN_REASONS]) + more


def _target(path: str, asked: Mapping[str, Target]) -> Target:
    if path not in asked:
        raise OutputInvalid(f"the report speaks of {path!r}, which Semgrep was not asked about")
    return asked[path]


def _finding(result: Result, asked: Mapping[str, Target], known: Mapping[str, Rule]) -> Finding:
    if result.check_id not in known:
        raise OutputInvalid(f"the report speaks of the rule {result.check_id!r}, which Semgrep was not given")
    if result.extra.severity not in SEVERITIES:
        raise OutputInvalid(f"Semgrep has a severity that this gate doesn't know: {result.extra.severity!r}")
    advice = result.extra.metadata.get("fix")
    return Finding(
        tool="semgrep",
        rule=known[result.check_id],
        severity=SEVERITIES[result.extra.severity],
        message=" ".join(result.extra.message.split()),
        location=SourceLocation(
            path=_target(result.path, asked).path,
            line=result.start.line,
            end_line=max(result.start.line, result.end.line),
        ),
        fix=advice if isinstance(advice, str) else result.extra.fix or "",
    )
