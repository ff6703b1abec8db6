"""The part of SARIF 2.1.0 that is written here: the standard's own words, camel-cased when encoded."""

from __future__ import annotations

from typing import Literal

import msgspec

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
Level = Literal["none", "note", "warning", "error"]
Properties = dict[str, object]


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What every object of the format has in common."""


class Message(Part, frozen=True):
    """3.11; also used for a multiformatMessageString, 3.12."""

    text: str


class ArtifactLocation(Part, frozen=True):
    """3.4."""

    uri: str | None = None
    uri_base_id: str | None = None
    description: Message | None = None


class Region(Part, frozen=True):
    """3.30; lines from 1."""

    start_line: int
    end_line: int | None = None
    snippet: Message | None = None


class PhysicalLocation(Part, frozen=True):
    """3.29."""

    artifact_location: ArtifactLocation
    region: Region | None = None


class LogicalLocation(Part, frozen=True):
    """3.33."""

    fully_qualified_name: str
    kind: str


class Location(Part, frozen=True):
    """3.28."""

    id: int | None = None
    physical_location: PhysicalLocation | None = None
    logical_locations: tuple[LogicalLocation, ...] = ()
    message: Message | None = None


class Suppression(Part, frozen=True):
    """3.35."""

    kind: Literal["inSource", "external"]
    status: Literal["accepted", "underReview", "rejected"]
    justification: str = ""


class WebRequest(Part, frozen=True):
    """3.46."""

    method: str
    target: str


class Result(Part, frozen=True):
    """3.27. `suppressions` is always written, since an absent one would mean that it is not known."""

    rule_id: str
    rule_index: int
    kind: Literal["fail"]
    level: Level
    message: Message
    locations: tuple[Location, ...]
    partial_fingerprints: dict[str, str]
    suppressions: tuple[Suppression, ...]
    related_locations: tuple[Location, ...] = ()
    web_request: WebRequest | None = None
    properties: Properties = {}


class Configuration(Part, frozen=True):
    """3.50."""

    level: Level


class Descriptor(Part, frozen=True):
    """3.49, a rule."""

    id: str
    name: str | None = None
    short_description: Message | None = None
    full_description: Message | None = None
    help_uri: str | None = None
    default_configuration: Configuration | None = None
    properties: Properties = {}


class Driver(Part, frozen=True):
    """3.19."""

    name: str
    rules: tuple[Descriptor, ...]
    version: str | None = None


class Tool(Part, frozen=True):
    """3.18."""

    driver: Driver


class Notification(Part, frozen=True):
    """3.58."""

    level: Level
    message: Message
    properties: Properties = {}


class Invocation(Part, frozen=True):
    """3.20."""

    execution_successful: bool
    arguments: tuple[str, ...] | None = None
    exit_code: int | None = None
    exit_signal_number: int | None = None
    start_time_utc: str | None = None
    end_time_utc: str | None = None
    tool_execution_notifications: tuple[Notification, ...] = ()
    properties: Properties = {}


class Artifact(Part, frozen=True):
    """3.24."""

    location: ArtifactLocation
    length: int
    roles: tuple[str, ...]
    hashes: dict[str, str]


class Automation(Part, frozen=True):
    """3.17."""

    id: str
    description: Message | None = None


class Run(Part, frozen=True):
    """3.14."""

    tool: Tool
    automation_details: Automation
    invocations: tuple[Invocation, ...]
    results: tuple[Result, ...]
    original_uri_base_ids: dict[str, ArtifactLocation]
    column_kind: Literal["unicodeCodePoints"]
    artifacts: tuple[Artifact, ...] = ()
    properties: Properties = {}


class Log(Part, frozen=True):
    """3.13."""

    schema: str = msgspec.field(name="$schema")
    version: str
    runs: tuple[Run, ...]
