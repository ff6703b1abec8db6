"""An index of a project's Python modules: their functions, what they import, and what their functions call."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sdlc.handlers.model import Span

MAX_BYTES = 1 << 20
DEPTH = 3
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Module:
    """One source file."""

    name: str
    """Dotted, as it would be imported from the project's root."""
    path: str
    tree: ast.Module
    functions: dict[str, Function] = field(default_factory=dict)
    """By name, and methods by `Class.name`."""
    imports: dict[str, str] = field(default_factory=dict)
    """What a name in this module stands for, dotted."""


def read(root: Path, paths: Iterable[str]) -> dict[str, Module]:
    """The modules that can be parsed, by dotted name; others are left out."""
    found = (_parse(root, path) for path in paths)
    return {module.name: module for module in found if module}


def reachable(modules: Mapping[str, Module], module: Module, name: str) -> tuple[Span, ...]:
    """The function `name` of a module, and the project's functions that it calls, at most three calls away."""
    spans: dict[Span, None] = {}
    waiting = [(module, name, 0)]
    while waiting:
        here, wanted, depth = waiting.pop(0)
        function = here.functions.get(wanted)
        if function is None:
            continue
        span = Span(path=here.path, first=_first_line(function), last=function.end_lineno or function.lineno)
        if span in spans:
            continue
        spans[span] = None
        if depth < DEPTH:
            waiting.extend((*callee, depth + 1) for callee in _callees(modules, here, wanted, function))
    return tuple(spans)


def resolve(modules: Mapping[str, Module], here: Module, dotted: str) -> tuple[Module, str] | None:
    """The module and the function that a dotted name means, seen from a module of the project."""
    if dotted in here.functions:
        return here, dotted
    head, _, rest = dotted.partition(".")
    full = f"{here.imports[head]}.{rest}".rstrip(".") if head in here.imports else dotted
    parts = full.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        name = ".".join(parts[:cut])
        if module := modules.get(name):
            return module, ".".join(parts[cut:])
    return None


def dotted_name(node: ast.expr | None) -> str:
    """`a.b.c` for such an expression, else nothing."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            head = dotted_name(value)
            return f"{head}.{attribute}" if head else ""
        case _:
            return ""


def text(node: ast.expr | None) -> str | None:
    """The string that a literal holds."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((argument.value for argument in call.keywords if argument.arg == name), None)


def _parse(root: Path, path: str) -> Module | None:
    file = root / path
    try:
        if file.stat().st_size > MAX_BYTES:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(file.read_bytes())
        module = Module(name=_module_name(path), path=path, tree=tree)
        _collect(module)
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return module


def _module_name(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    parts = parts[1:] if parts[0] == "src" and len(parts) > 1 else parts
    return ".".join(part for part in parts if part != "__init__") or "__init__"


def _collect(module: Module) -> None:
    for node in ast.walk(module.tree):
        match node:
            case ast.ClassDef(name=owner, body=body):
                methods = {f"{owner}.{item.name}": item for item in body if isinstance(item, Function)}
                module.functions.update(methods)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                module.functions.setdefault(name, node)
            case ast.Import(names=names):
                for alias in names:
                    module.imports[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            case ast.ImportFrom(names=names):
                base = _base(module, node)
                module.imports.update({alias.asname or alias.name: f"{base}.{alias.name}".lstrip(".") for alias in names})


def _base(module: Module, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.name.split(".") if module.path.endswith("__init__.py") else module.name.split(".")[:-1]
    kept = package[: len(package) - (node.level - 1)] if node.level > 1 else package
    return ".".join([*kept, *([node.module] if node.module else [])])


def _callees(modules: Mapping[str, Module], here: Module, name: str, function: Function) -> Iterator[tuple[Module, str]]:
    owner = name.rpartition(".")[0]
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = dotted_name(node.func)
            if owner and called.startswith("self."):
                called = f"{owner}.{called.removeprefix('self.')}"
            if called and (found := resolve(modules, here, called)):
                yield found


def _first_line(function: Function) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
