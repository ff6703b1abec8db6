"""The shape of `sdlc.toml`: the one place that says which keys there are; the JSON Schema is made from it."""

from __future__ import annotations

import datetime

from sdlc.model import Frozen, Severity, Stage
from sdlc.policy import Suppressions


class ProjectSettings(Frozen, frozen=True):
    """`[project]`: what is judged."""

    name: str = ""
    """The name that reports show; by default the folder's."""
    exclude: tuple[str, ...] = ()
    """Shell patterns of files and folders that no gate judges; reports list what they left out."""


class TargetSettings(Frozen, frozen=True):
    """`[target]`: the running application that DAST and load gates need."""

    run: str | tuple[str, ...] = ()
    """Command that starts it; `{port}` becomes a free port, `{python}` the interpreter that runs sdlc."""
    url: str = ""
    """Address of an application that runs already, instead of `run`."""
    ready: str = "/"
    """Path that answers below 400 once the application can serve."""
    ready_within: str = "30 s"
    """How long it may take to get ready."""
    openapi: str = ""
    """OpenAPI description: a file of the project, or a path on the target when it begins with a slash."""
    routes: tuple[str, ...] = ()
    """Paths that a scan must reach, where there is no OpenAPI description."""
    env: dict[str, str] = {}
    """Environment variables for it."""
    pass_env: tuple[str, ...] = ()
    """Names of the caller's environment variables that it gets too."""


class PolicySettings(Frozen, frozen=True):
    """`[policy]`: what may be released."""

    tolerate: Severity = Severity.LOW
    """The most severe finding that does not block: info, low, medium, high or critical."""
    max: dict[Severity, int] = {}
    """How many findings of a severity are tolerated."""
    thresholds: tuple[str, ...] = ()
    """Sentences about measurements, such as `p95(POST /checkout) <= 300 ms`."""
    min_coverage: str = "100 %"
    """The least share of what it should have measured that a gate must have measured."""
    suppressions: Suppressions = Suppressions.WAIVER
    """What `# nosec` and its like are worth: `waiver` (nothing without one) or `honour` (shown, not blocking)."""
    prove: bool | None = None
    """Whether each gate must catch a planted defect in the same run; by default at stage release."""


class WaiverSettings(Frozen, frozen=True):
    """`[[waivers]]`: an accepted risk."""

    id: str
    """A name of its own."""
    reason: str
    """Why the risk is accepted."""
    approved_by: str
    """Who answers for it."""
    expires: datetime.date
    """The last day on which it holds."""
    fingerprint: str = ""
    """The finding it is for, as reports show it."""
    rule: str = ""
    """Instead of a fingerprint: a rule's id, together with `path`."""
    path: str = ""
    """Shell pattern for a source path, a package's name or a URL."""


class GateSettings(Frozen, frozen=True):
    """`[gates.ID]`: what every gate understands, beside keys of its own."""

    uses: str = ""
    """The kind of gate, when the table has another name."""
    stages: tuple[Stage, ...] | None = None
    """When it runs: commit, pr, release."""
    needs: tuple[str, ...] = ()
    """Gates that must have answered and found nothing blocking before this one starts."""
    deadline: str = ""
    """Wall-clock time after which it is killed, such as `10 min`."""
    memory: str = ""
    """Resident memory at which it is killed, such as `2 GiB`."""
    tolerate: Severity | None = None
    """As in `[policy]`, for this gate's findings."""
    max: dict[Severity, int] = {}
    """As in `[policy]`, for this gate's findings."""
    thresholds: tuple[str, ...] = ()
    """As in `[policy]`, for this gate's measurements."""
    min_coverage: str = ""
    """As in `[policy]`, for this gate."""


class Settings(Frozen, frozen=True):
    """The whole file."""

    project: ProjectSettings = ProjectSettings()
    target: TargetSettings | None = None
    policy: PolicySettings = PolicySettings()
    waivers: tuple[WaiverSettings, ...] = ()
    gates: dict[str, dict[str, object]] = {}
    """One table for each gate; a gate without one does not run."""
