"""Gates and reports come in by entry points, whoever brings them."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sdlc import registry
from sdlc.cli import main
from sdlc.errors import ConfigError

MODULE = """
from pathlib import Path
from sdlc.gate import Gate, Tool
from sdlc.model import Family
class Mine(Gate):
    kind, summary, family = "mine", "s", Family.OTHER
    def probe(self): return Tool("t", "1", Path("/"))
    def check(self, work): ...
    def plant(self, work): ...
    def caught(self, answer): ...
class Nameless(Gate):
    pass
"""
Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs packages with entry points, as the import system sees them, instead of this project's."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(name: str, entry: str, module: str = MODULE, group: str = registry.GATES) -> None:
        (tmp_path / f"{name}_module.py").write_text(module)
        metadata = tmp_path / f"{name}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text(f"[{group}]\n{entry}\n")

    def only_here(*, group: str) -> list[importlib.metadata.EntryPoint]:
        found = importlib.metadata.distributions(path=[str(tmp_path)])
        return [point for distribution in found for point in distribution.entry_points if point.group == group]

    monkeypatch.setattr(importlib.metadata, "entry_points", only_here)
    for found in (registry.gates, registry.reports, registry.commands):
        found.cache_clear()
    yield install
    for found in (registry.gates, registry.reports, registry.commands):
        found.cache_clear()


def test_a_stranger_s_gate_is_found(install: Install) -> None:
    install("stranger", "mine = stranger_module:Mine")
    assert list(registry.gates()) == ["mine"]
    assert registry.reports() == {}


WRONG: dict[str, tuple[str, str, str]] = {
    "another name": ("yours = p0_module:Mine", MODULE, "leads to the gate 'mine'; they must agree"),
    "no name": ("mine = p1_module:Nameless", MODULE, "leads to the gate ''; they must agree"),
    "not a gate": ("mine = p2_module:Path", MODULE, "'mine' is no Gate"),
    "an instance": ("mine = p3_module:thing", "thing = 3", "'mine' is no Gate: 3"),
    "not there": ("mine = p4_module:Absent", MODULE, "can't be loaded from p4_module:Absent: AttributeError"),
    "no such module": ("mine = p5_absent:Mine", MODULE, "can't be loaded from p5_absent:Mine: ModuleNotFoundError"),
    "a syntax error": ("mine = p6_module:Mine", "def (", "can't be loaded from p6_module:Mine: SyntaxError"),
    "an exception": ("mine = p7_module:Mine", "1 / 0", "can't be loaded from p7_module:Mine: ZeroDivisionError"),
    "an exit with 0": ("mine = p8_module:Mine", "raise SystemExit(0)", "can't be loaded from p8_module:Mine: SystemExit: 0"),
}


@pytest.mark.parametrize(("number", "case"), list(enumerate(WRONG.values())), ids=WRONG.keys())
def test_what_can_not_be_used_is_named(number: int, case: tuple[str, str, str], install: Install) -> None:
    entry, module, words = case
    install(f"p{number}", entry, module)
    with pytest.raises(ConfigError) as caught:
        registry.gates()
    assert words in str(caught.value)


def test_two_that_share_a_name_are_refused(install: Install) -> None:
    install("one", "mine = one_module:Mine")
    install("two", "mine = two_module:Mine")
    with pytest.raises(ConfigError, match=r"two installed packages both bring 'mine' in sdlc\.gates; uninstall one"):
        registry.gates()


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("bandt", ["bandit", "semgrep"], " (did you mean 'bandit'?)"),
        ("zzz", ["b", "a"], " (known: a, b)"),
        ("zzz", [], ""),
        ("", ["a"], " (known: a)"),
    ],
)
def test_a_hint_names_the_nearest_word_or_all(word: str, known: list[str], hint: str) -> None:
    assert registry.nearest(word, known) == hint


@pytest.mark.parametrize(
    ("entry", "words"),
    [("run = command_module:app", "'run' in sdlc.commands is taken"), ("a = command_module:x", "is no Typer")],
)
def test_a_command_takes_no_name_of_ours_and_is_one(entry: str, words: str, install: Install) -> None:
    install("command", entry, "import typer\napp = typer.Typer()\nx = 3\n", registry.COMMANDS)
    with pytest.raises(ConfigError, match=words):
        main.extend()


def test_of_many_known_words_some_are_said() -> None:
    told = registry.nearest("???", [f"word-{number:02}" for number in range(30)])
    assert told.startswith(" (known: word-00, word-01")
    assert told.endswith("word-19 and 10 more)")
