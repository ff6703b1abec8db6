"""From SARIF results to findings: which of them count, how bad they are, and what their rules say."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sdlc.errors import OutputInvalid
from sdlc.model import Finding, Rule, Severity, SourceLocation
from sdlc_gates._sarif.places import Places
from sdlc_gates._sarif.shape import Component, Level, Message, Result, Run, Suppression
from sdlc_gates._sarif.shape import Rule as Described

LEVELS: Mapping[Level, Severity] = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.LOW,
    "none": Severity.INFO,
}
# What is open or under review may be a defect; the others say that there is none.
COUNTED = frozenset({"fail", "open", "review"})
# GitHub's bands for the score that tools put into a rule's properties.
SCORE = "security-severity"
BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.0, Severity.LOW))
MAX_SCORE = 10.0
OTHER_PLACES = 10
MAX_TEXT = 4000
MAX_ARGUMENT = 1000
_CWE = re.compile(r"(?:external/cwe/)?cwe[-:_ ]?0{0,4}(\d{1,5})\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d+)\}")


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of one run, read with its rules."""

    run: Run
    places: Places

    def all(self) -> Iterator[Finding]:
        """Every result that says that something is, or may be, wrong."""
        for result in self.run.results:
            if result.kind in COUNTED and result.baseline_state != "absent":
                yield self._finding(result)

    def _finding(self, result: Result) -> Finding:
        component, described = self._rule(result)
        name = described.id if described else result.rule_id or result.rule.id or "unnamed"
        # Some rules are a family: CA1000/1 is told apart from CA1000 by nothing but its name.
        id = result.rule_id or result.rule.id or name
        located = [self.places.source(location) for location in result.locations]
        return Finding(
            tool=self.run.tool.driver.name,
            rule=_facts(id, described),
            severity=self._severity(result, described),
            message=_text(result.message, component, described)[:MAX_TEXT],
            location=located[0] if located else SourceLocation(path=".", line=1),
            fix=next((fix.description.text for fix in result.fixes if fix.description.text), ""),
            proof=_other_places(located[1:]),
            suppression=_suppressed(result.suppressions or ()),
        )

    def _rule(self, result: Result) -> tuple[Component, Described | None]:
        """The rule, by its index where that and its id agree, else by its id; a result may be of a rule that isn't listed."""
        component = self._component(result)
        index = result.rule_index if result.rule_index >= 0 else result.rule.index
        id = result.rule_id or result.rule.id
        if index >= len(component.rules):
            raise OutputInvalid(f"a result is of rule {index}, and {component.name} lists {len(component.rules)}")
        if index >= 0 and _agrees(component.rules[index], id):
            return component, component.rules[index]
        for other in (component, self.run.tool.driver, *self.run.tool.extensions):
            if found := next((rule for rule in other.rules if rule.id == id), None):
                return other, found
        if index >= 0:
            raise OutputInvalid(f"a result is of rule {id!r}, and its index leads to {component.rules[index].id!r}")
        return component, next((rule for rule in component.rules if id and _agrees(rule, id)), None)

    def _component(self, result: Result) -> Component:
        index = result.rule.tool_component.index
        extensions = self.run.tool.extensions
        if index >= len(extensions):
            raise OutputInvalid(f"a result is of extension {index}, and the tool lists {len(extensions)}")
        return extensions[index] if index >= 0 else self.run.tool.driver

    def _severity(self, result: Result, rule: Described | None) -> Severity:
        scores = [result.properties.get(SCORE), rule.properties.get(SCORE) if rule else None]
        for score in scores:
            if band := _band(score):
                return band
        level = result.level or self._default_level(rule)
        # With any other kind than `fail` the level must be `none`, which then says nothing.
        return LEVELS["warning" if result.kind != "fail" and level == "none" else level]

    def _default_level(self, rule: Described | None) -> Level:
        if rule is None:
            return "warning"
        for invocation in self.run.invocations:
            for override in invocation.rule_configuration_overrides:
                if override.descriptor.id == rule.id:
                    return override.configuration.level
        return rule.default_configuration.level


def _agrees(rule: Described, id: str) -> bool:
    return not id or id == rule.id or id.startswith(f"{rule.id}/")


def _band(score: object) -> Severity | None:
    """The severity for a score from 0 to 10; 0, and none at all, leave it to the level."""
    if score is None or score == "":
        return None
    try:
        number = float(str(score))
    except ValueError:
        number = math.nan
    if not 0 <= number <= MAX_SCORE:
        raise OutputInvalid(f"{SCORE} is {score!r}, which is no number from 0 to 10")
    return next((severity for least, severity in BANDS if number >= least), None) if number else None


def _text(message: Message, component: Component, rule: Described | None) -> str:
    text = message.text
    if not text and message.id:
        found = (rule.message_strings if rule else {}).get(message.id) or component.global_message_strings.get(message.id)
        if found is None:
            raise OutputInvalid(f"a message is called {message.id!r}, which the report doesn't hold")
        text = found.text
    if not text:
        raise OutputInvalid("a result has a message without text")
    return _filled(text[:MAX_TEXT], tuple(argument[:MAX_ARGUMENT] for argument in message.arguments))


def _filled(text: str, arguments: tuple[str, ...]) -> str:
    """The text with its placeholders replaced; one that has no argument stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        if match[1] is None:
            return match[0][0]
        number = int(match[1]) if len(match[1]) < 4 else len(arguments)
        return arguments[number] if number < len(arguments) else match[0]

    return _PLACEHOLDER.sub(replaced, text) if arguments else text


def _facts(id: str, rule: Described | None) -> Rule:
    if rule is None:
        return Rule(id=id)
    tags = rule.properties.get("tags")
    texts = [str(tag) for tag in tags] if isinstance(tags, list) else []
    for relationship in rule.relationships:
        taxonomy, target = relationship.target.tool_component.name, relationship.target.id
        texts.append(target if _CWE.match(target) else f"{taxonomy}-{target}")
    numbers = [int(match[1]) for text in texts if (match := _CWE.match(text))]
    return Rule(
        id=id,
        name=rule.name,
        description=(rule.short_description.text or rule.full_description.text)[:MAX_TEXT],
        help_uri=rule.help_uri if rule.help_uri.startswith(("https://", "http://")) else "",
        cwe=tuple(dict.fromkeys(numbers)),
    )


def _suppressed(suppressions: tuple[Suppression, ...]) -> str:
    """What asks to look away, provided that nothing that asks was rejected or is still under review."""
    if not suppressions or any(suppression.status != "accepted" for suppression in suppressions):
        return ""
    first = suppressions[0]
    place = "in the source" if first.kind == "inSource" else "outside the source"
    return f"suppressed {place}" + (f": {first.justification}" if first.justification else "")


def _other_places(located: list[SourceLocation]) -> str:
    if not located:
        return ""
    named = ", ".join(f"{place.path}:{place.line}" for place in located[:OTHER_PLACES])
    return f"also at {named}" + (f" and {len(located) - OTHER_PLACES} more places" if len(located) > OTHER_PLACES else "")
