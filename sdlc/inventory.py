"""Which files of the project should be judged: what git tracks or would track, and never what a link points to."""

from __future__ import annotations

import fnmatch
import os
import stat
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sdlc.errors import ConfigError
from sdlc.model import Coverage, Missing

MAX_FILE_BYTES = 8 << 20
MAX_FILES = 200_000
GIT_SECONDS = 120
ARGUMENT_BYTES = 1 << 20
# The scanned repository's own git configuration could name programs for git to start.
GIT = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*", "-c", "diff.external=")
NOT_SOURCE = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache", ".ruff_cache"})
RUNS = ".sdlc"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The files of a project, sorted, each POSIX and relative to `root`."""

    root: Path
    files: tuple[str, ...]
    refused: tuple[Missing, ...] = ()
    """Should be judged but can't be read safely: too large, a link out of the tree, a device, unreadable.

    A folder (its name ends with a slash) is every gate's business, since nobody knows what it holds.
    """
    excluded: tuple[Missing, ...] = ()
    """Left out by the trusted configuration."""
    changed_since: str = ""
    """The git revision that `files` is limited to the changes from; empty for everything."""

    def select(self, wanted: Callable[[str], bool]) -> Inventory:
        """The part of the inventory whose paths are a gate's business."""
        return replace(
            self,
            files=tuple(path for path in self.files if wanted(path)),
            refused=tuple(item for item in self.refused if item.item.endswith("/") or wanted(item.item)),
            excluded=tuple(item for item in self.excluded if wanted(item.item)),
        )

    def named(self, *patterns: str) -> Inventory:
        """The part whose file names match one of the shell patterns (`*.py`)."""
        return self.select(lambda path: any(fnmatch.fnmatchcase(PurePosixPath(path).name, p) for p in patterns))

    def paths(self) -> tuple[Path, ...]:
        """Absolute paths of `files`, safe to give to a tool: none begins with a dash."""
        return tuple(self.root / path for path in self.files)

    def coverage(self, measured: set[str], faults: tuple[Missing, ...] = (), what: str = "files") -> Coverage:
        """What a tool that judged the files `measured`, and named `faults`, covered of this inventory."""
        named = {fault.item for fault in faults}
        silent = [Missing(item=path, reason="the tool did not say that it read it") for path in self.files]
        left = tuple(item for item in silent if item.item not in measured and item.item not in named)
        good = [path for path in self.files if path in measured and path not in named]
        missing = (*faults, *left, *self.refused)
        return Coverage(
            what=what, measured=len(good), expected=len(good) + len(missing), missing=missing, excluded=self.excluded
        )


def batches(paths: Iterable[Path]) -> tuple[tuple[str, ...], ...]:
    """The paths, cut so that each command line stays well below what the system accepts."""
    cut: list[list[str]] = []
    size = ARGUMENT_BYTES
    for path in map(str, paths):
        size += len(os.fsencode(path)) + 1
        if size > ARGUMENT_BYTES:
            cut.append([])
            size = len(os.fsencode(path)) + 1
        cut[-1].append(path)
    return tuple(map(tuple, cut))


def take(root: Path, exclude: tuple[str, ...] = (), changed_since: str = "", *, ask_git: bool = True) -> Inventory:
    """List the files below `root`; with `changed_since`, only those that differ from that git revision.

    Without `ask_git` every file counts, also those that a repository around `root` ignores.
    Raises `ConfigError` when `root` isn't a folder, or when git can't tell what has changed.
    """
    root = root.resolve()
    if not root.is_dir():
        raise ConfigError(f"{root} is not a folder")
    names = git_files(root, changed_since) if ask_git and is_git(root) else None
    if names is None:
        if changed_since:
            raise ConfigError(f"--changed-since {changed_since}: {root} is not a git checkout, so nothing tells what changed")
        names = walked_files(root)
    files: list[str] = []
    refused: list[Missing] = []
    excluded: list[Missing] = []
    known = frozenset(names)
    for name in sorted(known):
        if pattern := next((p for p in exclude if matches(name, p)), None):
            excluded.append(Missing(item=name, reason=f"excluded by configuration: {pattern}"))
        elif reason := why_unreadable(root, name, known):
            refused.append(Missing(item=name, reason=reason))
        elif (root / name).is_file() and not (root / name).is_symlink():
            files.append(name)
        if len(files) > MAX_FILES:
            raise ConfigError(f"{root} holds more than {MAX_FILES} files; name a smaller folder or exclude some")
    return Inventory(
        root=root, files=tuple(files), refused=tuple(refused), excluded=tuple(excluded), changed_since=changed_since
    )


