"""The nouns of a release decision, in SARIF's words where SARIF has one.

Every type is frozen, holds tuples instead of lists, and is written to and read from `run.json` as it is.
"""

from __future__ import annotations

import enum
import functools

import msgspec


@functools.total_ordering
class Severity(enum.Enum):
    """How much harm a finding could do, ordered from `INFO` to `CRITICAL`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Position in the order, 0 for `INFO`."""
        return _SEVERITY_ORDER.index(self)

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, Severity):
            return NotImplemented
        return self.rank < other.rank


_SEVERITY_ORDER = tuple(Severity)


class Verdict(enum.Enum):
    """The three answers a gate, or a release, can have; only `PASS` releases."""

    PASS = "PASS"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class Family(enum.Enum):
    """What kind of evidence a gate brings."""

    SAST = "sast"
    SCA = "sca"
    DAST = "dast"
    LOAD = "load"
    OTHER = "other"


class Stage(enum.Enum):
    """Where in the life of a change a run happens."""

    COMMIT = "commit"
    PR = "pr"
    RELEASE = "release"


class Frozen(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What every type here has in common."""


class Rule(Frozen, frozen=True):
    """What was looked for, as the tool names it."""

    id: str
    name: str = ""
    description: str = ""
    help_uri: str = ""
    cwe: tuple[int, ...] = ()
    """Numbers of the Common Weakness Enumeration."""


class SourceLocation(Frozen, frozen=True, tag="source"):
    """Lines of a file in the scanned repository."""

    path: str
    """POSIX, relative to the project's root."""
    line: int
    """The first line, from 1."""
    end_line: int = 0
    """The last line; 0 where the tool named only the first."""
    snippet: str = ""
    """The text of these lines, filled in by the engine."""


class PackageLocation(Frozen, frozen=True, tag="package"):
    """A dependency, and the file that declares it."""

    name: str
    version: str
    manifest: str = ""
    fixed_in: tuple[str, ...] = ()


class EndpointLocation(Frozen, frozen=True, tag="endpoint"):
    """A request to the running application."""

    method: str
    url: str
    parameter: str = ""
    code: tuple[SourceLocation, ...] = ()
    """The functions that answer it, the handler first, where the framework lets us know; filled in by the engine."""


Location = SourceLocation | PackageLocation | EndpointLocation


class Finding(Frozen, frozen=True):
    """One defect as one tool reported it; every text in it is untrusted."""

    rule: Rule
    severity: Severity
    message: str
    location: Location
    tool: str = ""
    fix: str = ""
    """What to change, in a sentence."""
    proof: str = ""
    """What shows that it is real: a request and its reply, a code excerpt, a curl line."""
    aliases: tuple[str, ...] = ()
    """Other ids of the same advisory (CVE, GHSA, PYSEC)."""
    suppression: str = ""
    """The comment in the scanned code that asks to ignore it (`# nosec B602`)."""
    gate: str = ""
    """The gate that reported it, filled in by the engine."""
    fingerprint: str = ""
    """Survives line shifts; filled in by the engine (see `identity`)."""


class Measurement(Frozen, frozen=True):
    """A number that was measured, with how sure it is."""

    name: str
    """One of the metrics that its gate declares (`p95`, `error_rate`)."""
    value: float
    unit: str
    """`ms`, `ratio`, `per_second`, `count`."""
    n: int
    """How many observations it was drawn from."""
    subject: str = ""
    """What it is of, such as a request's name; empty for all together."""
    low: float | None = None
    """One-sided 95 % lower confidence bound, where the gate gives one."""
    high: float | None = None
    """One-sided 95 % upper confidence bound, where the gate gives one; infinite when the sample is too small for any."""
    hint: str = ""
    """What would make it surer: how many more observations, how much longer a test; shown where it decides nothing."""


class Missing(Frozen, frozen=True):
    """One thing that should have been measured and was not, or was left out on purpose."""

    item: str
    reason: str


class Coverage(Frozen, frozen=True):
    """What was measured out of what should have been."""

    what: str
    """Plural noun: `files`, `rules`, `dependencies`, `routes`, `requests`."""
    measured: int
    expected: int
    missing: tuple[Missing, ...] = ()
    excluded: tuple[Missing, ...] = ()
    """Left out by the trusted configuration: shown, not counted as expected."""


class Artifact(Frozen, frozen=True):
    """A file of the run directory."""

    path: str
    """POSIX, relative to the run directory."""
    sha256: str
    size: int
    """Bytes."""


class Evidence(Frozen, frozen=True):
    """One run of a tool: what was asked, and the raw bytes of what it answered."""

    tool: str
    version: str
    argv: tuple[str, ...]
    exit_code: int
    """Negative: the signal that ended it."""
    started: str
    """RFC 3339, UTC."""
    seconds: float
    files: tuple[Artifact, ...] = ()


class Curve(Frozen, frozen=True):
    """Points of a picture, in the order of x."""

    name: str
    points: tuple[tuple[float, float], ...]
    joined: bool = True
    """Whether they are one line, or marks of their own."""


class Level(Frozen, frozen=True):
    """A value on one axis of a picture, such as a threshold or a measurement, with its bounds where it has any."""

    name: str
    value: float
    on_x: bool = False
    low: float | None = None
    high: float | None = None
    """Infinite values are left out."""


class Band(Frozen, frozen=True):
    """A stretch of the x axis, such as a phase of a test."""

    name: str
    start: float
    end: float


class Picture(Frozen, frozen=True):
    """A chart as numbers; a report draws it."""

    title: str
    x: str
    """What the axis is, with its unit: `time (s)`."""
    y: str
    curves: tuple[Curve, ...]
    levels: tuple[Level, ...] = ()
    bands: tuple[Band, ...] = ()
    logarithmic: bool = False
    """Whether the x axis is."""


class Answer(Frozen, frozen=True):
    """What a gate found out. No answer is never a pass: without coverage it proves nothing."""

    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    """Limits and remarks that a reviewer should read."""
    suppressions: tuple[SourceLocation, ...] = ()
    """Comments and files in the scanned code that ask a tool to look away, whether or not they hide anything."""


class Canary(Frozen, frozen=True):
    """Whether the gate caught the defect that was planted for it."""

    caught: bool
    detail: str
    seconds: float = 0.0


class Completed(Frozen, frozen=True, tag="completed"):
    """The gate answered."""

    gate: str
    answer: Answer
    evidence: tuple[Evidence, ...] = ()
    canary: Canary | None = None
    seconds: float = 0.0


class Errored(Frozen, frozen=True, tag="errored"):
    """The gate could not answer; what it knew by then is kept."""

    gate: str
    fault: str
    """Kebab-case code, one per class in `errors`."""
    reason: str
    fix: str = ""
    answer: Answer = Answer()
    evidence: tuple[Evidence, ...] = ()
    seconds: float = 0.0


class Skipped(Frozen, frozen=True, tag="skipped"):
    """The gate did not run."""

    gate: str
    reason: str
    unaffected: bool = False
    """True only when it was shown that no changed file is this gate's business."""


GateResult = Completed | Errored | Skipped
