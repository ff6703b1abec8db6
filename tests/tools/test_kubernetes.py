"""The manifests in deploy/kubernetes: what Kubernetes takes, and commands that this version takes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sdlc import config, document
from sdlc.model import Stage
from sdlc.rulebook import Request
from sdlc.target import free_port
from tests.tools.load_support import SDLC, serving

pytestmark = pytest.mark.tool
FOLDER = Path(__file__).parents[2] / "deploy" / "kubernetes"
# The schemas that the Kubernetes project generates from its own API, oldest and newest of those supported by us.
VALIDATOR = "kubernetes-validate==1.37.0"
VERSIONS = ("1.28", "1.37")
VALIDATE = """
import json, sys, kubernetes_validate
for manifest in json.load(sys.stdin):
    for version in sys.argv[1:]:
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except Exception as error:
            sys.exit(f"{manifest.get('kind')} {version}: {error}")
"""


def manifests() -> list[Any]:
    files = sorted(FOLDER.glob("*.yaml"))
    return [part for file in files if file.stem != "kustomization" for part in yaml.safe_load_all(file.read_text())]


def pods() -> Iterator[Any]:
    yield from (part["spec"]["template"]["spec"] for part in manifests() if part["kind"] == "Job")


def container(pod: Any) -> Any:
    (only,) = pod["containers"]
    return only


def validated(parts: list[Any]) -> subprocess.CompletedProcess[str]:
    """Checked by a package in an environment of its own; skips, and says why, where that can't be had."""
    argv = [str(SDLC.with_name("uv")), "run", "--quiet", "--no-project", "--isolated", "--python", sys.executable]
    argv += ["--with", VALIDATOR, "python", "-c", VALIDATE, *VERSIONS]
    done = subprocess.run(argv, input=json.dumps(parts), capture_output=True, text=True, check=False, timeout=300)
    if "No module named" in done.stderr or "error: " in done.stderr.lower().split("\n")[0]:
        pytest.skip(f"{VALIDATOR} can't be had: {done.stderr[:300]}")
    return done


def test_kubernetes_takes_every_manifest() -> None:
    done = validated(manifests())
    assert (done.returncode, done.stderr) == (0, "")


def test_a_misspelt_field_would_be_seen() -> None:
    _, job = (part for part in manifests() if part["kind"] == "Job")
    job["spec"]["paralellism"] = job["spec"].pop("parallelism")
    assert "paralellism" in validated([job]).stderr


def test_kustomize_builds_them() -> None:
    if not (kubectl := shutil.which("kubectl")):
        pytest.skip("kubectl is not installed (Debian: apt-get install kubernetes-client)")
    done = subprocess.run([kubectl, "kustomize", str(FOLDER)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert len(list(yaml.safe_load_all(done.stdout))) == len(manifests()) + 1


def test_no_pod_has_more_rights_than_it_needs() -> None:
    assert len(list(pods())) == 2
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        rights = container(pod)["securityContext"]
        assert rights["readOnlyRootFilesystem"]
        assert rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert container(pod)["resources"]["requests"] == container(pod)["resources"]["limits"]
        assert pod["restartPolicy"] == "Never"


def test_the_names_agree() -> None:
    settings = tomllib.loads((FOLDER / "sdlc.toml").read_text())["gates"]["locust"]
    gate, workers = (part for part in manifests() if part["kind"] == "Job")
    (service,) = (part for part in manifests() if part["kind"] == "Service")
    assert workers["spec"]["parallelism"] == workers["spec"]["completions"] == settings["remote_workers"]
    port = service["spec"]["ports"][0]["port"]
    assert settings["bind"].endswith(f":{port}")
    assert f"{service['metadata']['name']}:{port}" in container(workers["spec"]["template"]["spec"])["args"]
    assert service["spec"]["selector"].items() <= gate["spec"]["template"]["metadata"]["labels"].items()
    selectors = [part["spec"]["podSelector"]["matchLabels"] for part in manifests() if part["kind"] == "NetworkPolicy"]
    assert selectors == [gate["metadata"]["labels"], workers["metadata"]["labels"]]


def test_their_configuration_is_one(tmp_path: Path) -> None:
    plan = config.plan(document.read(FOLDER / "sdlc.toml"), tmp_path, Request(stage=Stage.RELEASE))
    assert [step.gate.id for step in plan.steps] == ["locust"]


def test_their_commands_pass_a_gate(tmp_path: Path) -> None:
    gate, workers = (container(pod) for pod in pods())
    project, port = tmp_path / "project", free_port()
    (project / "..data").mkdir(parents=True)
    with serving() as (target, _):
        changes = {'"http://shop"': f'"{target.url}"', "users = 2000": "users = 8", "0.0.0.0:5557": f"127.0.0.1:{port}"}
        changes |= {
            "remote_workers = 4": "remote_workers = 1",
            '"2 min"': '"8 s"',
            "spawn_rate": 'max_loop_lag = "9 s"\nspawn_rate',
        }
        text = (FOLDER / "sdlc.toml").read_text()
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        # A mounted ConfigMap is made of links.
        (project / "..data" / "sdlc.toml").write_text(text)
        (project / "sdlc.toml").symlink_to("..data/sdlc.toml")
        joining = [SDLC, *(arg.replace("load-gate:5557", f"127.0.0.1:{port}") for arg in workers["args"])]
        with subprocess.Popen(joining, cwd=tmp_path, stderr=subprocess.DEVNULL) as worker:
            try:
                args = [arg.replace("/project", str(project)).replace("/runs", str(tmp_path / "runs")) for arg in gate["args"]]
                (tmp_path / "runs").mkdir()
                done = subprocess.run([SDLC, *args], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
                assert done.returncode == 0, done.stdout + done.stderr
                assert worker.wait(30) == 0
            finally:
                worker.kill()
    assert list((tmp_path / "runs").rglob("run.json"))
