"""What a package says that it needs: pyproject.toml, setup.cfg, and setup.py as far as it can be read without running it."""

from __future__ import annotations

import ast
import configparser
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from sdlc_gates.dependencies.locks import shaped, toml
from sdlc_gates.dependencies.model import Gathering, Source, Unreadable

COMPUTED = "its dependencies are known only to who runs its build, which this gate never does"
# Reading Python takes some hundred times its size in memory.
MAX_SETUP_CHARACTERS = 256 << 10


class Project(msgspec.Struct, rename="kebab"):
    """The table `[project]`."""

    name: str
    dependencies: list[str] = []
    optional_dependencies: dict[str, list[str]] = {}
    dynamic: list[str] = []


class PoetryGroup(msgspec.Struct):
    """A table `[tool.poetry.group.NAME]`."""

    dependencies: dict[str, Any] = {}


class Poetry(msgspec.Struct, rename="kebab"):
    """The table `[tool.poetry]`."""

    dependencies: dict[str, Any] = {}
    dev_dependencies: dict[str, Any] = {}
    group: dict[str, PoetryGroup] = {}


class Uv(msgspec.Struct, rename="kebab"):
    """The table `[tool.uv]`."""

    dev_dependencies: list[str] = []


class Pdm(msgspec.Struct, rename="kebab"):
    """The table `[tool.pdm]`."""

    dev_dependencies: dict[str, list[str]] = {}


class Tools(msgspec.Struct):
    """The table `[tool]`."""

    poetry: Poetry | None = None
    uv: Uv | None = None
    pdm: Pdm | None = None


class Pyproject(msgspec.Struct, rename="kebab"):
    """What is read of pyproject.toml."""

    project: Project | None = None
    dependency_groups: dict[str, list[Any]] = {}
    tool: Tools | None = None


def pyproject(path: str, text: str) -> Source:
    """What the package, its extras and its dependency groups ask for."""
    document = shaped(toml(text), Pyproject)
    gathered = Gathering(path)
    project = document.project
    own = canonicalize_name(project.name) if project else ""
    asked = list(project.dependencies) if project else []
    asked += [line for lines in (project.optional_dependencies if project else {}).values() for line in lines]
    asked += [line for lines in document.dependency_groups.values() for line in lines if isinstance(line, str)]
    tool = document.tool or Tools()
    asked += tool.uv.dev_dependencies if tool.uv else []
    asked += [line for lines in (tool.pdm.dev_dependencies if tool.pdm else {}).values() for line in lines]
    _require(gathered, asked, own)
    if tool.poetry:
        _poetry(gathered, tool.poetry)
    dynamic = bool(project) and "dependencies" in (project.dynamic if project else ())
    return gathered.source(computed=COMPUTED if dynamic else "")


def setup_cfg(path: str, text: str) -> Source:
    """What `[options]` asks for."""
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unreadable(f"not a configuration file: {error}") from error
    given = [parser.get("options", "install_requires", fallback="")]
    extras = "options.extras_require"
    given += [value for _, value in parser.items(extras)] if parser.has_section(extras) else []
    lines = [line.strip() for value in given for line in value.splitlines() if line.strip()]
    gathered = Gathering(path)
    if any(line.startswith(("file:", "attr:")) for line in lines):
        return gathered.source(computed=COMPUTED)
    _require(gathered, lines, canonicalize_name(parser.get("metadata", "name", fallback="")))
    return gathered.source()


def setup_py(path: str, text: str) -> Source:
    """What is written out in the call of `setup`; the file is parsed, never run."""
    gathered = Gathering(path)
    if len(text) > MAX_SETUP_CHARACTERS:
        return gathered.source(computed=COMPUTED)
    try:
        calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call) and _is_setup(node.func)]
        given = [keyword for call in calls for keyword in call.keywords]
        named = [keyword for keyword in given if keyword.arg in ("install_requires", "extras_require")]
        values = [ast.literal_eval(keyword.value) for keyword in named]
        lines = [line for value in values for line in _flat(value)]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return gathered.source(computed=COMPUTED)
    if any(keyword.arg is None for keyword in given):
        return gathered.source(computed=COMPUTED)
    _require(gathered, lines, "")
    return gathered.source()


READERS = {"pyproject.toml": pyproject, "setup.cfg": setup_cfg, "setup.py": setup_py}


def _require(gathered: Gathering, lines: list[str], own: str) -> None:
    before = len(gathered.loose)
    for line in lines:
        gathered.require(line)
    # An extra that collects others names the package itself.
    gathered.loose[before:] = [item for item in gathered.loose[before:] if item.name != own]


def _poetry(gathered: Gathering, poetry: Poetry) -> None:
    """Poetry's own words for versions aren't read: its lock file says what they mean."""
    tables = [poetry.dependencies, poetry.dev_dependencies, *(group.dependencies for group in poetry.group.values())]
    for name in dict.fromkeys(name for table in tables for name in table if name != "python"):
        gathered.require(name)


def _is_setup(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name == "setup"


def _flat(value: object) -> list[str]:
    """The strings in a string of lines, a list, or a mapping of lists; raises `TypeError` on anything else."""
    if isinstance(value, str):
        return [line.strip() for line in value.splitlines() if line.strip() and not line.strip().startswith("#")]
    if isinstance(value, dict):
        return [line for lines in value.values() for line in _flat(lines)]
    if isinstance(value, list | tuple):
        return [line for item in value for line in _flat(item)]
    raise TypeError(f"{type(value).__name__} is no requirement")
