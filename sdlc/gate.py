"""What a gate is, what it is given, and the one place where a tool is run.

A gate is a class with a few facts and one method, `check`, that returns an `Answer` or raises a `GateError`.
It is found through the entry-point group `sdlc.gates`; see docs/writing-a-gate.md.
"""

from __future__ import annotations

import abc
import contextlib
import datetime
import importlib.metadata
import inspect
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Protocol, TypeVar

import msgspec
from packaging.specifiers import SpecifierSet

from sdlc import inventory
from sdlc.errors import EvidenceInvalid, NothingToScan, OutputInvalid, ToolFailed, ToolMissing
from sdlc.evidence import RunDirectory, storable
from sdlc.handlers.model import Route
from sdlc.inventory import Inventory
from sdlc.model import Answer, Evidence, Family, Frozen, Rule, Stage
from sdlc.process import MIB, Limits, Running, clean_environment, tail
from sdlc.target import Target, TargetPlan
from sdlc.threshold import MeasurementLimit

ALL_STAGES = (Stage.COMMIT, Stage.PR, Stage.RELEASE)
MAX_REPORT_BYTES = 512 * MIB
T = TypeVar("T")


class Metric(Frozen, frozen=True):
    """A kind of number that a gate can measure, and that thresholds may name."""

    name: str
    unit: str
    description: str
    per_subject: bool = False
    """Whether it is measured per subject too, as in `p95(POST /checkout)`."""


class NoOptions(Frozen, frozen=True):
    """The options of a gate that has none."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that was found."""

    name: str
    version: str
    path: Path


@dataclass(frozen=True, slots=True)
class ToolRun:
    """What a tool answered; its files are evidence already."""

    code: int
    stdout: Path
    stderr: Path
    kept: Mapping[str, Path]
    """The reports that the tool wrote to files, by the name they were asked for under."""

    @property
    def last_words(self) -> str:
        """The end of what it said on standard error, or else on standard output."""
        return tail(self.stderr) or tail(self.stdout)


@dataclass(frozen=True)
class Workspace:
    """Everything a gate may touch."""

    gate: str
    root: Path
    """The project; read only."""
    files: Inventory
    scratch: Path
    """A folder for the gate's own files, gone after the run."""
    directory: RunDirectory
    limits: Limits
    cancel: threading.Event
    target: Target | None = None
    target_plan: TargetPlan | None = None
    """How `target` was started, for a gate that needs it anew."""
    say: Callable[[str], None] = field(default=lambda text: None)
    """Reports progress: one short line, such as `spider: 40 of 120 URLs`."""
    jobs: int = 1
    """How many cores the gate may use."""
    routes: tuple[Route, ...] = ()
    """The routes that the project's code declares, where the framework is one that can be read."""
    thresholds: tuple[MeasurementLimit, ...] = ()
    """The bounds on this gate's measurements, so that it can refuse a plan too short to ever keep them."""
    began: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    """When the run began: the one moment that whatever has an age is judged at, should the clock be set meanwhile."""
    beside: Path | None = None
    """The configuration's folder; None when it is the project."""
    evidence: list[Evidence] = field(default_factory=list)
    """Grows with each run of a tool, and is kept whether or not the gate answers."""

    @property
    def judging(self) -> Path:
        """The folder of files that the configuration names to judge by: rules, load tests, plans.

        They belong to the configuration and lie beside it: taken from a protected branch, none is the project's own.
        """
        return self.beside or self.root

    def run(
        self,
        tool: Tool,
        argv: Sequence[str],
        *,
        name: str = "scan",
        keep: Mapping[str, Path] | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        network: bool = False,
    ) -> ToolRun:
        """Run `tool` with the arguments `argv` to its end, and make its outputs evidence.

        `keep` names the files that it should write; one that it didn't write is absent from the answer's `kept`.
        `env` is added to a clean environment, with proxies and CA bundles from the caller's if `network`.
        Raises `ToolMissing`, `ToolTimeout`, `LimitExceeded`, `ToolFailed` (processes left behind), `Cancelled`.
        """
        outputs = {"stdout": self.scratch / f"{name}.stdout", "stderr": self.scratch / f"{name}.stderr"}
        started = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        command = [str(tool.path), *argv]
        code, seconds = -1, 0.0
        try:
            with Running(
                command,
                cwd=cwd or self.scratch,
                env=clean_environment(self.scratch / "home", env, network=network),
                stdout=outputs["stdout"],
                stderr=outputs["stderr"],
                limits=self.limits,
            ) as process:
                ended = process.wait(self.cancel)
            code, seconds = ended.code, ended.seconds
        finally:
            kept = self._keep(name, outputs | dict(keep or {}))
            files = tuple(self.directory.describe(path) for path in kept.values())
            self.evidence.append(
                Evidence(
                    tool=tool.name,
                    version=tool.version,
                    argv=tuple(map(storable, command)),
                    exit_code=code,
                    started=started,
                    seconds=round(seconds, 3),
                    files=files,
                )
            )
        return ToolRun(code=code, stdout=kept.pop("stdout"), stderr=kept.pop("stderr"), kept=kept)

    def _keep(self, name: str, files: Mapping[str, Path]) -> dict[str, Path]:
        kept: dict[str, Path] = {}
        for label, file in files.items():
            if file.exists() or file.is_symlink():
                suffix = f".{label}" if label in ("stdout", "stderr") else file.suffix
                stem = name if label in ("stdout", "stderr") else f"{name}-{label}"
                try:
                    artifact = self.directory.keep(self.gate, file, f"{stem}{suffix}")
                except EvidenceInvalid as error:
                    raise OutputInvalid(f"{label}: {error}") from error
                kept[label] = self.directory.path / artifact.path
        return kept

    def narrowed(self, root: Path, name: str) -> Workspace:
        """A workspace over another folder, with evidence and scratch of its own: where a canary is planted."""
        scratch = self.scratch / name
        scratch.mkdir()
        # Installed into an environment below the project, a canary is a file that the project's git ignores.
        files = inventory.take(root, ask_git=False)
        return replace(self, gate=f"{self.gate}/{name}", root=root, files=files, scratch=scratch, say=lambda text: None)


