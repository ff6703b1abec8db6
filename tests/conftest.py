"""What every test may use."""

from __future__ import annotations

import datetime
import os
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from sdlc import inventory, latest, registry
from sdlc.evidence import RunDirectory
from sdlc.gate import Gate, Workspace
from sdlc.process import Limits
from sdlc.target import Target

MakeWorkspace = Callable[..., Workspace]
NOT_TO_BE_HAD = re.compile(r"complete ZAP|SDLC_ZAP names|mounted here|immutable here|kubectl")
"""Reasons to skip a test that hold on CI too: what a package manager can't install, or a container may forbid."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """On CI, a test that lacks what could be installed has failed: nobody reads what was skipped there."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not NOT_TO_BE_HAD.search(reason):
            report.outcome, report.longrepr = "failed", f"on CI nothing is skipped that could be installed: {reason}"
    return report


@pytest.fixture(autouse=True, scope="session")
def memories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Runs of the tests are not remembered in the user's own cache."""
    folder = tmp_path_factory.mktemp("memories")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latest, "place", lambda name: folder)
        yield


@pytest.fixture(scope="session")
def environments() -> None:
    """Those that tools of their own run in are made; the first time takes a minute."""
    for kind in registry.gates().values():
        if kind.environment:
            kind.environment.make()


@pytest.fixture
def workspace(tmp_path: Path) -> MakeWorkspace:
    """Makes the workspace that the runner would give a gate for the folder `root`."""

    def make(root: Path, *, gate: str = "gate", target: Target | None = None, seconds: float = 120) -> Workspace:
        directory = RunDirectory.create(tmp_path / "runs-of-tests", datetime.datetime.now(datetime.UTC))
        return Workspace(
            gate=gate,
            root=root,
            files=inventory.take(root),
            scratch=directory.scratch(gate),
            directory=directory,
            limits=Limits(deadline=time.monotonic() + seconds),
            cancel=threading.Event(),
            target=target,
            jobs=2,
        )

    return make


@pytest.fixture
def make_gate() -> Callable[..., Gate]:
    """Makes a gate with options given as they'd stand in TOML."""

    def make(kind: type[Gate], **options: object) -> Gate:
        import msgspec

        return kind(kind.kind, msgspec.convert(options, kind.Options))

    return make
