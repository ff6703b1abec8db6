"""What a requirements file asks for, and what in it can't be judged."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sdlc_gates.dependencies import requirements
from sdlc_gates.dependencies.model import Gathering, Source, Unreadable


def read(text: str, others: Mapping[str, str] | None = None, path: str = "requirements.txt") -> Source:
    files = {path: text, **(others or {})}

    def text_of(name: str) -> str:
        if name not in files:
            raise Unreadable("it is not there")
        return files[name]

    return requirements.read(path, text_of)


def pins(source: Source) -> list[tuple[str, str]]:
    return [(pin.name, pin.version) for pin in source.pins]


@pytest.mark.parametrize(
    ("line", "pin"),
    [
        ("jinja2==2.10", ("jinja2", "2.10")),
        ("Jinja2 == 2.10  # why", ("jinja2", "2.10")),
        ("ruamel_YAML.clib===0.2.8", ("ruamel-yaml-clib", "0.2.8")),
        ("requests[socks,use_chardet]==2.31.0", ("requests", "2.31.0")),
        ("a==1.0,>=0.9", ("a", "1.0")),
        ("a (==1.0)", ("a", "1.0")),
        ("a==v1.0.0-RC1", ("a", "1.0.0rc1")),
        ("a==1!2.0", ("a", "1!2.0")),
        ("torch==2.1.0+cpu", ("torch", "2.1.0+cpu")),
        ("a==1.0 --hash=sha256:00 --hash=sha256:11", ("a", "1.0")),
        ("a==1.0 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11", ("a", "1.0")),
        ("a==1.0 --config-settings='x=y z'", ("a", "1.0")),
        ("a\\\n==1.0", ("a", "1.0")),
        ("a==1.0; sys_platform == 'no-such-system'", ("a", "1.0")),
        ("# a comment with a backslash \\\na==1.0", ("a", "1.0")),
        ("# a line separator ends a comment for pip too\u2028a==1.0", ("a", "1.0")),
    ],
)
def test_a_line_with_one_version_is_a_pin(line: str, pin: tuple[str, str]) -> None:
    source = read(line)
    assert pins(source) == [pin]
    assert (source.loose, source.missing, source.excluded) == ((), (), ())


@pytest.mark.parametrize("line", ["flask", "flask>=2", "flask==2.*", "flask~=2.0", "flask!=1.0", "flask[async]>=2,<3"])
def test_a_line_that_leaves_a_choice_is_loose(line: str) -> None:
    source = read(line)
    assert [(item.name, item.requirement) for item in source.loose]
    assert source.pins == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("flask @ https://example.org/flask-2.0.tar.gz", "from a URL"),
        ("flask @ file:///tmp/flask.whl", "from a URL"),
        ("git+https://example.org/a.git@main#egg=a", "not a requirement"),
        ("https://example.org/a-1.0.tar.gz", "not a requirement"),
        ("-e git+https://example.org/a.git#egg=a", "from a URL"),
        ("--editable=../elsewhere", "from a URL"),
        ("-e/abs/olute", "from a URL"),
        ("file:./here", "from a URL"),
        ("dist/a-1.0-py3-none-any.whl", "not a requirement"),
        ("a==not-a-version", "not a requirement"),
        ("a===weird!", "none that an index could know"),
        ("a==1.0 extra words", "not a requirement"),
        ("a==1.0 -r other.txt", "no place behind"),
        ("a==${VERSION}", "environment variable"),
        ("-r ${FILE}", "environment variable"),
        ("--req hidden.txt", "doesn't know: --req"),
        ("--index-url https://i.example --requirem=hidden.txt", "doesn't know"),
        ("-r", "without a value"),
        ("-r 'unbalanced", "No closing quotation"),
        ("-r gone.txt", "it is not there"),
        ("-r ../outside.txt", "outside the project"),
        ("-r /etc/passwd", "outside the project"),
        ("-r https://example.org/requirements.txt", "outside the project"),
        ("-c gone.txt", "it is not there"),
        ("a; python_version < " + "(" * 3000, "not a requirement"),
        ("a" * 5000 + "==1", "longer than a requirement"),
        ("a==1.0 " + "--hash=sha256:00 " * 20_000, "more than 256 KiB"),
        ("\u0430==1.0", "not a requirement"),
    ],
)
def test_a_line_that_names_no_version_of_an_index_is_missing(line: str, reason: str) -> None:
    source = read(line)
    assert [reason in missing.reason for missing in source.missing] == [True], source
    assert source.pins == ()


def test_pieces_of_a_long_line_and_passwords_stay_out_of_reports() -> None:
    source = read("a @ https://user:secret@example.org/a.tar.gz\n" + "b" * 9000)
    assert "secret" not in str(source)
    assert all(len(missing.item) < 200 for missing in source.missing)


def test_a_line_break_within_a_marker_is_refused() -> None:
    for text in ("a; python_version > '3\n--index-url https://evil.example'", "a\r--index-url x", "a\x85b==1"):
        gathered = Gathering("pyproject.toml")
        gathered.require(text)
        source = gathered.source()
        assert len(source.missing) == 1
        assert (source.pins, source.loose) == ((), ())


def test_included_files_are_read_once_wherever_they_are() -> None:
    others = {
        "reqs/base.txt": "a==1\n-r deeper/more.txt\n-r ../requirements.txt",
        "reqs/deeper/more.txt": "b==2\n--requirement ../base.txt",
    }
    source = read("-r reqs/base.txt\n-rreqs/base.txt\nc==3", others)
    assert pins(source) == [("c", "3"), ("a", "1"), ("b", "2")]
    assert [pin.manifest for pin in source.pins] == ["requirements.txt", "reqs/base.txt", "reqs/deeper/more.txt"]


def test_constraints_settle_versions_and_are_audited_themselves() -> None:
    source = read("-c limits.txt\nflask\nclick>=9", {"limits.txt": "flask==2.0\njinja2==2.10\nclick==8\nwerkzeug<3"})
    assert pins(source) == [("flask", "2.0"), ("jinja2", "2.10"), ("click", "8")]
    assert [item.requirement for item in source.loose] == ["click>=9"]
    assert source.constraints == ("werkzeug<3",)


def test_an_open_requirement_for_another_interpreter_is_excluded_with_its_marker() -> None:
    source = read("tomli>=2; python_version < '3.0'\ncolorama; sys_platform == 'no-such-system'")
    assert source.loose == ()
    assert [(item.item, "for this interpreter" in item.reason) for item in source.excluded] == [
        ("tomli", True),
        ("colorama", True),
    ]


def test_lines_that_point_to_another_index_are_shown_without_credentials() -> None:
    text = (
        "--index-url https://me:secret@evil.example/simple\n--extra-index-url=https://b.example\n-f ./wheels\n--no-index\na==1"
    )
    source = read(text)
    assert [(place.path, place.line) for place in source.asides] == [("requirements.txt", n) for n in (1, 2, 3, 4)]
    assert source.asides[0].snippet == "--index-url https://***@evil.example/simple"
    assert source.missing == ()


def test_folders_of_the_project_are_named_for_reading() -> None:
    source = read("-e .\n./libs/one[extra]\n--editable libs/two")
    assert source.folders == (".", "libs/one", "libs/two")


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("a==1 --hash=sha256:00\nb==2 --hash=sha256:00", True),
        ("--require-hashes\na==1 --hash=sha256:00", True),
        ("a==1 --hash=sha256:00\nb==2", False),
        ("a==1 --hash=sha256:00\n-e .", False),
        ("a==1", False),
        ("", False),
    ],
)
def test_only_hashes_on_everything_close_a_file(text: str, closed: bool) -> None:
    assert read(text).closed is closed


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=400))
def test_no_text_gives_anything_but_a_source(text: str) -> None:
    source = read(text)
    found = len(source.pins) + len(source.loose) + len(source.missing) + len(source.excluded)
    lines = [line for _, line in requirements.logical_lines(text) if not line.startswith("-")]
    assert bool(found or source.folders) == bool(lines) or any(missing for missing in source.missing)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(["a==1", "b", "\\\n", "\n", " #", "-r x", "--hash=y", "'", " ", "; x", "\ufeff", "-e ."]), max_size=12
    )
)
def test_pieces_of_real_lines_are_never_dropped(pieces: list[str]) -> None:
    text = "".join(pieces)
    source = read(text)
    kept = source.pins or source.loose or source.missing or source.excluded or source.folders
    asked = [line for _, line in requirements.logical_lines(text) if not line.startswith("--hash")]
    assert bool(kept) or not asked
