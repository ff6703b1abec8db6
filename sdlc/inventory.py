"""Which files of the project should be judged: what git tracks or would track, and never what a link points to."""

from __future__ import annotations

import fnmatch
import functools
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from sdlc import checkout
from sdlc.errors import ConfigError
from sdlc.model import Coverage, Missing

MAX_FILE_BYTES = 8 << 20
MAX_FILES = 200_000
ARGUMENT_BYTES = 1 << 20


@dataclass(frozen=True)
class Inventory:
    """The files of a project, sorted, each POSIX and relative to `root`."""

    root: Path
    files: tuple[str, ...]
    refused: tuple[Missing, ...] = ()
    """Should be judged but can't be read safely: too large, a link out of the tree, a device, unreadable.

    A folder (its name ends with a slash) is every gate's business, since nobody knows what it holds.
    """
    excluded: tuple[Missing, ...] = ()
    """Left out by the trusted configuration, or never a project's own source, such as installed packages."""
    changed_since: str = ""
    """The git revision that `files` is limited to the changes from; empty for everything."""

    @functools.cached_property
    def known(self) -> frozenset[str]:
        """The same files, for a quick look."""
        return frozenset(self.files)

    def select(self, wanted: Callable[[str], bool]) -> Inventory:
        """The part of the inventory whose paths are a gate's business."""
        return replace(
            self,
            files=tuple(path for path in self.files if wanted(path)),
            refused=tuple(item for item in self.refused if item.item.endswith("/") or wanted(item.item)),
            excluded=tuple(item for item in self.excluded if item.item.endswith("/") or wanted(item.item)),
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
    if shown(str(root)) != str(root):
        raise ConfigError(f"{shown(str(root))}: the project's path must be UTF-8, for every report names it")
    listing = checkout.listed(root, changed_since) if ask_git else None
    if listing is None:
        if changed_since:
            raise ConfigError(f"--changed-since {changed_since}: {root} is not a git checkout, so nothing tells what changed")
        listing = checkout.walked(root)
    known = frozenset(listing.names)
    patterns = {name: next((p for p in exclude if matches(name, p)), None) for name in sorted(known)}
    left = [name for name, pattern in patterns.items() if pattern is None]
    if len(left) > MAX_FILES:
        raise ConfigError(f"{root} holds more than {MAX_FILES} files; name a smaller folder or exclude some")
    look = _Look(root, known)
    reasons = {name: look.why_refused(name) for name in left}
    excluded = [
        Missing(item=shown(name), reason=f"excluded by configuration: {pattern}")
        for name, pattern in patterns.items()
        if pattern
    ]
    return Inventory(
        root=root,
        files=tuple(name for name, reason in reasons.items() if reason == ""),
        refused=tuple(Missing(item=shown(name), reason=reason) for name, reason in reasons.items() if reason),
        excluded=(*excluded, *listing.left_out),
        changed_since=changed_since,
    )


def shown(name: str) -> str:
    """A path as text that can be stored and printed: bytes that are not UTF-8 are written as hexadecimal escapes."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def matches(path: str, pattern: str) -> bool:
    """Whether a relative path is, or lies below, what the pattern names."""
    pattern = pattern.rstrip("/")
    parts = PurePosixPath(path).parts
    return any(fnmatch.fnmatchcase("/".join(parts[: end + 1]), pattern) for end in range(len(parts)))


class _Look:
    """Looks at one listed path after the other."""

    def __init__(self, root: Path, known: frozenset[str]) -> None:
        self._root = root
        self._known = known
        self._inside: dict[Path, bool] = {}

    def why_refused(self, name: str) -> str | None:
        """Why a listed path can't be given to a tool: empty when it can, None when there is nothing to give."""
        path = self._root / name
        try:
            status = path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return f"can't be read: {error.strerror}"
        if shown(name) != name:
            return "its name is not UTF-8"
        if not self._is_inside(path.parent):
            return "lies behind a link out of the project"
        if stat.S_ISLNK(status.st_mode):
            return self._why_link_refused(path)
        return _why_unfit(path, status)

    def _is_inside(self, folder: Path) -> bool:
        if folder not in self._inside:
            self._inside[folder] = folder.resolve().is_relative_to(self._root)
        return self._inside[folder]

    def _why_link_refused(self, path: Path) -> str | None:
        """A link is fine when it leads to something that is judged under its own name."""
        try:
            goal = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return "is a link that leads nowhere"
        if not goal.is_relative_to(self._root):
            return "is a link out of the project"
        inside = goal.relative_to(self._root).as_posix()
        judged = goal == self._root or inside in (self._known if goal.is_file() else self._folders)
        return None if judged else "is a link to something that is not part of the project"

    @functools.cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(str(folder) for name in self._known for folder in PurePosixPath(name).parents)


def _why_unfit(path: Path, status: os.stat_result) -> str:
    if stat.S_ISDIR(status.st_mode):
        readable = os.access(path, os.R_OK | os.X_OK)
        return "is a submodule that is not checked out" if readable else "can't be listed: permission denied"
    if not stat.S_ISREG(status.st_mode):
        return "is not a regular file"
    if status.st_size > MAX_FILE_BYTES:
        return f"is larger than {MAX_FILE_BYTES >> 20} MiB"
    return "" if os.access(path, os.R_OK) else "can't be read: permission denied"
