"""What a repository holds that a gate could judge; reads file names and a few small files, and runs nothing."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from sdlc.inventory import Inventory
from sdlc.model import Frozen

READ_BYTES = 200_000
READ_FILES = 5_000
INTERPRETERS = (".venv/bin/python", "venv/bin/python", "env/bin/python")
FRAMEWORKS = {
    "django": re.compile(r"^[ \t]*(?:from|import)[ \t]+django\b", re.MULTILINE),
    "fastapi": re.compile(r"^[ \t]*(?:from|import)[ \t]+fastapi\b", re.MULTILINE),
    "flask": re.compile(r"^[ \t]*(?:from|import)[ \t]+flask\b", re.MULTILINE),
    "starlette": re.compile(r"^[ \t]*(?:from|import)[ \t]+starlette\b", re.MULTILINE),
}
REQUIREMENTS = re.compile(
    r"(?:^|/)(?:requirements[^/]*\.(?:txt|lock)|[^/]*requirements\.txt|[^/]*requirements/[^/]+\.txt|pylock(?:\.[^/]+)?\.toml)$"
)
DECLARING = frozenset({"poetry.lock", "uv.lock", "Pipfile.lock", "pdm.lock", "setup.py", "setup.cfg"})
DECLARES = re.compile(r"^(?:\[project\]|\[tool\.poetry\])", re.MULTILINE)
OPENAPI = re.compile(r"(?:^|/)(?:openapi|swagger)[^/]*\.(?:json|ya?ml)$", re.IGNORECASE)
_FLASK_APP = re.compile(r"^(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:flask\.)?Flask\(", re.MULTILINE)
_FASTAPI_APP = re.compile(r"^(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*(?:fastapi\.)?FastAPI\(", re.MULTILINE)
_MADE_APP = re.compile(r"^(app|application)[ \t]*=[ \t]*(?:create_app|make_app)\(", re.MULTILINE)
_FACTORY = re.compile(r"^def (create_app|make_app)\((?:[^()\n,=]*=[^()\n,]*)?[ \t]*\)", re.MULTILINE)
_OPENAPI_URL = re.compile(r"\bopenapi_url[ \t]*=[ \t]*(?:\"(/[\w./-]+)\"|'(/[\w./-]+)'|[^=\s])")
NOT_THE_APP = re.compile(r"(?:^|/)(?:tests?|docs?|examples?|migrations)/")


class Found(Frozen, frozen=True):
    """What was detected."""

    python: int = 0
    """How many Python files."""
    files: int = 0
    dependencies: tuple[str, ...] = ()
    """Files that declare them: requirements, locks, project metadata."""
    framework: str = ""
    run: str = ""
    """A command that probably starts the application."""
    ready: str = "/"
    """A path that it probably answers."""
    openapi: str = ""
    """An OpenAPI description, or the path where the framework serves one."""
    locustfile: str = ""
    dockerfile: str = ""
    workflows: int = 0


def look(files: Inventory) -> Found:
    """Look at a repository."""
    names = files.files
    python = [name for name in names if name.endswith((".py", ".pyw"))]
    framework, run, served = _application(files.root, python)
    interpreter = next((name for name in INTERPRETERS if (files.root / name).is_file()), "")
    described = next((name for name in names if OPENAPI.search(name)), "")
    return Found(
        python=len(python),
        files=len(names),
        dependencies=tuple(name for name in names if _declares(files.root, name)),
        framework=framework,
        run=run.replace("python ", f"{interpreter} ", 1) if interpreter else run,
        ready=served or "/",
        openapi=described or served,
        locustfile=next((name for name in python if PurePosixPath(name).name == "locustfile.py"), ""),
        dockerfile=next((name for name in names if PurePosixPath(name).name == "Dockerfile"), ""),
        workflows=sum(name.startswith(".github/workflows/") for name in names),
    )


def _declares(root: Path, name: str) -> bool:
    own = PurePosixPath(name).name
    if own == "pyproject.toml":
        return DECLARES.search(_text(root / name)) is not None
    return REQUIREMENTS.search(name) is not None or own in DECLARING


def _application(root: Path, python: Sequence[str]) -> tuple[str, str, str]:
    """The framework that is imported most, how such an application is usually started, and the description it serves."""
    shallow_first = sorted(python, key=lambda name: (name.count("/"), name))
    looked_at = [name for name in shallow_first if not NOT_THE_APP.search(name)][:READ_FILES]
    texts = {name: _text(root / name) for name in looked_at}
    uses = {framework: sum(bool(p.search(text)) for text in texts.values()) for framework, p in FRAMEWORKS.items()}
    best = max(uses, key=lambda framework: uses[framework])
    if not uses[best]:
        return "", "", ""
    commands = {"django": _django, "fastapi": _fastapi, "flask": _flask}
    return best, commands[best](texts) if best in commands else "", _described(texts) if best == "fastapi" else ""


def _django(texts: Mapping[str, str]) -> str:
    manage = min((name for name in texts if PurePosixPath(name).name == "manage.py"), key=len, default="")
    return f"python {shlex.quote(manage)} runserver --noreload 127.0.0.1:{{port}}" if manage else ""


def _fastapi(texts: Mapping[str, str]) -> str:
    for name, text in texts.items():
        if match := _FASTAPI_APP.search(text):
            folder = _import_root(name, texts)
            place = f"--app-dir {shlex.quote(str(folder))} " if folder.name else ""
            return f"python -m uvicorn {place}{shlex.quote(_module(name, folder))}:{match[1]} --port {{port}}"
    return ""


def _described(texts: Mapping[str, str]) -> str:
    """The path where a FastAPI application serves its description; empty where the code computes it."""
    match = next(filter(None, map(_OPENAPI_URL.search, texts.values())), None)
    return (match[1] or match[2] or "") if match else "/openapi.json"


def _flask(texts: Mapping[str, str]) -> str:
    for pattern in (_FLASK_APP, _MADE_APP, _FACTORY):
        for name, text in texts.items():
            if match := pattern.search(text):
                folder = _import_root(name, texts)
                # Flask takes a path too, and then imports from the folder that the package lies in.
                app = name if folder.name else _module(name, folder)
                return f"python -m flask --app {shlex.quote(app)}:{match[1]} run --port {{port}}"
    return ""


def _import_root(name: str, texts: Mapping[str, str]) -> PurePosixPath:
    """The folder that a module's imports start from: above its package, or above a folder that it imports by name."""
    folder = PurePosixPath(name).parent
    while folder.name:
        by_name = re.search(rf"^[ \t]*(?:from|import)[ \t]+{re.escape(folder.name)}\b", texts[name], re.MULTILINE)
        if f"{folder}/__init__.py" not in texts and not by_name:
            break
        folder = folder.parent
    return folder


def _module(name: str, folder: PurePosixPath) -> str:
    parts = PurePosixPath(name).with_suffix("").relative_to(folder).parts
    return ".".join(part for part in parts if part != "__init__")


def _text(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(READ_BYTES).decode("utf-8", "replace")
