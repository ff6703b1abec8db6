"""Reading and compiling rules: whatever is doubtful about them is an error before anything is scanned."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sdlc_gates._semgrep import languages, remote, rules
from sdlc_gates.semgrep import Semgrep

from sdlc.errors import ConfigError, ToolFailed
from sdlc.model import Rule

RULE: dict[str, Any] = {"id": "one", "languages": ["py"], "severity": "ERROR", "message": "m", "pattern": "f()"}


def written(place: Path, *entries: object) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps({"rules": entries}))
    return str(place)


def load(root: Path, *sources: str, exclude: tuple[str, ...] = ()) -> rules.RuleSet:
    return rules.load(house=False, sources=sources, exclude=exclude, root=root)


def test_the_rules_of_the_house_explain_themselves() -> None:
    catalogue = Semgrep.rules()
    assert len(catalogue) > 30
    for rule in catalogue:
        assert rule.cwe, rule.id
        assert rule.description, rule.id
        assert rule.help_uri, rule.id


def test_every_language_of_a_house_rule_is_one_that_semgrep_knows() -> None:
    house = rules.load(house=True, sources=(), exclude=(), root=Path())
    assert house.languages <= languages.known().endings.keys()


def test_a_folder_is_read_as_semgrep_reads_it(tmp_path: Path) -> None:
    written(tmp_path / "rules" / "a.yaml", RULE)
    written(tmp_path / "rules" / "deep" / "b.json", RULE | {"id": "two"})
    (tmp_path / "rules" / "a.test.yaml").write_text("a sample that tests a rule: [")
    (tmp_path / "rules" / "notes.txt").write_text("no rule")
    loaded = load(tmp_path, "rules")
    assert [rule.id for rule in loaded.rules] == ["one", "two"]
    assert loaded.languages == {"python"}
    assert [rule["id"] for rule in json.loads(loaded.compiled())["rules"]] == ["one", "two"]


def test_an_excluded_rule_is_shown_and_an_unknown_one_is_an_error(tmp_path: Path) -> None:
    source = written(tmp_path / "a.yaml", RULE, RULE | {"id": "two"})
    loaded = load(tmp_path, source, exclude=("two",))
    assert [rule.id for rule in loaded.rules] == ["one"]
    assert [item.item for item in loaded.excluded] == ["two"]
    with pytest.raises(ConfigError, match="did you mean 'two'"):
        load(tmp_path, source, exclude=("twoo",))
    with pytest.raises(ConfigError, match="no Semgrep rule is left"):
        load(tmp_path, source, exclude=("one", "two"))


def test_no_rules_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Semgrep rule is left"):
        load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rules: []",
        b"rules: {}",
        b"[]",
        b"rules: [",
        b"rules: [1]",
        b"rules: [{id: a}]",
        b"rules: [{id: 1, languages: [py]}]",
        b"rules: [{id: a, languages: py}]",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"rules": ' + b"[" * 100_000,
    ],
)
def test_a_file_that_holds_no_rules_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"a\.yaml"):
        load(tmp_path, "a.yaml")


def test_a_chain_of_anchors_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_COMPILED_BYTES", 100_000)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    lines += ["rules:", "- {id: bomb, languages: [py], metadata: {all: *a11}}"]
    (tmp_path / "a.yaml").write_text("\n".join(lines))
    with pytest.raises(ConfigError, match="larger than"):
        load(tmp_path, "a.yaml").compiled()


def test_merges_of_merges_end_soon(tmp_path: Path) -> None:
    lines = ["a0: &a0 {x: 1}", *(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 12))]
    (tmp_path / "a.yml").write_text("\n".join([*lines, "rules: []"]))
    with pytest.raises(ConfigError, match="merges add up to more than"):
        rules.load(house=False, sources=["a.yml"], exclude=[], root=tmp_path)


def test_merges_that_anyone_would_write_are_followed(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("usual: &u {languages: [py], message: m}\nrules:\n- {<<: *u, id: a}\n- {<<: *u, id: b}\n")
    loaded = rules.load(house=False, sources=["a.yml"], exclude=[], root=tmp_path)
    assert [(rule.id, rule.content["message"]) for rule in loaded.rules] == [("a", "m"), ("b", "m")]


def test_a_number_to_the_base_of_60_is_text(tmp_path: Path) -> None:
    long = "1" + ":1" * 300_000
    (tmp_path / "a.yml").write_text(f"rules:\n- {{id: a, languages: [py], metadata: {{a: {long}, b: 1_0, c: 0x10}}}}\n")
    (loaded,) = rules.load(house=False, sources=["a.yml"], exclude=[], root=tmp_path).rules
    assert loaded.content["metadata"] == {"a": long, "b": 10, "c": 16}


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_FILE_BYTES", 10)
    (tmp_path / "a.yml").write_text("rules: " + "x" * 10)
    with pytest.raises(ConfigError, match="larger than"):
        rules.load(house=False, sources=["a.yml"], exclude=[], root=tmp_path)


def test_one_id_means_one_rule(tmp_path: Path) -> None:
    one, other = written(tmp_path / "1.yaml", RULE), written(tmp_path / "2.yaml", RULE | {"pattern": "g()"})
    with pytest.raises(ConfigError, match="two Semgrep rules are called 'one'"):
        load(tmp_path, one, other)
    with pytest.raises(ConfigError, match="twice"):
        load(tmp_path, written(tmp_path / "3.yaml", RULE, dict(RULE)))
    assert len(load(tmp_path, one, written(tmp_path / "4.yaml", RULE)).rules) == 1


@pytest.mark.parametrize("source", ["nowhere", "empty"])
def test_a_source_that_is_not_there_or_empty_is_an_error(source: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=source):
        load(tmp_path, source)


def test_metadata_of_any_shape_gives_a_rule() -> None:
    def described(**metadata: object) -> Rule:
        return rules.described({"id": "a", "metadata": metadata})

    assert described(cwe="CWE-89: SQL").cwe == (89,)
    assert described(cwe=["CWE-89", 7, None, "CWE-79", "cwe-89"]).cwe == (89, 79)
    assert described(cwe={"x": 1}, references=[3, "https://a"]).help_uri == "https://a"
    assert described(help="javascript:alert(1)").help_uri == ""
    assert rules.described({"id": "a", "metadata": "none", "message": "one\n  two"}).description == "one two"


class Registry(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/away":
            self.send_response(302)
            self.send_header("Location", "http://rules.example/")
            self.end_headers()
            return
        if self.path == "/drop-by-drop":
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(50):
                    self.wfile.write(b"#")
                    time.sleep(0.1)
            return
        found = self.path == "/rules.yaml"
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(b"rules: [{id: far, languages: [python], message: m}]" if found else b"")

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_rules_come_from_an_address(registry: str, tmp_path: Path) -> None:
    assert [rule.id for rule in load(tmp_path, f"{registry}/rules.yaml").rules] == ["far"]
    with pytest.raises(ToolFailed, match="404"):
        load(tmp_path, f"{registry}/none.yaml")
    with pytest.raises(ConfigError, match="anybody on the way"):
        load(tmp_path, f"{registry}/away")


def test_rules_that_trickle_in_or_never_end_are_refused(registry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "SECONDS", 0.3)
    with pytest.raises(ToolFailed, match="not complete"):
        remote.fetch(f"{registry}/drop-by-drop")
    monkeypatch.setattr(remote, "SECONDS", 30)
    monkeypatch.setattr(remote, "MAX_BYTES", 3)
    with pytest.raises(ToolFailed, match="larger than"):
        remote.fetch(f"{registry}/rules.yaml")


@pytest.mark.parametrize(
    ("source", "far"),
    [("p/python", True), ("r/python.lang", True), ("https://a/b", True), ("rules/", False), ("./p/python", False)],
)
def test_a_pack_is_told_from_a_folder(source: str, far: bool) -> None:
    assert remote.is_remote(source) is far


def test_rules_are_never_fetched_where_others_could_change_them() -> None:
    assert remote.address("p/python") == "https://semgrep.dev/c/p/python"
    for source in ("http://rules.example/a.yaml", "ftp://127.0.0.1/a", "file:///etc/passwd"):
        with pytest.raises(ConfigError):
            remote.address(source)
