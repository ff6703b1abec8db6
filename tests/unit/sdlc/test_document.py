"""A configuration that is wrong is refused, with its line and the nearest right word."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sdlc import document
from sdlc.document import MAX_BYTES, Document
from sdlc.errors import ConfigError
from sdlc.settings import Settings

Write = Callable[..., Document]
WAIVER = '[[waivers]]\nid = "w"\nreason = "r"\napproved_by = "a"\nexpires = 2027-01-31\nfingerprint = "f"\n'
WRONG: dict[str, tuple[str, int, str]] = {
    "an unknown table": ("[polcy]\n", 1, "unknown key 'polcy' in the file (did you mean 'policy'?)"),
    "an unknown key": ("[policy]\n\nsuppresions = 1\n", 3, "in policy (did you mean 'suppressions'?)"),
    "an unknown key that is like no other": ("[project]\nzzz = 1\n", 2, "'zzz' in project (known: exclude, name)"),
    "an unknown key in an inline table": ('\npolicy = { tolerate = "low", max = {}, thresh = [] }', 2, "'thresh' in policy"),
    "an unknown key in a later element": (WAIVER + WAIVER + 'pth = "x"\n', 13, "'pth' in waivers.1 (did you mean 'path'?)"),
    "an unknown key, quoted": ('[target]\n"re.ady" = "/"\n', 2, "unknown key 're.ady' in target"),
    "a word that is none of a few": ('[policy]\ntolerate = "hihg"\n', 2, "unknown value 'hihg' (did you mean 'high'?)"),
    "a severity in capitals": ('[policy]\ntolerate = "HIGH"\n', 2, "unknown value 'HIGH' (known: critical, high,"),
    "a severity that is a key": (
        "[policy.max]\nlow = 1\nmedum = 3\n",
        1,
        "policy.max: unknown value 'medum' (did you mean 'medium'?)",
    ),
    "a number that is text": ('[policy.max]\nlow = 1\nmedium = "3"\n', 3, "policy.max.medium: Expected 'int', got 'str'"),
    "a number that is a truth value": ("[policy]\nmax = { low = true }\n", 2, "policy.max.low: Expected 'int', got 'bool'"),
    "a number with a point": ("[policy]\nmax = { low = 3.0 }\n", 2, "policy.max.low: Expected 'int', got 'float'"),
    "an element of another type": ('[policy]\nthresholds = [\n  "a < 1",\n  3,\n]\n', 4, "policy.thresholds.1: Expected 'str'"),
    "a table that is a number": ("\npolicy = 3\n", 2, "policy: Expected 'table', got 'int'"),
    "a gate that is a number": ("[gates]\na = {}\nb = 3\n", 3, "gates.b: Expected 'table', got 'int'"),
    "a table where there are several": ("[[policy]]\n", 1, "policy: Expected 'table', got 'array'"),
    "one where there are several": (WAIVER.replace("[[waivers]]", "[waivers]"), 1, "waivers: Expected 'array'"),
    "a missing key": (WAIVER + '[[waivers]]\nid = "x"\n', 7, "waivers.1: missing key 'reason'"),
    "a day that is none": (WAIVER.replace("2027-01-31", '"2027-02-30"'), 5, "waivers.0.expires: Invalid RFC3339 encoded date"),
    "a moment that is no day": (WAIVER.replace("2027-01-31", "2027-01-31T00:00:00Z"), 5, "waivers.0.expires: Expected 'date'"),
    "a variable that is a number": ('[target]\nenv = { A = "x", "B.C" = 3 }', 2, "target.env.B.C: Expected"),
    "text that looks like a key": (
        '[target]\nrun = """\n[policy]\ntolerate = 1\n"""\n[policy]\ntolerate = 2\n',
        7,
        "policy.tolerate",
    ),
    "a key after odd line ends": ("# \x85 \u2028\n[policy]\ntolerate = 2\n", 3, "policy.tolerate"),
}


def complaint(read: Document) -> tuple[str, str]:
    with pytest.raises(ConfigError) as caught:
        read.convert(read.table, Settings)
    place, _, words = str(caught.value).partition(": ")
    return Path(place).name, words


@pytest.mark.parametrize(("text", "line", "words"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("change", [str, lambda text: text.replace("\n", "\r\n"), "\ufeff{}".format], ids=["LF", "CRLF", "BOM"])
def test_what_is_wrong_is_named_with_its_line(
    text: str, line: int, words: str, change: Callable[[str], str], write: Write
) -> None:
    place, said = complaint(write(change(text)))
    assert place == f"sdlc.toml:{line}"
    assert words in said


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[tool.other]\n[tool.sdlc.policy]\ntolerate = "hihg"\n', 3, "policy.tolerate: unknown value 'hihg'"),
        ("[tool]\nsdlc.policy.tolerate = 1\n", 2, "policy.tolerate"),
        ("[tool.sdlc]\n[[tool.sdlc.waivers]]\n", 2, "waivers.0: missing key 'id'"),
        ('[tool."sdlc"]\npolcy = 1\n', 2, "unknown key 'polcy' in the file"),
    ],
)
def test_what_is_wrong_in_pyproject_is_named_with_its_line(text: str, line: int, words: str, write: Write) -> None:
    place, said = complaint(write(text, "pyproject.toml"))
    assert place == f"pyproject.toml:{line}"
    assert words in said


POSITIONS = """\
a = 1 # [x]
"b.c".'d' = \"""
[no]
e = 3\"""
[gates."my.gate"]   # c
list = [
  "one",   # first
  'two = [',
  ["n", { z = 1 }],
]
day = 2027-01-31 10:00:00
[[waivers]]
[waivers.sub]
k = 1
[[waivers]]
id = 'y'
inline = { "x" = 1, y.z = [
  1, 2.5 ] }
\t[ late . table ]
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("a",), 1),
        (("b.c", "d"), 2),
        (("no", "e"), 1),
        (("gates", "my.gate"), 5),
        (("gates", "my.gate", "list", 0), 7),
        (("gates", "my.gate", "list", 1), 8),
        (("gates", "my.gate", "list", 2, 1, "z"), 9),
        (("gates", "my.gate", "day"), 11),
        (("gates", "my.gate", "nothing"), 5),
        (("waivers", 0), 12),
        (("waivers", 0, "sub", "k"), 14),
        (("waivers", 1, "id"), 16),
        (("waivers", "1", "inline", "x"), 17),
        (("waivers", 1, "inline", "y", "z", 1), 18),
        (("late", "table"), 19),
        (("nothing",), 1),
        ((), 1),
    ],
)
def test_a_line_is_found_for_every_key(keys: tuple[str | int, ...], line: int, write: Write) -> None:
    assert write(POSITIONS).origin(*keys) == f"sdlc.toml:{line}"


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "not TOML": (b"[policy\n", "can't be read: Expected ']'"),
    "a key twice": (b"a = 1\na = 2\n", "can't be read: Cannot overwrite"),
    "not UTF-8": (b"# \xff\n", "can't be read: 'utf-8' codec"),
    "UTF-16": ("[policy]".encode("utf-16"), "can't be read"),
    "NUL": (b"a = '\0'", "can't be read: "),
    "half a character": (b"a = '\\ud800'".replace(b"'", b'"'), "can't be read: "),
    "nested deeply": (b"a = " + b"[" * 100_000, "can't be read: "),
    "an enormous number": (b"a = " + b"9" * 100_000, "can't be read: "),
    "a key of many parts": (b"a." * 400_000 + b"a = 1", "a key of more than 64 parts"),
    "a key of many quoted parts": (b'"a" . ' * 100_000 + b"a = 1", "a key of more than 64 parts"),
    "too large": (b"#" * (MAX_BYTES + 1), "is larger than 1 MiB"),
}


@pytest.mark.parametrize(("content", "words"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_can_not_be_read_is_refused(content: bytes, words: str, write: Write) -> None:
    with pytest.raises(ConfigError) as caught:
        write(content)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["tool = 3", "[tool]\nsdlc = 3", "[[tool]]", "[[tool.sdlc]]", "[tool.other]", ""])
def test_a_pyproject_without_a_table_of_ours_is_no_configuration(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"has no sdlc\.toml and no \[tool\.sdlc\]|tool\.sdlc must be a table"):
        document.find(tmp_path)


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["missing", "a folder"])
def test_a_file_that_was_named_must_be_there(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "named.toml")
    with pytest.raises(ConfigError, match=r"named\.toml can't be read"):
        document.find(tmp_path, tmp_path / "named.toml")


def test_sdlc_toml_comes_before_pyproject_and_a_named_file_before_both(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.sdlc.project]\nname = 'py'")
    assert document.find(tmp_path).table == {"project": {"name": "py"}}
    (tmp_path / "sdlc.toml").write_text("project.name = 'own'")
    assert document.find(tmp_path).table == {"project": {"name": "own"}}
    (tmp_path / "other.toml").write_text("project.name = 'named'")
    assert document.find(tmp_path, tmp_path / "other.toml").table == {"project": {"name": "named"}}


@pytest.mark.parametrize(
    "hostile",
    ["[" + " " * 500_000, "a" * 500_000, " " * 500_000 + "x", '"' * 500_000, "[[" * 250_000, "{" * 500_000],
)
def test_a_megabyte_of_nonsense_in_a_text_does_not_hang(hostile: str, write: Write) -> None:
    read = write(f'[project]\nname = """\n{hostile.replace(chr(34), chr(92) + chr(34))[:900_000]}\n"""\nexclud = 1\n')
    assert complaint(read) == ("sdlc.toml:5", "unknown key 'exclud' in project (did you mean 'exclude'?)")
