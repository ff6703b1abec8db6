"""A ZAP daemon: found on this machine, started for one scan with a home of its own, and gone with it; or one that runs."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import secrets
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sdlc.errors import Cancelled, SdlcError, ToolFailed, ToolMissing, ToolTimeout
from sdlc.gate import Workspace
from sdlc.model import Artifact, Evidence
from sdlc.process import MIB, Limits, Running, clean_environment, tail
from sdlc.target import free_port
from sdlc_gates._zap.api import Api, Unreachable
from sdlc_gates._zap.options import ZapOptions

NAMES = ("zap.sh", "zaproxy", "owasp-zap")
PLACES = (Path("/opt/zaproxy"), Path("/usr/share/zaproxy"), Path("/zap"))
ENGINES = ("docker", "podman")
ENGINE_SECONDS = 20
POLL_SECONDS = 0.1
PORT_TRIES = 3
MAX_HEAP = 4096 * MIB
PORT_TAKEN = "unable to start the main proxy"
FIX = "install ZAP and put its zap.sh on PATH, or set home, command, url or image in [gates.zap]"


@dataclass(frozen=True, slots=True)
class Launcher:
    """How ZAP is started here."""

    argv: tuple[str, ...]
    """What comes before ZAP's own arguments."""
    version: str = ""
    engine: str = ""
    """The container engine, when ZAP runs in an image."""
    options_at: int = 0
    """Where in `argv` options of Java go, when it is Java's; 0 for ZAP's launcher, which takes them after it."""


@dataclass(slots=True)
class Daemon:
    """A daemon that answers, and what was kept of its answers."""

    api: Api
    inputs: Path
    """A folder that the daemon can read."""
    cancel: threading.Event
    deadline: float
    """Point of `time.monotonic()` after which it must answer no more."""
    process: Running | None = None
    """None when it was running before."""
    version: str = ""
    kept: list[Artifact] = field(default_factory=list)

    def check(self) -> None:
        """Raise when the daemon has died or used more than it may, or somebody asked to stop."""
        if self.cancel.is_set():
            raise Cancelled("stopped during the scan")
        if self.process and not self.process.alive:
            raise ToolFailed(f"ZAP ended during the scan: {tail(self.process.stdout)}")
        if self.process:
            self.process.check()
        if time.monotonic() > self.deadline:
            raise ToolTimeout("the scan was not over at its deadline")

    def keep(self, work: Workspace, name: str, content: object) -> bytes:
        """Make an answer evidence before anything reads it; returns its bytes."""
        written = json.dumps(content, indent=1, sort_keys=True).encode("utf-8", "surrogatepass")
        file = work.scratch / name
        file.write_bytes(written)
        self.kept.append(work.directory.keep(work.gate, file, name))
        return written


def find(options: ZapOptions) -> Launcher:
    """The ZAP that the options name, or else the one installed, or else the container image.

    Raises `ToolMissing`.
    """
    if options.command:
        return Launcher(options.command)
    if options.home:
        return installed_in(Path(options.home).expanduser())
    on_path = (shutil.which(name) for name in NAMES)
    in_places = (shutil.which(NAMES[0], path=str(place)) for place in PLACES)
    if script_name := next((found for found in (*on_path, *in_places) if found), None):
        return Launcher((script_name,), version_beside(Path(script_name)))
    if options.image:
        return contained(options.image)
    raise ToolMissing("no ZAP was found on this machine", fix=FIX)


def installed_in(home: Path) -> Launcher:
    """The ZAP in this folder, by its `zap.sh`, or else by its jars alone; raises `ToolMissing`."""
    script = home / NAMES[0]
    if script.is_file():
        return Launcher((str(script),), version_beside(script))
    version, java = version_beside(script), shutil.which("java")
    if not version:
        raise ToolMissing(f"there is no {NAMES[0]} in {home}, and no zap-VERSION.jar", fix=FIX)
    if java is None:
        raise ToolMissing(f"the jars in {home} need java, which is not on PATH", fix=FIX)
    place = home.resolve()
    jars = f"{place}/zap-{version}.jar:{place}/lib/*"
    return Launcher((java, "-cp", jars, "org.zaproxy.zap.ZAP", "-installdir", str(place)), version, options_at=1)


def version_beside(script: Path) -> str:
    """The version in the name of the jar that lies beside the script; empty when there is none."""
    names = (re.fullmatch(r"zap-(.+)\.jar", file.name) for file in script.resolve().parent.glob("zap-*.jar"))
    return next((name[1] for name in names if name), "")


def contained(image: str) -> Launcher:
    """ZAP from an image, by the first container engine that answers; raises `ToolMissing`."""
    for engine in ENGINES:
        path = shutil.which(engine)
        if path and _quiet(path, "info") == 0:
            return Launcher((path, "run", "--rm", "--network", "host", image, NAMES[0]), engine=path)
    raise ToolMissing(f"{image} needs docker or podman, and neither answers", fix=FIX)


def _quiet(*argv: str) -> int:
    try:
        return subprocess.run(argv, capture_output=True, timeout=ENGINE_SECONDS, check=False).returncode
    except (OSError, subprocess.TimeoutExpired):
        return -1