class Installable(Protocol):
    """An environment of its own that a gate's tool runs in."""

    def make(self) -> Path:
        """Make it unless it is there."""


class Gate(abc.ABC):
    """One kind of evidence for a release.

    Facts are class attributes; `Options` is the shape of its own keys in `[gates.ID]`.
    """

    kind: ClassVar[str]
    """Kebab-case: the entry point's name, the page in docs/gates/, and the default id."""
    summary: ClassVar[str]
    """What it finds, in a few words."""
    family: ClassVar[Family]
    stages: ClassVar[tuple[Stage, ...]] = ALL_STAGES
    uses_target: ClassVar[bool] = False
    """Whether it needs the running application; it then gets one of its own."""
    exclusive: ClassVar[bool] = False
    """Whether nothing else may run on the machine beside it."""
    deadline: ClassVar[float] = 600
    """Seconds, unless configured."""
    memory: ClassVar[int] = 4096 * MIB
    """Bytes, unless configured."""
    metrics: ClassVar[tuple[Metric, ...]] = ()
    covers: ClassVar[frozenset[str]] = frozenset()
    """What each of its answers says the coverage of (`files`, `rules`); the engine notices when one of these isn't told."""
    Options: ClassVar[type[Frozen]] = NoOptions
    environment: ClassVar[Installable | None] = None
    """Where its tool lives, when that is made on request (`sdlc gates --install`)."""

    def __init__(self, id: str, options: Frozen) -> None:
        """Take the options that `Options` describes, already checked."""
        self.id = id
        self.options = options

    def vet(self, judging: Path) -> None:  # noqa: B027  # most options are right when they have the right shape
        """Look at the options, and the files they name below `judging`, before anything runs; raises `ConfigError`.

        A message that begins with the option's name leads to its line.
        """

    @abc.abstractmethod
    def probe(self) -> Tool:
        """The tool that would be run; raises `ToolMissing`, with how to get it as its `fix`."""

    @abc.abstractmethod
    def check(self, work: Workspace) -> Answer:
        """Find out. Raises a `GateError` when that isn't possible; never answers less than was asked without coverage."""

    @abc.abstractmethod
    def plant(self, work: Workspace) -> contextlib.AbstractContextManager[tuple[Gate, Workspace]]:
        """This gate, with the user's options, and a workspace that holds its canary: a defect it must find."""

    @abc.abstractmethod
    def caught(self, answer: Answer) -> bool:
        """Whether the answer to the planted defect names it."""

    def proof_rests_on(self) -> tuple[Path, ...] | None:
        """Files and folders that decide whether it catches its canary: its code, its rules, its canary.

        A proof is remembered until one of them, the tool or the options change (see `sdlc.proofs`); None when they can't be
        named, and then it is proved in every run.
        """
        return (Path(inspect.getfile(type(self))),)

    def wants(self, path: str) -> bool:
        """Whether a file of the project is this gate's business."""
        return True

    @classmethod
    def found(cls) -> Tool:
        """The tool that the gate would run with no options of its own; raises `ToolMissing`."""
        try:
            return cls(cls.kind, cls.Options()).probe()
        except TypeError:
            return Tool(name="as configured", version="", path=Path())

    @classmethod
    def rules(cls) -> tuple[Rule, ...]:
        """The rules that it brings itself, for `sdlc explain`."""
        return ()


