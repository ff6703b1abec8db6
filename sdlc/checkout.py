"""What a folder holds: the files that git tracks or would track, or else all of them. Starts nothing that the folder names."""

from __future__ import annotations

import functools
import os
import re
import stat
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from sdlc.errors import ConfigError
from sdlc.model import Missing
from sdlc.process import search_path

GIT_SECONDS = 120
# The repository's own configuration could name programs for git to start.
GIT = (
    *("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "diff.external="),
    *("-c", "safe.directory=*", "-c", "safe.bareRepository=explicit"),
)
ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    # A partial clone would fetch what it lacks, by a program of its own choice.
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
NOT_SOURCE = {
    **dict.fromkeys((".git", ".hg", ".svn"), "version control"),
    "node_modules": "installed packages",
    **dict.fromkeys(("__pycache__", ".mypy_cache", ".ruff_cache"), "a cache"),
    **dict.fromkeys((".tox", ".nox"), "test environments"),
}
ENVIRONMENTS = frozenset({".venv", "venv", ".env", "env", "virtualenv"})
RUNS = ".sdlc"
_UNREADABLE = re.compile(rb"could not open directory '(.+?)/?': ")


@dataclass(frozen=True, slots=True)
class Listing:
    """Names relative to a folder; one of a folder that could not be looked into ends with a slash."""

    names: tuple[str, ...]
    left_out: tuple[Missing, ...] = ()
    """Folders that are never a project's own source."""


def listed(root: Path, changed_since: str) -> Listing | None:
    """Files that git tracks, and those it would if they were added, limited to changes if asked; None without git.

    What lies in submodules and nested checkouts always counts as changed, for their own git is not asked. What somebody
    installed here and git was not told to ignore is left out; the same in the repository itself is judged.
    """
    if not is_git(root):
        return None
    tracked = split(must(run_git(root, "ls-files", "-z", "--cached"), "list the files"))
    others = run_git(root, "ls-files", "-z", "--others", "--exclude-standard")
    new, installed = _told_from_installed(root, split(must(others, "list the new files")))
    closed = [f"{os.fsdecode(name)}/" for name in _UNREADABLE.findall(others.stderr)]
    plain, nested = _parted(root, [*tracked, *new])
    inside = [_below(root, name.rstrip("/")) for name in nested]
    if changed_since:
        changed = changed_files(root, changed_since) | set(new)
        plain = [name for name in plain if name in changed]
    names = (*plain, *closed, *(name for listing in inside for name in listing.names))
    return Listing(names, (*installed, *(item for listing in inside for item in listing.left_out)))


def _told_from_installed(root: Path, names: Iterable[str]) -> tuple[list[str], list[Missing]]:
    """The files that somebody may have written, and the folders around the others, each with what it is."""
    why = functools.cache(lambda folder: _why_no_source(folder, root / folder))
    kept, left_out = [], {}
    for name in names:
        around = [str(folder) for folder in PurePosixPath(name).parents][-2::-1]
        if installed := next(filter(why, around), ""):
            left_out[installed] = why(installed)
        else:
            kept.append(name)
    return kept, [_left_out(folder, reason) for folder, reason in left_out.items()]


def changed_files(root: Path, revision: str) -> set[str]:
    """Tracked files that differ from where HEAD left the revision; raises `ConfigError` when git can't tell."""
    if revision.startswith("-") or "\0" in revision:
        raise ConfigError(f"--changed-since {revision!r}: not a revision")
    found = run_git(root, "merge-base", revision, "HEAD")
    if found.returncode == 1 and not found.stderr:
        raise ConfigError(f"--changed-since {revision}: it has no commit in common with HEAD; is the history cut short?")
    base = must(found, f"find where HEAD left {revision}").decode().strip()
    quiet = ("--name-only", "-z", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=dirty")
    return set(split(must(run_git(root, "diff", *quiet, "--relative", base, "--"), f"tell what changed since {revision}")))


def walked(root: Path) -> Listing:
    """Every file below a folder, links and devices among them, without environments, caches and version control."""
    names: list[str] = []
    left_out: list[Missing] = []
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(root / folder))
        except OSError:
            names.append(folder or "./")
            continue
        for entry in entries:
            name = f"{folder}{entry.name}"
            if not entry.is_dir(follow_symlinks=False):
                names.append(name)
            elif reason := _why_no_source(name, Path(entry.path)):
                left_out.append(_left_out(name, reason))
            else:
                waiting.append(f"{name}/")
    return Listing(tuple(names), tuple(left_out))


def _left_out(folder: str, reason: str) -> Missing:
    return Missing(item=f"{os.fsencode(folder).decode('utf-8', 'backslashreplace')}/", reason=reason)


def _why_no_source(name: str, folder: Path) -> str:
    if name == RUNS:
        return "runs of sdlc"
    if folder.name in ENVIRONMENTS and stat.S_ISREG(_mode(folder / "pyvenv.cfg")):
        return "a virtual environment"
    return NOT_SOURCE.get(folder.name, "")


def _mode(path: Path) -> int:
    """What kind of file it is, links not followed; 0 where that can't be seen."""
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def _parted(root: Path, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The files, and the folders that git names as one: submodules and nested checkouts."""
    plain: list[str] = []
    nested: list[str] = []
    for name in names:
        (nested if stat.S_ISDIR(_mode(root / name)) else plain).append(name)
    return plain, nested


def _below(root: Path, name: str) -> Listing:
    """The files of a nested checkout; the folder itself when it is empty."""
    found = walked(root / name)
    names = tuple(f"{name}/{below}" for below in found.names if below != ".git") or (f"{name}/",)
    return Listing(names, tuple(Missing(item=f"{name}/{item.item}", reason=item.reason) for item in found.left_out))


def is_git(root: Path) -> bool:
    """Whether git answers that `root` is in a work tree."""
    answer = run_git(root, "rev-parse", "--is-inside-work-tree")
    return answer.returncode == 0 and answer.stdout.strip() == b"true"


def tracks(file: Path) -> bool:
    """Whether a file belongs to the repository that it lies in."""
    return run_git(file.parent, "ls-files", "--error-unmatch", "--", file.name).returncode == 0


def run_git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Ask git, without letting the repository's configuration start anything.

    Raises `ConfigError` when git does not answer in time.
    """
    return _ask(root, arguments, _without_filters(root))


def _without_filters(root: Path) -> Mapping[str, str]:
    """Settings for git's environment that empty every filter which the repository's configuration brings.

    Attributes in the tree say which filter a file goes through, and git runs it to see whether the file has changed.
    """
    answer = _ask(root, ("config", "--name-only", "-z", "--get-regexp", r"^filter\."), {})
    keys = sorted(set(split(answer.stdout)))
    values = {key: "false" if key.endswith(".required") else "" for key in keys}
    made = {"GIT_CONFIG_COUNT": str(len(values))}
    for number, (key, value) in enumerate(values.items()):
        made |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return made


def _ask(root: Path, arguments: tuple[str, ...], settings: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    environment = {"PATH": search_path(), **ENVIRONMENT, **settings}
    command = [*GIT, *arguments]
    try:
        return subprocess.run(command, cwd=root, env=environment, capture_output=True, timeout=GIT_SECONDS, check=False)
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, b"", b"git is not installed")
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"git {arguments[0]} did not answer in {GIT_SECONDS} s") from error


def must(answer: subprocess.CompletedProcess[bytes], purpose: str) -> bytes:
    """Git's output; `ConfigError` when it refused."""
    if answer.returncode:
        words = answer.stderr.decode("utf-8", "replace").strip()
        raise ConfigError(f"git could not {purpose}: {words}")
    return answer.stdout


def inside(folder: Path, name: str) -> Path | None:
    """The regular file of that name below a folder; None when there is none, or it lies elsewhere."""
    try:
        file = (folder / name).resolve()
        return file if file.is_relative_to(folder.resolve()) and file.is_file() else None
    except (OSError, ValueError):
        return None


def split(output: bytes) -> list[str]:
    """Names in a NUL-separated list; bytes that are not UTF-8 are kept as surrogates."""
    return [os.fsdecode(name) for name in output.split(b"\0") if name]