def matches(path: str, pattern: str) -> bool:
    """Whether a relative path is, or lies below, what the pattern names."""
    pattern = pattern.rstrip("/")
    parts = PurePosixPath(path).parts
    return any(fnmatch.fnmatchcase("/".join(parts[: end + 1]), pattern) for end in range(len(parts)))


def is_git(root: Path) -> bool:
    """Whether git answers that `root` is in a work tree."""
    answer = run_git(root, "rev-parse", "--is-inside-work-tree")
    return answer.returncode == 0 and answer.stdout.strip() == b"true"


def git_files(root: Path, changed_since: str) -> list[str]:
    """Files that git tracks, and those it would if they were added; only changed ones if asked."""
    tracked = split(must(run_git(root, "ls-files", "-z", "--cached", "--recurse-submodules"), "list the files"))
    new = split(must(run_git(root, "ls-files", "-z", "--others", "--exclude-standard"), "list the new files"))
    names = [*_expanded(root, tracked), *_expanded(root, new)]
    if not changed_since:
        return names
    if changed_since.startswith("-"):
        raise ConfigError(f"--changed-since {changed_since}: not a revision")
    merge_base = must(run_git(root, "merge-base", changed_since, "HEAD"), f"find where HEAD left {changed_since}")
    base = merge_base.decode().strip()
    differing = ["diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", "--relative", base, "--"]
    changed = set(split(must(run_git(root, *differing), f"tell what changed since {changed_since}")))
    changed.update(_expanded(root, new))
    return [name for name in names if name in changed]


def _expanded(root: Path, names: list[str]) -> Iterator[str]:
    """The names, with a nested checkout replaced by its files and an empty submodule marked as a folder."""
    for name in names:
        path = root / name
        if path.is_symlink() or not path.is_dir():
            yield name
            continue
        inside = [f"{name.rstrip('/')}/{below}" for below in _walk(path)]
        yield from inside or [f"{name.rstrip('/')}/"]


def run_git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git, without letting the repository's configuration start anything.

    Raises `ConfigError` when git does not answer in time.
    """
    environment = {"PATH": os.environ.get("PATH", os.defpath), "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        return subprocess.run(
            [*GIT, *arguments], cwd=root, env=environment, capture_output=True, timeout=GIT_SECONDS, check=False
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(arguments, 127, b"", b"git is not installed")
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"git {arguments[0]} did not answer in {GIT_SECONDS} s") from error


def must(answer: subprocess.CompletedProcess[bytes], purpose: str) -> bytes:
    """Git's output; `ConfigError` when it refused."""
    if answer.returncode:
        words = answer.stderr.decode("utf-8", "replace").strip()
        raise ConfigError(f"git could not {purpose}: {words}")
    return answer.stdout


def split(output: bytes) -> list[str]:
    """Names in a NUL-separated list; bytes that are not UTF-8 are kept as surrogates."""
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def walked_files(root: Path) -> list[str]:
    """Every file below a folder that git does not know, without environments, caches and version control."""
    return list(_walk(root))


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(root, followlinks=False):
        here = Path(folder)
        folders[:] = [name for name in folders if not _is_foreign(here / name) and not (here / name).is_symlink()]
        links = [name for name in os.listdir(here) if (here / name).is_symlink() and (here / name).is_dir()]
        for name in (*names, *links):
            yield (here / name).relative_to(root).as_posix()


def _is_foreign(folder: Path) -> bool:
    return folder.name in NOT_SOURCE or folder.name == RUNS or (folder / "pyvenv.cfg").is_file()


def why_unreadable(root: Path, name: str, known: frozenset[str]) -> str:
    """Why a listed path can't be given to a tool; empty when it can, or when it is gone from the work tree."""
    path = root / name
    try:
        status = path.lstat()
    except OSError as error:
        return "" if isinstance(error, FileNotFoundError) else f"can't be read: {error.strerror}"
    if not path.parent.resolve().is_relative_to(root):
        return "lies behind a link out of the project"
    if stat.S_ISLNK(status.st_mode):
        return _why_link_refused(root, path, known)
    if stat.S_ISDIR(status.st_mode):
        return "is a submodule that is not checked out"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_size > MAX_FILE_BYTES:
        return f"is larger than {MAX_FILE_BYTES >> 20} MiB"
    return "" if os.access(path, os.R_OK) else "can't be read: permission denied"


def _why_link_refused(root: Path, path: Path, known: frozenset[str]) -> str:
    """A link is fine when it leads to something that is judged under its own name."""
    try:
        goal = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "is a link that leads nowhere"
    if not goal.is_relative_to(root):
        return "is a link out of the project"
    inside = goal.relative_to(root).as_posix()
    judged = inside in known if goal.is_file() else any(name.startswith(f"{inside}/") for name in known)
    return "" if judged or inside == "." else "is a link to something that is not part of the project"
