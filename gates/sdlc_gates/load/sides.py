"""The two sides of a comparison: how each is started, and what it is."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import os
import shlex
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sdlc.asking import ask
from sdlc.checkout import must, run_git
from sdlc.errors import ConfigError, TargetFailed
from sdlc.gate import Workspace
from sdlc.process import Running, clean_environment, tail
from sdlc.target import Target, TargetPlan, started
from sdlc_gates.load.comparison import CompareOptions
from sdlc_gates.load.faults import LoadRefused

ANSWER_SECONDS = 5.0
ANSWER_BYTES = 1 << 20
SHOWN_COMMIT = 12


@dataclass(frozen=True, slots=True)
class SideOf:
    """One side."""

    plan: TargetPlan
    words: str
    """What it is, for people."""


def candidate(work: Workspace, target: Target) -> SideOf:
    """The application under test, as the configuration starts it; or as it runs."""
    plan = work.target_plan or TargetPlan(root=work.root, url=target.url, ready=target.ready)
    return SideOf(plan, f"commit {_head(work.root)[:SHOWN_COMMIT]}" if plan.run else plan.url)


def base(work: Workspace, options: CompareOptions, other: TargetPlan) -> SideOf:
    """What it is compared with, put into a folder of its own where it is a revision.

    Raises `ConfigError`, `LoadRefused` or `TargetFailed` when there is no such thing.
    """
    if options.url:
        return SideOf(replace(other, run=(), url=options.url.rstrip("/")), options.url)
    run = _argv("run", options.run) or other.run
    if not run:
        raise ConfigError("compare: [target] has no `run`, so compare.run must say how the base is started")
    root, words = work.root, shlex.join(run)
    if options.base:
        root = work.scratch / "base"
        root.mkdir()
        words = f"commit {_checked_out(work.root, options.base, root)[:SHOWN_COMMIT]} ({options.base})"
    if options.prepare:
        _prepare(work, _argv("prepare", options.prepare), root)
    run = tuple(part.replace("{root}", str(root)) for part in run)
    return SideOf(replace(other, root=root, run=run, url=""), words)


@contextlib.contextmanager
def instance(work: Workspace, side: SideOf, *, described: bool = False) -> Iterator[Target]:
    """The side, ready to serve, for as long as the block runs; its output becomes evidence."""
    place = work.scratch / "target"
    place.mkdir()
    plan = side.plan if described else replace(side.plan, openapi="")
    try:
        with started(plan, place, work.limits, work.cancel) as target:
            yield target
    finally:
        for output in sorted(place.glob("target.std*")):
            work.directory.keep(work.gate, output, output.name)


def version(target: Target, path: str) -> str:
    """A digest of what the target answers there; raises `TargetFailed` when it doesn't."""
    try:
        status, content = ask(target.url + path, ANSWER_SECONDS, ANSWER_BYTES)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise TargetFailed(f"{target.url}{path} did not answer: {error}", fix="see compare.told_apart") from error
    if status >= 400:
        raise TargetFailed(f"{target.url}{path} answered {status}", fix="see compare.told_apart")
    return hashlib.sha256(content).hexdigest()


def _checked_out(root: Path, revision: str, folder: Path) -> str:
    """Put the commit at which HEAD left a revision into a folder, as `git archive` does; returns its id."""
    found = run_git(root, "merge-base", revision, "HEAD")
    if found.returncode == 1 and not found.stderr:
        raise ConfigError(f"compare.base = {revision!r}: it has no commit in common with HEAD; is the history cut short?")
    commit = must(found, f"find where HEAD left {revision}").decode().strip()
    if commit == _head(root) and not must(run_git(root, "status", "--porcelain"), "tell what changed").strip():
        raise LoadRefused(
            f"base and candidate are the same commit, {commit[:SHOWN_COMMIT]}, so a comparison tells nothing",
            fix="name an earlier revision in compare.base, such as the last release's tag",
        )
    archive = must(run_git(root, "archive", "--format=tar", commit), f"read {revision}")
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(folder, filter="data")
    except (OSError, tarfile.TarError) as error:
        raise LoadRefused(f"{revision} can't be put into a folder: {error}") from error
    return commit


def _head(root: Path) -> str:
    answer = run_git(root, "rev-parse", "HEAD")
    return answer.stdout.decode().strip() if answer.returncode == 0 else "unknown"


def _prepare(work: Workspace, argv: tuple[str, ...], root: Path) -> None:
    outputs = {name: work.scratch / f"prepare.{name}" for name in ("stdout", "stderr")}
    environment = clean_environment(work.scratch / "prepare-home", network=True)
    # As for the target: the project's programs, not this project's tools.
    environment["PATH"] = os.environ.get("PATH", os.defpath)
    argv = tuple(part.replace("{root}", str(root)) for part in argv)
    with Running(argv, cwd=root, env=environment, limits=work.limits, **outputs) as process:
        ended = process.wait(work.cancel)
    if ended.code:
        raise TargetFailed(
            f"{shlex.join(argv)} ended with exit code {ended.code}: {tail(outputs['stderr'])}", fix="see compare.prepare"
        )


def _argv(name: str, command: str | tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(command)) if isinstance(command, str) else command
    except ValueError as error:
        raise ConfigError(f"compare.{name} can't be taken apart: {error}") from error
