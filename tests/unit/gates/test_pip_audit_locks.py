"""Lock files that the tools themselves wrote, and what a package says of itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from sdlc_gates.dependencies import locks, projects, requirements
from sdlc_gates.dependencies.model import Source, Unreadable

LOCKS = Path(__file__).parents[2] / "data" / "pip-audit" / "locks"
CLICK, COLORAMA, INICONFIG = ("click", "8.1.8"), ("colorama", "0.4.6"), ("iniconfig", "2.3.1")


def pins(source: Source) -> list[tuple[str, str]]:
    return [(pin.name, pin.version) for pin in source.pins]


@pytest.mark.parametrize(
    ("name", "expected", "own"),
    [
        ("uv.lock", [CLICK, COLORAMA, INICONFIG], ["our-lib", "shop"]),
        ("pylock.toml", [CLICK, COLORAMA, INICONFIG], ["our-lib"]),
        ("poetry.lock", [CLICK, COLORAMA, INICONFIG], ["our-lib"]),
        ("pdm.lock", [CLICK, COLORAMA, INICONFIG], []),
        ("Pipfile.lock", [CLICK, INICONFIG], ["our-lib"]),
    ],
)
def test_a_lock_file_pins_everything_but_the_project_itself(name: str, expected: list[tuple[str, str]], own: list[str]) -> None:
    source = locks.READERS[name](name, (LOCKS / name).read_text())
    assert pins(source) == expected
    assert [item.item for item in source.excluded] == own
    assert (source.missing, source.loose, source.lock, source.closed) == ((), (), True, True)


def test_a_hashed_requirements_file_is_closed_like_a_lock() -> None:
    source = requirements.read("hashed.txt", lambda name: (LOCKS / name).read_text())
    assert pins(source) == [CLICK, INICONFIG]
    assert source.closed


@pytest.mark.parametrize("name", ["uv.lock", "pylock.toml", "poetry.lock", "pdm.lock", "Pipfile.lock"])
def test_a_lock_file_cut_anywhere_is_unreadable_or_declares_less_never_a_crash(name: str) -> None:
    text = (LOCKS / name).read_text()
    for end in range(0, len(text), 37):
        try:
            source = locks.READERS[name](name, text[:end])
        except Unreadable:
            continue
        assert len(source.pins) <= 3


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("uv.lock", "version = 2\npackage = []", "doesn't know: uv.lock 2"),
        ("poetry.lock", "package = []\n[metadata]\nlock-version = '3.0'", "doesn't know"),
        ("pdm.lock", "package = []\n[metadata]\nlock_version = '5.0'", "doesn't know"),
        ("pylock.toml", "lock-version = '2.0'\npackages = []", "doesn't know"),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 7}}', "doesn't know"),
        ("Pipfile.lock", "[" * 100_000, "not JSON"),
        ("Pipfile.lock", "{}", "not what it should be"),
        ("uv.lock", "version = 1", "not what it should be"),
        ("uv.lock", "", "not what it should be"),
        ("uv.lock", "a = " + "[\n" * 100_000, "not TOML"),
        ("uv.lock", "a." * 100_000 + "b = 1", "a line of more than"),
        ("poetry.lock", "<html>", "not TOML"),
    ],
)
def test_what_is_no_lock_file_of_a_known_format_is_unreadable(name: str, text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        locks.READERS[name](name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", 'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = { git = "https://g.example/a" }'),
        ("uv.lock", 'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = { directory = "../a" }'),
        ("uv.lock", 'version = 1\n[[package]]\nname = "a"\nversion = "1"\nsource = { path = "a.whl" }'),
        ("uv.lock", 'version = 1\n[[package]]\nname = "a"\nversion = "one"\nsource = { registry = "r" }'),
        ("poetry.lock", '[metadata]\nlock-version = "2.1"\n[[package]]\nname = "a"\nversion = "1"\nsource = { type = "git" }'),
        ("pdm.lock", '[metadata]\nlock_version = "4.5"\n[[package]]\nname = "a"\nversion = "1"\ngit = "https://g.example/a"'),
        ("pylock.toml", 'lock-version = "1.0"\n[[packages]]\nname = "a"\nvcs = { type = "git", url = "u" }'),
        ("pylock.toml", 'lock-version = "1.0"\n[[packages]]\nname = "a"\nversion = "1"\narchive = { url = "u" }'),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"git": "https://g.example/a"}}}'),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 6}, "default": {"a": {"path": "./a.whl"}}}'),
    ],
)
def test_a_package_from_no_index_is_missing(name: str, text: str) -> None:
    source = locks.READERS[name](name, text)
    assert [missing.item.partition(" ")[0].partition("==")[0] for missing in source.missing] == ["a"]
    assert source.pins == ()


def test_a_project_names_extras_groups_and_older_tables() -> None:
    text = """
        [project]
        name = "shop"
        dependencies = ["flask>=2", "jinja2==2.10", "x @ git+https://g.example/x"]
        [project.optional-dependencies]
        fast = ["orjson"]
        all = ["shop[fast]"]
        [dependency-groups]
        test = ["pytest>=8", {include-group = "lint"}]
        lint = ["ruff"]
        [tool.uv]
        dev-dependencies = ["mypy"]
        [tool.pdm.dev-dependencies]
        docs = ["sphinx"]
        [tool.poetry.dependencies]
        python = "^3.11"
        click = "^8"
        [tool.poetry.group.dev.dependencies]
        black = { version = "*" }
    """
    source = projects.pyproject("pyproject.toml", text)
    assert pins(source) == [("jinja2", "2.10")]
    names = ["flask", "orjson", "pytest", "ruff", "mypy", "sphinx", "click", "black"]
    assert [item.name for item in source.loose] == names
    assert len(source.missing) == 1
    assert (source.closed, source.computed) == (False, "")


@pytest.mark.parametrize(
    ("name", "text", "loose", "computed"),
    [
        ("pyproject.toml", "[project]\nname = 'a'\ndynamic = ['dependencies']", [], True),
        ("pyproject.toml", "[project]\nname = 'a'\ndynamic = ['version']\ndependencies = ['b']", ["b"], False),
        ("pyproject.toml", "[tool.ruff]\nline-length = 100", [], False),
        (
            "setup.cfg",
            "[options]\ninstall_requires =\n    b>=1\n    c\n[options.extras_require]\nx =\n  d",
            ["b", "c", "d"],
            False,
        ),
        ("setup.cfg", "[options]\ninstall_requires = file: requirements.txt", [], True),
        ("setup.cfg", "[flake8]\nmax-line-length = 100", [], False),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['b', 'c>1'])", ["b", "c"], False),
        ("setup.py", "import setuptools\nsetuptools.setup(extras_require={'x': ['d']}, name='a')", ["d"], False),
        ("setup.py", "setup(install_requires='''b\n# no\nc''')", ["b", "c"], False),
        ("setup.py", "setup(install_requires=open('requirements.txt').read().split())", [], True),
        ("setup.py", "setup(**everything)", [], True),
        ("setup.py", "setup(install_requires=[1])", [], True),
        ("setup.py", "setup(", [], True),
        ("setup.py", "setup(install_requires=" + "(" * 5000 + ")" * 5000 + ")", [], True),
        ("setup.py", "#" * 300_000, [], True),
        ("setup.py", "setup()", [], False),
    ],
)
def test_what_only_running_a_build_would_tell_is_said_to_be_computed(
    name: str, text: str, loose: list[str], computed: bool
) -> None:
    source = projects.READERS[name](name, text)
    assert [item.name for item in source.loose] == loose
    assert bool(source.computed) is computed


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\ndependencies = []"),
        ("pyproject.toml", "[project]\nname = 'a'\ndependencies = 'b'"),
        ("pyproject.toml", "[project"),
        ("setup.cfg", "no section"),
    ],
)
def test_a_broken_project_file_is_unreadable(name: str, text: str) -> None:
    with pytest.raises(Unreadable):
        projects.READERS[name](name, text)
