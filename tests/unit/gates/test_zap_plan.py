from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from sdlc_gates._zap import plan, planned
from sdlc_gates._zap.options import ZapOptions
from sdlc_gates._zap.planned import Progress
from sdlc_gates.zap import planted_options

from sdlc.errors import ConfigError, TargetFailed, ToolMissing

HERE = "http://127.0.0.1:8080"
CONTEXT = {"name": "shop", "urls": ["${site}/"]}
SPIDER = {"type": "spider"}


def written(*jobs: Any, **env: Any) -> bytes:
    return yaml.safe_dump({"env": {"contexts": [CONTEXT], **env}, "jobs": list(jobs)}).encode()


def read(*jobs: Any, **env: Any) -> plan.Blueprint:
    return plan.read(written(*jobs, **env), {"site": HERE})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"- a",
        b"env: [",
        b"env: 3\njobs: []",
        b"jobs: [{type: spider}]",
        b"env: {}\njobs: spider",
        b"env: {}\njobs: [spider]",
        b"env: {}\njobs: [{name: spider}]",
        b"env: {}\njobs: []",
        b"env: {}\njobs: [{type: spider, enabled: false}]",
        b"env: {vars: [a]}\njobs: [{type: spider}]",
        b"!!python/object/apply:os.getcwd []",
        b"\xff\xfe\x00",
        b" " * (plan.MAX_BYTES + 1),
    ],
)
def test_what_is_no_plan_or_runs_nothing_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError):
        plan.read(content, {})


def test_aliases_that_unfold_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    for bomb in ("\n  ".join(["", *lines]), "\n  a: &a\n    b: *a"):
        content = f"env:\n  contexts: []\n  c:{bomb.replace(chr(10), chr(10) + '  ')}\njobs: [{{type: spider}}]\n"
        with pytest.raises(ConfigError, match="parts"):
            list(plan.read(content.encode(), {}).texts())


@pytest.mark.parametrize(
    "job",
    [
        {"type": "requestor", "requests": [{"url": "http://127.0.0.1:8081/x"}]},
        {"type": "requestor", "requests": [{"url": "http://${host}/x"}]},
        {"type": "requestor", "requests": [{"url": "HTTPS://127.0.0.1:8080/"}]},
        {"type": "spider", "parameters": {"url": "http://evil.test/"}},
        {"type": "openapi", "parameters": {"apiUrl": "http://127.0.0.1:8080@evil.test/"}},
        {"type": "graphql", "parameters": {"endpoint": "http://127.0.0.1.evil.test:8080/"}},
        {"type": "spider", "parameters": {"url": "http://[::1/"}},
        {"type": "spider", "parameters": {"url": "\n http://evil.test/"}},
    ],
)
def test_an_address_beyond_the_target_is_refused_wherever_it_stands(job: dict[str, Any]) -> None:
    with pytest.raises(TargetFailed, match="beyond"):
        plan.confine(read(SPIDER, job, vars={"host": "${inner}", "inner": "evil.test"}), HERE)


@pytest.mark.parametrize(
    "env",
    [
        {"contexts": [CONTEXT, {"name": "b", "urls": ["http://evil.test"]}]},
        {"contexts": [{**CONTEXT, "authentication": {"parameters": {"loginPageUrl": "http://evil.test/login"}}}]},
        {"proxy": {"hostname": "evil.test", "port": 8}},
        {"configs": {"network.connection.httpProxy.host": "evil.test"}},
        {"configs": {"api.disablekey": True}},
    ],
)
def test_a_context_a_proxy_or_a_setting_that_leads_elsewhere_is_refused(env: dict[str, Any]) -> None:
    with pytest.raises(TargetFailed):
        plan.confine(read(SPIDER, **env), HERE)


def test_patterns_and_words_for_people_are_no_addresses() -> None:
    context = {**CONTEXT, "includePaths": ["http://other.test/.*"], "excludePaths": ["https://x.*"]}
    report = {"type": "report", "parameters": {"reportDescription": "http://docs.test"}}
    plan.confine(read(SPIDER, report, contexts=[context], configs={"spider.maxDuration": 1}), HERE)


def test_variables_of_the_options_come_before_those_of_the_plan() -> None:
    found = read(SPIDER, vars={"site": "http://localhost:1", "other": "${site}/a"})
    assert found.document["env"]["vars"]["site"] == HERE
    assert found.filled("${other}") == f"{HERE}/a"
    assert found.filled("${nothing}") == "${nothing}"


def test_a_variable_that_names_itself_comes_to_an_end() -> None:
    assert len(read(SPIDER, vars={"a": "${a}${a}"}).filled("${a}")) <= 2**11 * 4


