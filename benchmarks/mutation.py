"""Breaks the deciding code in one place at a time, and says which breaks no test notices.

    python benchmarks/mutation.py [--only policy/deciding] [--jobs 2]

Each mutant is a copy of the package with one operator, constant, condition or verdict changed; the unit tests of the
deciding code run against it. What survives is either explained in docs/mutation.md, or a test is missing. Exits 1 when
there is a survivor that the page doesn't name.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import io
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis.strategies  # once, for all children
import msgspec
import pytest

assert hypothesis
assert msgspec

ROOT = Path(__file__).parents[1]
MODULES = ("policy/deciding", "policy/terms", "identity", "threshold")
TESTS = (
    "test_threshold",
    "test_model",
    "test_policy",
    "test_policy_findings",
    "test_identity",
    "test_identity_places",
    "test_quantity",
    "test_policy_properties",
)
PAGE = ROOT / "docs" / "mutation.md"
CPU_SECONDS = 60
"""Of a mutant's tests, which take ten without a change; the processor's, for the machine may be busy with other work."""
PATIENCE = 3600
SNAPSHOT = Path(tempfile.gettempdir()) / f"mutation-{os.getpid()}"
SWAPS: tuple[tuple[type[ast.AST], type[ast.AST]], ...] = (
    *((ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.Eq, ast.NotEq), (ast.Is, ast.IsNot), (ast.In, ast.NotIn)),
    *((ast.And, ast.Or), (ast.Add, ast.Sub), (ast.Mult, ast.Div), (ast.BitAnd, ast.BitOr)),
)
SWAPPED = {one: other for pair in SWAPS for one, other in (pair, pair[::-1])}
CALLS = {"any": "all", "all": "any", "max": "min", "min": "max"}
MEMBERS = {
    "Verdict": ("PASS", "FAIL", "INCONCLUSIVE"),
    "Disposition": ("BLOCKING", "TOLERATED", "WAIVED", "SUPPRESSED"),
    "Suppressions": ("WAIVER", "HONOUR"),
}


@dataclass(frozen=True)
class Mutant:
    """One change."""

    module: str
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """As docs/mutation.md names it: without the line, which moves."""
        return f"{Path(self.module).name}: `{self.before}` → `{self.after}`"


Change = Callable[[Any], ast.AST]
"""Gets a copy of a node, and returns what stands in its place."""


def changes(node: ast.AST) -> Iterator[Change]:
    """What can be changed about a node."""
    for kind, found in KINDS.items():
        if isinstance(node, kind):
            yield from found(node)


def _operators(node: Any) -> Iterator[Change]:
    operators = node.ops if isinstance(node, ast.Compare) else [node.op]
    if len(operators) == 1 and type(operators[0]) in SWAPPED:
        made = SWAPPED[type(operators[0])]
        yield lambda new: _set(new, **({"ops": [made()]} if isinstance(node, ast.Compare) else {"op": made()}))


def _constants(node: Any) -> Iterator[Change]:
    if isinstance(node.value, bool):
        yield lambda new: _set(new, value=not node.value)
    elif isinstance(node.value, int | float):
        yield lambda new: _set(new, value=node.value + 1)


def _calls(node: Any) -> Iterator[Change]:
    if isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield lambda new: _set(new, func=ast.Name(CALLS[node.func.id]))


def _members(node: Any) -> Iterator[Change]:
    known = MEMBERS.get(node.value.id, ()) if isinstance(node.value, ast.Name) else ()
    for other in known if node.attr in known else ():
        if other != node.attr:
            yield partial(_set, attr=other)


def _conditions(node: Any) -> Iterator[Change]:
    yield partial(_set, test=ast.Constant(True))
    yield partial(_set, test=ast.Constant(False))


def _filters(node: Any) -> Iterator[Change]:
    if node.ifs:
        yield partial(_set, ifs=[])


def _yields(node: Any) -> Iterator[Change]:
    if isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield lambda new: ast.Pass()


def _signs(node: Any) -> Iterator[Change]:
    yield lambda new: new.operand


KINDS: dict[type[ast.AST], Callable[[Any], Iterator[Change]]] = {
    **dict.fromkeys((ast.Compare, ast.BoolOp, ast.BinOp), _operators),
    **dict.fromkeys((ast.If, ast.IfExp), _conditions),
    ast.UnaryOp: _signs,
    ast.Constant: _constants,
    ast.Call: _calls,
    ast.Attribute: _members,
    ast.comprehension: _filters,
    ast.Expr: _yields,
}


def _set(node: ast.AST, **fields: object) -> ast.AST:
    for name, value in fields.items():
        setattr(node, name, value)
    return node


def mutants(module: str) -> Iterator[Mutant]:
    """Every change of a module, one at a time."""
    tree = ast.parse((ROOT / "sdlc" / f"{module}.py").read_text(encoding="utf-8"))
    # Nothing reads annotations of functions at run time.
    unread = {id(inner) for node in ast.walk(tree) for part in _annotations(node) for inner in ast.walk(part)}
    for number, node in enumerate(ast.walk(tree)):
        for change in changes(node) if id(node) not in unread else ():
            new_tree = copy.deepcopy(tree)
            target = list(ast.walk(new_tree))[number]
            before = ast.unparse(target)
            made = change(target)
            if made is not target:
                _replace(new_tree, target, made)
            source = ast.unparse(ast.fix_missing_locations(new_tree))
            yield Mutant(module, getattr(node, "lineno", 0), _short(before), _short(ast.unparse(made)), source)


def _annotations(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef):
        parts = [node.returns, *(inner.annotation for inner in ast.walk(node) if isinstance(inner, ast.arg | ast.AnnAssign))]
        yield from (part for part in parts if part)


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def _short(text: str) -> str:
    return " ".join(text.split())[:100]


def snapshot(place: Path) -> None:
    """Copy what the tests need, so that a mutant is judged by what there was when the work began."""
    shutil.copytree(ROOT / "sdlc", place / "sdlc")
    shutil.copytree(ROOT / "tests" / "unit" / "sdlc", place / "tests" / "unit" / "sdlc")
    for file in ("pyproject.toml", "tests/conftest.py"):
        shutil.copy(ROOT / file, place / file)


def survivors(all_of_them: Sequence[Mutant], jobs: int) -> list[Mutant]:
    """Those with which every test passes all the same."""
    waiting, running, left = list(all_of_them)[::-1], dict[int, tuple[Mutant, Path, float]](), list[Mutant]()
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant = waiting.pop()
            place = Path(tempfile.mkdtemp())
            running[_started(mutant, place)] = (mutant, place, time.monotonic())
        for child, (mutant, place, began) in list(running.items()):
            pid, status = os.waitpid(child, os.WNOHANG)
            if not pid and time.monotonic() - began > PATIENCE:
                os.killpg(child, signal.SIGKILL)
                pid, status = os.waitpid(child, 0)
            if pid:
                del running[child]
                shutil.rmtree(place)
                left += [mutant] if status == 0 else []
        time.sleep(0.02)
    return left


def _started(mutant: Mutant, place: Path) -> int:
    shutil.copytree(SNAPSHOT, place, dirs_exist_ok=True)
    (place / "sdlc" / f"{mutant.module}.py").write_text(mutant.source, encoding="utf-8")
    child = os.fork()
    if not child:
        os._exit(_tested(place))
    return child


def _tested(place: Path) -> int:
    """Run the tests in this process, which is a copy made for it."""
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    sys.path.insert(0, str(place))
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(place / "hypothesis")
    os.chdir(place)
    quiet = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    quiet += ["-p", "_hypothesis_pytestplugin", "-p", "pytest_timeout", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*quiet, *(f"tests/unit/sdlc/{name}.py" for name in TESTS)]))


def main() -> None:
    """Run them all, and list the survivors."""
    snapshot(SNAPSHOT)
    try:
        sys.exit(run())
    finally:
        shutil.rmtree(SNAPSHOT)


def run() -> int:
    """The exit code."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", choices=MODULES, action="append")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = options.parse_args()
    if not survivors([Mutant("threshold", 0, "", "", (ROOT / "sdlc" / "threshold.py").read_text(encoding="utf-8"))], 1):
        sys.exit("the tests fail without any change")
    explained = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    unexplained = 0
    for module in chosen.only or MODULES:
        made = list(mutants(module))
        left = survivors(made, chosen.jobs)
        print(f"{module}: {len(made)} mutants, {len(made) - len(left)} noticed, {len(left)} survive", flush=True)
        for mutant in left:
            known = mutant.name in explained
            unexplained += not known
            print(f"  {'explained' if known else 'SURVIVES '} line {mutant.line}: {mutant.name}", flush=True)
    return 1 if unexplained else 0


if __name__ == "__main__":
    main()
