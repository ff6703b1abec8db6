"""The part of SARIF 2.1.0 that decides what a tool found; names and defaults are the standard's (OASIS, section 3)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Level = Literal["none", "note", "warning", "error"]
Kind = Literal["fail", "pass", "open", "review", "notApplicable", "informational"]


class Camel(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What every object here has in common; properties that don't matter here are passed over."""


class Message(Camel, frozen=True):
    """Text, or the name of a text that the rule holds."""

    text: str = ""
    id: str = ""
    arguments: tuple[str, ...] = ()


class ArtifactLocation(Camel, frozen=True):
    """Where a file is; an empty one is told by its index."""

    uri: str = ""
    uri_base_id: str = ""
    index: int = -1


class Region(Camel, frozen=True):
    """Lines of a file; 0 where it is told in other units."""

    start_line: int = 0
    end_line: int = 0


class PhysicalLocation(Camel, frozen=True):
    """A file, and the part of it."""

    artifact_location: ArtifactLocation = ArtifactLocation()
    region: Region = Region()


class Location(Camel, frozen=True):
    """A place in code; one that is only logical has no file."""

    physical_location: PhysicalLocation | None = None


class Suppression(Camel, frozen=True):
    """Why a result should not be shown."""

    kind: Literal["inSource", "external"]
    status: Literal["accepted", "underReview", "rejected"] = "accepted"
    justification: str = ""


class ComponentReference(Camel, frozen=True):
    """Which part of a tool a rule belongs to; -1 is its driver."""

    index: int = -1
    name: str = ""


class RuleReference(Camel, frozen=True):
    """Which rule, or which notification, is meant."""

    id: str = ""
    index: int = -1
    tool_component: ComponentReference = ComponentReference()


class Fix(Camel, frozen=True):
    """A proposed change, of which only the sentence is used."""

    description: Message = Message()


class Result(Camel, frozen=True):
    """What a tool found at one place."""

    message: Message
    rule_id: str = ""
    rule_index: int = -1
    rule: RuleReference = RuleReference()
    kind: Kind = "fail"
    level: Level | None = None
    locations: tuple[Location, ...] = ()
    suppressions: tuple[Suppression, ...] | None = None
    baseline_state: Literal["new", "unchanged", "updated", "absent"] = "new"
    fixes: tuple[Fix, ...] = ()
    properties: dict[str, Any] = {}


class Configuration(Camel, frozen=True):
    """How a rule is set."""

    level: Level = "warning"


class Relationship(Camel, frozen=True):
    """A weakness that a rule belongs to, in some taxonomy."""

    target: RuleReference


class Rule(Camel, frozen=True):
    """What a tool looks for."""

    id: str
    name: str = ""
    short_description: Message = Message()
    full_description: Message = Message()
    help_uri: str = ""
    default_configuration: Configuration = Configuration()
    message_strings: dict[str, Message] = {}
    relationships: tuple[Relationship, ...] = ()
    properties: dict[str, Any] = {}


class Component(Camel, frozen=True):
    """A tool's driver, or an extension of it."""

    name: str
    version: str = ""
    rules: tuple[Rule, ...] = ()
    global_message_strings: dict[str, Message] = {}


class Tool(Camel, frozen=True):
    """Who found it."""

    driver: Component
    extensions: tuple[Component, ...] = ()


class Notification(Camel, frozen=True):
    """What a tool says about its own running."""

    message: Message
    level: Level = "warning"
    locations: tuple[Location, ...] = ()
    descriptor: RuleReference = RuleReference()


class Override(Camel, frozen=True):
    """How a rule was set for one run."""

    descriptor: RuleReference
    configuration: Configuration


class Invocation(Camel, frozen=True):
    """One time that the tool ran."""

    execution_successful: bool
    exit_code: int | None = None
    tool_execution_notifications: tuple[Notification, ...] = ()
    tool_configuration_notifications: tuple[Notification, ...] = ()
    rule_configuration_overrides: tuple[Override, ...] = ()


class Artifact(Camel, frozen=True):
    """A file that the tool speaks of."""

    location: ArtifactLocation = ArtifactLocation()
    roles: tuple[str, ...] = ()


class ExternalFiles(Camel, frozen=True):
    """Parts of the report that stand in other files."""

    results: tuple[Any, ...] = ()
    invocations: tuple[Any, ...] = ()
    artifacts: tuple[Any, ...] = ()


class Run(Camel, frozen=True):
    """What one run of one tool found."""

    tool: Tool
    # By the standard (3.14.23), a run without results is one that did not look for any.
    results: tuple[Result, ...]
    invocations: tuple[Invocation, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    original_uri_base_ids: dict[str, ArtifactLocation] = {}
    external_property_file_references: ExternalFiles = ExternalFiles()


class Log(Camel, frozen=True):
    """A SARIF file."""

    version: Literal["2.1.0"]
    runs: tuple[Run, ...]
    inline_external_properties: tuple[Any, ...] = ()