def test_jobs_that_are_off_are_not_counted_and_a_plan_without_attack_only_looks() -> None:
    found = read(SPIDER, SPIDER, {"type": "activeScan", "enabled": False})
    assert found.types == {"spider": 2}
    assert not found.attacks
    assert read(SPIDER, {"type": "activeScan"}).attacks


def test_the_addons_and_rules_that_a_plan_needs_must_be_there() -> None:
    rules = [{"id": 40012, "threshold": "low"}, {"id": 40018, "threshold": "Off"}, {"id": 40019, "threshold": False}]
    found = read(SPIDER, {"type": "activeScan", "policyDefinition": {"rules": rules}}, {"type": "passiveScan-config"})
    assert found.rules == {"40012"}
    with pytest.raises(ToolMissing, match=r"passiveScan-config \(add-on pscan\)"):
        plan.demand(found, frozenset({"spider"}), frozenset({"40012"}))
    with pytest.raises(ToolMissing, match="40012"):
        plan.demand(found, frozenset({"spider", "pscan"}), frozenset({"40018"}))
    plan.demand(found, frozenset({"spider", "pscan"}), frozenset({"40012"}))


def test_files_that_a_plan_names_lie_beside_it_and_nothing_from_outside_the_project(tmp_path: Path) -> None:
    root, inputs = tmp_path / "project", tmp_path / "inputs"
    for name in ("scan/zap.yaml", "scan/api.json", "shared/rule.js"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (tmp_path / "secret").write_text("no")
    (root / "scan" / "link").symlink_to(tmp_path / "secret")
    jobs = [{"type": "script", "parameters": {"source": "x", "file": name}} for name in ("api.json", "../shared/rule.js")]
    jobs += [{"type": "openapi", "parameters": {"apiFile": name}} for name in ("../../secret", "link", "${api}", "/etc/passwd")]
    found = read(*jobs, vars={"api": "api.json"})
    file = planned.staged(found, ZapOptions(plan="scan/zap.yaml"), root, inputs)
    assert file == inputs / "plan" / "scan" / "zap.yaml"
    assert file.stat().st_mode & 0o077 == 0
    staged = {path.relative_to(inputs / "plan").as_posix() for path in inputs.rglob("*") if path.is_file()}
    assert staged == {"scan/zap.yaml", "scan/api.json", "shared/rule.js"}


def test_the_plan_that_runs_is_the_one_that_was_checked(tmp_path: Path) -> None:
    (tmp_path / "zap.yaml").write_bytes(written(SPIDER, vars={"site": "http://x", "on": True}))
    found = plan.read((tmp_path / "zap.yaml").read_bytes(), {"site": HERE})
    file = planned.staged(found, ZapOptions(plan="zap.yaml"), tmp_path, tmp_path / "in")
    assert yaml.safe_load(file.read_text("utf-8")) == found.document


@pytest.mark.parametrize("name", ["../zap.yaml", "/etc/passwd", "absent.yaml", ".", "a\0b"])
def test_a_plan_is_a_file_of_the_project(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="no file"):
        planned.blueprint(ZapOptions(plan=name), tmp_path, HERE)


def test_a_plan_says_by_itself_what_the_other_options_would_say() -> None:
    for more in ({"mode": "api"}, {"rules": {"40012": "off"}}, {"destructive": False}, {"include": ["/a"]}, {"policy": "x"}):
        with pytest.raises(msgspec.ValidationError, match=next(iter(more))):
            msgspec.convert({"plan": "zap.yaml", **more}, ZapOptions)
    with pytest.raises(msgspec.ValidationError, match="need plan"):
        msgspec.convert({"plan_vars": {"a": "b"}}, ZapOptions)


def test_the_canary_of_a_plan_is_attacked_where_the_plan_attacks(tmp_path: Path) -> None:
    options = ZapOptions(plan="zap.yaml", plan_vars={"site": "{target}"})
    (tmp_path / "zap.yaml").write_bytes(written(SPIDER))
    assert planted_options(options, tmp_path).mode == "baseline"
    (tmp_path / "zap.yaml").write_bytes(written(SPIDER, {"type": "activeScan"}))
    assert planted_options(options, tmp_path).mode == "full"


def test_a_job_counts_by_its_type_as_often_as_it_ended() -> None:
    lines = ["Job spider started", *["Job spider finished, time taken: 00:00:01"] * 3, "Job activeScan terminated"]
    ended = Progress(finished="2026-01-01T00:00:00Z", info=lines, warn=["Job a test of type b failed: c"], error=["broken"])
    found = planned.jobs_done(read(SPIDER, SPIDER, {"type": "activeScan"}), ended, ["Invalid x"])
    assert (found.measured, found.expected) == (2, 5)
    assert [(item.item, item.reason) for item in found.missing[1:]] == [("plan", "broken"), ("plan", "Invalid x")]
    assert found.missing[0].item == "job activeScan"