@contextlib.contextmanager
def attached(options: ZapOptions, work: Workspace) -> Iterator[Daemon]:
    """The daemon at `options.url`, left running."""
    key = os.environ.get(options.api_key_env, "")
    daemon = Daemon(Api(options.url, key, work.limits.deadline), _inputs(work, key), work.cancel, work.limits.deadline)
    began = _now()
    try:
        daemon.version = daemon.api.ask(str, lambda zap: zap.core.version)
        yield daemon
    finally:
        work.evidence.append(_evidence(daemon, (options.url,), 0, began, 0.0))


@contextlib.contextmanager
def started(launcher: Launcher, options: ZapOptions, work: Workspace) -> Iterator[Daemon]:
    """A daemon of our own on a loopback port, with a fresh home and a key made for it; gone after the block.

    Raises `ToolFailed` when it ends while starting, `ToolTimeout` when it takes too long.
    """
    key = secrets.token_hex(16)
    inputs = _inputs(work, key)
    for number in range(PORT_TRIES):
        with _launched(launcher, key, inputs, work, work.scratch / f"zap-home-{number}") as daemon:
            if _answers(daemon, options.start_seconds):
                yield daemon
                return
    raise ToolFailed(f"ZAP found its port taken {PORT_TRIES} times")


@contextlib.contextmanager
def _launched(launcher: Launcher, key: str, inputs: Path, work: Workspace, home: Path) -> Iterator[Daemon]:
    port, name = free_port(), f"sdlc-zap-{secrets.token_hex(4)}"
    argv = command_line(launcher, name, home, inputs, port, work.limits)
    java = {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
    outputs = {"stdout": work.scratch / "zap.stdout", "stderr": work.scratch / "zap.stderr"}
    began, clock = _now(), time.monotonic()
    environment = clean_environment(work.scratch / "home", java)
    process = Running(argv, cwd=work.scratch, env=environment, limits=work.limits, **outputs)
    daemon = Daemon(
        Api(f"http://127.0.0.1:{port}", key, work.limits.deadline), inputs, work.cancel, work.limits.deadline, process
    )
    try:
        yield daemon
    finally:
        process.stop()
        code = _code(process)
        if launcher.engine:
            # Ending the engine's client may leave the container running.
            _quiet(launcher.engine, "rm", "--force", name)
        for file in (*outputs.values(), home / "zap.log"):
            if file.is_file() and not file.is_symlink():
                _blacken(file, key)
                daemon.kept.append(work.directory.keep(work.gate, file, file.name))
        work.evidence.append(_evidence(daemon, tuple(argv), code, began, time.monotonic() - clock))


def command_line(launcher: Launcher, name: str, home: Path, inputs: Path, port: int, limits: Limits) -> list[str]:
    """The command line; the key is in a file, since every user of the machine can read command lines."""
    before = list(launcher.argv)
    place = str(home)
    if launcher.engine:
        at = before.index("run") + 1
        before[at:at] = ["--name", name, "--volume", f"{inputs}:{inputs}:ro"]
        place = "/tmp/zap-home"
    heap = min(MAX_HEAP, limits.memory // 2) // MIB
    own = ["-daemon", "-silent", "-dir", place, "-host", "127.0.0.1", "-port", str(port)]
    before.insert(launcher.options_at or len(before), f"-Xmx{heap}m")
    return [*before, *own, "-configfile", str(inputs / "zap.properties")]


def _inputs(work: Workspace, key: str) -> Path:
    inputs = work.scratch / "zap-input"
    inputs.mkdir(mode=0o755)
    (inputs / "zap.properties").write_text(f"api.key={key}\n", "utf-8")
    return inputs


def _answers(daemon: Daemon, seconds: float) -> bool:
    """Wait until the daemon tells its version; False when it found its port taken.

    Its exit code says nothing: it is 0 when ZAP could not start.
    """
    process = daemon.process
    until = time.monotonic() + seconds
    while process is not None:
        with contextlib.suppress(Unreachable):
            daemon.version = daemon.api.ask(str, lambda zap: zap.core.version)
            return True
        if not process.alive:
            words = tail(process.stdout) + "\n" + tail(process.stderr)
            if PORT_TAKEN in process.stdout.read_text("utf-8", "replace"):
                return False
            process.check()  # It may have ended because of a limit, which says more than its last words.
            raise ToolFailed(f"ZAP ended while it was starting: {words.strip()}")
        if time.monotonic() > until:
            raise ToolTimeout(f"ZAP did not answer {seconds:.0f} s after its start: {tail(process.stdout)}")
        daemon.check()
        daemon.cancel.wait(POLL_SECONDS)
    return False


def _blacken(file: Path, key: str) -> None:
    """Take the key out of a log: ZAP writes each setting it is given into it."""
    cleaned = file.with_name(f"{file.name}.cleaned")
    with file.open("rb") as lines, cleaned.open("wb") as kept:
        kept.writelines(line.replace(key.encode(), b"(key)") for line in lines)
    cleaned.replace(file)


def _code(process: Running) -> int:
    try:
        return process.exit().code
    except SdlcError:
        return -1


def _evidence(daemon: Daemon, argv: tuple[str, ...], code: int, began: str, seconds: float) -> Evidence:
    return Evidence(
        tool="zap",
        version=daemon.version,
        argv=argv,
        exit_code=code,
        started=began,
        seconds=round(seconds, 3),
        files=tuple(daemon.kept),
    )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
