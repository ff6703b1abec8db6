"""The routes that Flask, FastAPI, Starlette and Django applications declare."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from sdlc.handlers.index import Function, Module, dotted_name, keyword, reachable, resolve, text
from sdlc.handlers.model import Route

VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
ROUTERS = frozenset({"Blueprint", "APIRouter"})
PREFIX_WORDS = ("url_prefix", "prefix")
DEEPEST_INCLUDE = 8
_FLASK_PART = re.compile(r"<(?:(?P<converter>[\w.]+)(?:\([^<>]*\))?:)?(?P<name>\w+)>")
_REGEX_GROUP = re.compile(r"\(\?P<(\w+)>(?:[^()\\]|\\.|\([^()]*\))*\)")


def routes(modules: Mapping[str, Module]) -> Iterator[Route]:
    """Every route whose handler is a function or a class of the project."""
    prefixes = _prefixes(modules)
    for module in modules.values():
        for name, function in module.functions.items():
            yield from _decorated(modules, module, name, function, prefixes)
        yield from _registered(modules, module)
    for module in modules.values():
        if module.path.endswith("urls.py") and not _is_included(modules, module):
            yield from _django(modules, module, "", 0)


def template(pattern: str) -> str:
    """A path with its parameters in braces, whatever the framework's way to write them."""

    def braces(match: re.Match[str]) -> str:
        return f"{{{match['name']}:path}}" if match["converter"] == "path" else f"{{{match['name']}}}"

    return _FLASK_PART.sub(braces, pattern)


def _decorated(
    modules: Mapping[str, Module], module: Module, name: str, function: Function, prefixes: Mapping[tuple[str, str], str]
) -> Iterator[Route]:
    for decorator in function.decorator_list:
        if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
            continue
        verb = decorator.func.attr
        pattern = text(decorator.args[0] if decorator.args else keyword(decorator, "path") or keyword(decorator, "rule"))
        if pattern is None or verb not in VERBS | {"route", "api_route"}:
            continue
        prefix = prefixes.get(_identity(module, dotted_name(decorator.func.value)), "")
        methods = (verb.upper(),) if verb in VERBS else _methods(decorator)
        yield Route(template=template(prefix + pattern), methods=methods, code=reachable(modules, module, name))


def _methods(call: ast.Call) -> tuple[str, ...]:
    given = keyword(call, "methods")
    if isinstance(given, ast.List | ast.Tuple | ast.Set):
        return tuple(sorted({word.upper() for item in given.elts if (word := text(item))}))
    return ("GET",) if given is None else ()


def _registered(modules: Mapping[str, Module], module: Module) -> Iterator[Route]:
    """`app.add_url_rule("/x", view_func=f)` and Starlette's `Route("/x", f)`."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = _last(node.func)
        pattern = text(node.args[0])
        if pattern is None or called not in ("add_url_rule", "Route", "add_route", "add_api_route"):
            continue
        view = keyword(node, "view_func") or keyword(node, "endpoint") or (node.args[-1] if len(node.args) > 1 else None)
        yield from _of_view(modules, module, view, template(pattern), _methods(node) if keyword(node, "methods") else ())


def _of_view(
    modules: Mapping[str, Module], module: Module, view: ast.expr | None, path: str, methods: tuple[str, ...]
) -> Iterator[Route]:
    """The route of a view: a function, a class, or `Class.as_view()`; decorators around it are looked through."""
    while isinstance(view, ast.Call) and not dotted_name(view.func).endswith(".as_view"):
        view = view.args[0] if view.args else None
    name = dotted_name(view.func).removesuffix(".as_view") if isinstance(view, ast.Call) else dotted_name(view)
    found = resolve(modules, module, name) if name else None
    if found is None and name:
        found = (module, name)
    if found is None:
        return
    home, wanted = found
    members = [wanted] if wanted in home.functions else [key for key in home.functions if key.startswith(f"{wanted}.")]
    for member in members:
        verb = member.rpartition(".")[2]
        own = (verb.upper(),) if member != wanted and verb in VERBS else methods
        yield Route(template=path, methods=own, code=reachable(modules, home, member))


def _identity(module: Module, name: str) -> tuple[str, str]:
    """Where a router is made: in this module, or where the name was imported from."""
    if name in module.imports:
        home, _, own = module.imports[name].rpartition(".")
        return home, own
    return module.name, name


def _prefixes(modules: Mapping[str, Module]) -> dict[tuple[str, str], str]:
    """The path prefix of each Flask blueprint and FastAPI router, by its module and name."""
    own: dict[tuple[str, str], str] = {}
    mounted: dict[tuple[str, str], str] = {}
    for module in modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                if _last(node.value.func) in ROUTERS:
                    for goal in node.targets:
                        own[module.name, dotted_name(goal)] = _prefix(node.value)
            elif isinstance(node, ast.Call) and node.args and _last(node.func) in ("register_blueprint", "include_router"):
                mounted[_router(modules, module, node.args[0])] = _prefix(node)
    # Flask lets the place of registration override the blueprint's own prefix; FastAPI puts one before the other.
    return {key: _joined(modules, key, prefix, mounted.get(key, "")) for key, prefix in own.items()}


def _joined(modules: Mapping[str, Module], key: tuple[str, str], own: str, mounted: str) -> str:
    flask = "Blueprint" in modules[key[0]].imports or "flask" in modules[key[0]].imports
    return (mounted or own) if flask else mounted + own


def _router(modules: Mapping[str, Module], module: Module, node: ast.expr) -> tuple[str, str]:
    name = dotted_name(node)
    head, _, rest = name.partition(".")
    if rest and head in module.imports and module.imports[head] in modules:
        return module.imports[head], rest
    return _identity(module, name)


def _last(called: ast.expr) -> str:
    """The last word of what is called."""
    return dotted_name(called).rpartition(".")[2]


def _prefix(call: ast.Call) -> str:
    return next((found for word in PREFIX_WORDS if (found := text(keyword(call, word)))), "")


def _django(modules: Mapping[str, Module], module: Module, prefix: str, depth: int) -> Iterator[Route]:
    """The routes of a `urlpatterns`, with those it includes."""
    if depth > DEEPEST_INCLUDE:
        return
    for call in _patterns(module):
        kind = _last(call.func)
        pattern = text(call.args[0])
        if pattern is None:
            continue
        path = prefix + (_from_regex(pattern) if kind in ("re_path", "url") else template(pattern))
        view = call.args[1]
        if isinstance(view, ast.Call) and _last(view.func) == "include":
            included = text(view.args[0]) if view.args else None
            if included and included in modules:
                yield from _django(modules, modules[included], path, depth + 1)
        else:
            yield from _of_view(modules, module, view, f"/{path.lstrip('/')}", ())


def _patterns(module: Module) -> Iterator[ast.Call]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and len(node.args) > 1 and _last(node.func) in ("path", "re_path", "url"):
            yield node


def _is_included(modules: Mapping[str, Module], module: Module) -> bool:
    views = [call.args[1] for other in modules.values() for call in _patterns(other)]
    calls = [view for view in views if isinstance(view, ast.Call) and view.args]
    return any(_last(view.func) == "include" and text(view.args[0]) == module.name for view in calls)


def _from_regex(pattern: str) -> str:
    """A path template for the simple regular expressions that routes are made of."""
    named = _REGEX_GROUP.sub(lambda match: f"{{{match[1]}}}", pattern)
    return named.removeprefix("^").removesuffix("$").removesuffix("/?").replace("\\", "")
