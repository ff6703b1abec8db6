"""What `sdlc init` sees in a repository."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from sdlc import inventory
from sdlc.detection import READ_BYTES, Found, look


def seen(root: Path, **files: str) -> Found:
    for name, text in files.items():
        place = root / name.replace("__", "/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return look(inventory.take(root))


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path) == Found()


APPLICATIONS: dict[str, tuple[dict[str, str], str, str]] = {
    "flask": ({"app.py": "from flask import Flask\napp = Flask(__name__)\n"}, "flask", "--app app:app run"),
    "flask, typed": (
        {"src__shop__web.py": "import flask\nweb: flask.Flask = flask.Flask('x')\n"},
        "flask",
        "--app src/shop/web.py:web run",
    ),
    "flask, by a factory": (
        {"shop__x.py": "from flask import Flask\nfrom shop import y\ndef create_app(kind=None):\n  return Flask('x')\n"},
        "flask",
        "--app shop.x:create_app run",
    ),
    "fastapi": ({"main.py": "from fastapi import FastAPI\napi = FastAPI()\n"}, "fastapi", "uvicorn main:api --port"),
    "django": (
        {"site__manage.py": "from django.core import x\n", "site__a.py": "import django\n"},
        "django",
        "python site/manage.py runserver",
    ),
    "starlette, which has no usual way": ({"a.py": "import starlette\n"}, "starlette", ""),
    "a library": ({"a.py": "import os\nflask = 'import flask'\n"}, "", ""),
    "only in its tests": ({"tests__a.py": "from flask import Flask\napp = Flask('x')\n"}, "", ""),
    "what is used most": (
        {"a.py": "import flask\n", "b.py": "import fastapi\n", "c.py": "import fastapi\napp = fastapi.FastAPI()\n"},
        "fastapi",
        "uvicorn c:app",
    ),
}


@pytest.mark.parametrize(("files", "framework", "run"), APPLICATIONS.values(), ids=APPLICATIONS.keys())
def test_an_application_is_recognised(files: dict[str, str], framework: str, run: str, tmp_path: Path) -> None:
    found = seen(tmp_path, **files)
    assert found.framework == framework
    assert run in found.run
    assert bool(found.run) is bool(run)


def test_a_module_is_imported_from_the_folder_above_its_package(tmp_path: Path) -> None:
    package = tmp_path / "backend" / "app"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI(openapi_url='/v1/openapi.json')\n")
    found = look(inventory.take(tmp_path))
    assert found.run == "python -m uvicorn --app-dir backend app.main:app --port {port}"
    assert (found.openapi, found.ready) == ("/v1/openapi.json", "/v1/openapi.json")
    (tmp_path / "backend" / "__init__.py").touch()
    assert look(inventory.take(tmp_path)).run == "python -m uvicorn backend.app.main:app --port {port}"


@pytest.mark.parametrize(
    ("arguments", "served"), [("", "/openapi.json"), ("openapi_url=f'{PREFIX}/openapi.json'", ""), ("openapi_url = None", "")]
)
def test_the_description_that_fastapi_serves(arguments: str, served: str, tmp_path: Path) -> None:
    found = seen(tmp_path, **{"a.py": f"import fastapi\napp = fastapi.FastAPI({arguments})\n"})
    assert (found.openapi, found.ready) == (served, served or "/")


def test_what_gates_can_use_is_found(tmp_path: Path) -> None:
    found = seen(
        tmp_path,
        **{
            "requirements.txt": "",
            "dev__requirements-test.txt": "",
            "pip-requirements.txt": "",
            "uv.lock": "",
            "pylock.toml": "",
            "pyproject.toml": "[project]\nname='x'\n",
            "sub__pyproject.toml": "[tool.ruff]\n",
            "docs__OpenAPI.yml": "",
            "load__locustfile.py": "",
            "Dockerfile": "",
            ".github__workflows__a.yml": "",
            "setup.txt": "",
        },
    )
    assert found.dependencies == (
        "dev/requirements-test.txt",
        "pip-requirements.txt",
        "pylock.toml",
        "pyproject.toml",
        "requirements.txt",
        "uv.lock",
    )
    assert found.openapi == "docs/OpenAPI.yml"
    assert found.locustfile == "load/locustfile.py"
    assert (found.dockerfile, found.workflows) == ("Dockerfile", 1)


@pytest.mark.parametrize("name", ["a b; touch x", "a'b", "$(touch x)", "a\nb", "--help"])
def test_a_hostile_file_name_stays_one_word_of_the_command(name: str, tmp_path: Path) -> None:
    found = seen(tmp_path, **{f"{name}.py": "import flask\napp = flask.Flask('x')\n"})
    assert f"{name}:app" in shlex.split(found.run)


HOSTILE = [
    "\n" * READ_BYTES,
    " \n" * READ_BYTES,
    "a:\n" * READ_BYTES,
    "a\n" * READ_BYTES,
    "a " * READ_BYTES,
    "from " * READ_BYTES,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:4]))
def test_a_hostile_text_takes_little_time(text: str, tmp_path: Path) -> None:
    assert seen(tmp_path, **{"a.py": f"import flask\n{text}", "pyproject.toml": text}).framework == "flask"