class SourceGate(Gate):
    """A gate that reads the project's files; its canary is a folder of files."""

    canary: ClassVar[Path]
    """The folder with the planted defect."""
    canary_rules: ClassVar[frozenset[str]]
    """Ids of the rules of which at least one must fire on the canary."""

    def sources(self, work: Workspace) -> Inventory:
        """The files that are this gate's business; raises `NothingToScan` when there are none."""
        mine = work.files.select(self.wants)
        if not mine.files and not mine.refused:
            since = f" that changed since {mine.changed_since}" if mine.changed_since else ""
            left_out = f"; {len(mine.excluded)} are excluded by configuration" if mine.excluded else ""
            raise NothingToScan(
                f"no file{since} is this gate's business{left_out}", fix=f"remove [gates.{self.id}], or name its files"
            )
        return mine

    def proof_rests_on(self) -> tuple[Path, ...] | None:
        return (Path(inspect.getfile(type(self))), self.canary)

    @contextlib.contextmanager
    def plant(self, work: Workspace) -> Iterator[tuple[Gate, Workspace]]:
        yield self, work.narrowed(self.canary, "canary")

    def caught(self, answer: Answer) -> bool:
        return any(finding.rule.id in self.canary_rules for finding in answer.findings)


def own_tool(name: str, distribution: str, versions: str) -> Tool:
    """A command-line tool installed beside this project.

    Only this environment is searched: what a PATH or the scanned repository offers is nobody's promise.
    Raises `ToolMissing` when it is absent, or its version lies outside the specifier `versions`.
    """
    fix = f"install it beside sdlc: pip install '{distribution}{versions}'"
    path = Path(sys.executable).parent / name
    try:
        version = importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise ToolMissing(f"{name} is not installed", fix=fix) from error
    if not path.is_file():
        raise ToolMissing(f"{name} {version} is installed, but its command is not at {path}", fix=fix)
    if not SpecifierSet(versions).contains(version, prereleases=True):
        raise ToolMissing(f"{name} {version} is installed; this gate reads the reports of {versions}", fix=fix)
    return Tool(name=name, version=version, path=path)


def read_report(run: ToolRun, label: str, shape: type[T]) -> T:
    """The JSON report that a tool wrote under `label`, in the shape that its version promises.

    Raises `OutputInvalid` when it is missing, empty, cut short, or of another shape.
    """
    path = run.stdout if label == "stdout" else run.kept.get(label)
    if path is None or not path.stat().st_size:
        raise OutputInvalid(f"the tool ended with exit code {run.code} and wrote no report: {run.last_words}")
    if path.stat().st_size > MAX_REPORT_BYTES:
        raise OutputInvalid(f"the report is larger than {MAX_REPORT_BYTES // MIB} MiB")
    return decode(path.read_bytes(), shape)


def decode(content: bytes, shape: type[T]) -> T:
    """JSON in the shape `shape`; raises `OutputInvalid` saying where it differs."""
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise OutputInvalid(f"the report is not what this version of the tool writes: {error}") from error


def expect_exit(run: ToolRun, *answers: int) -> None:
    """Raise `ToolFailed` unless the tool ended with one of the exit codes that are answers."""
    if run.code not in answers:
        ended = f"was killed by signal {-run.code}" if run.code < 0 else f"ended with exit code {run.code}"
        raise ToolFailed(f"the tool {ended}: {run.last_words}")
