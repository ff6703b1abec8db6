"""How long and how fast a real daemon may ask, and that it stops, with targets that hang, grow or refuse."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sdlc_gates._zap import scan

from sdlc.errors import Cancelled, TargetFailed, ToolTimeout
from sdlc.gate import Workspace
from sdlc.target import Target
from tests.tools.zap_support import api, covered, gate, paths, shop
from tests.unit.gates.sites import Asked, Said, serving

pytestmark = pytest.mark.tool

MakeWorkspace = Callable[..., Workspace]


def test_a_crawl_ends_at_our_deadline_and_never_early_at_one_that_the_daemon_had(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    daemon = api(shared)
    daemon.do(lambda zap: zap.spider.set_option_max_children(1))
    try:
        with serving(shop) as site:
            work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
            gate(**shared, mode="baseline").check(work)
        assert {"/shop/search", "/admin/"} <= paths(site)
        assert daemon.ask(int, lambda zap: zap.spider.option_max_children) == 1
    finally:
        daemon.do(lambda zap: zap.spider.set_option_max_children(0))


def endless(asked: Asked) -> Said:
    return 200, [], "".join(f'<a href="{asked.path.rstrip("/")}/{number}">x</a>' for number in range(20))


def test_a_daemon_that_runs_on_stops_when_the_scan_is_called_off(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    with serving(endless) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        called_off = replace(work, say=lambda text: work.cancel.set() if text.startswith("spider") else None)
        with pytest.raises(Cancelled):
            gate(**shared, max_depth=50).check(called_off)
    states = [one["state"] for one in api(shared).ask(list[dict[str, str]], lambda zap: zap.spider.scans)]
    assert states
    assert "RUNNING" not in states


def test_the_deadline_of_the_whole_gate_leaves_time_to_tell_what_was_found(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "RESERVE_SECONDS", 57.0)
    with serving(endless) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"), seconds=60)
        with pytest.raises(ToolTimeout, match="spider") as caught:
            gate(**shared, max_depth=50, spider_seconds=300).check(work)
    assert caught.value.answer.findings


def test_known_routes_of_a_target_that_hangs_are_not_asked_without_end(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    released = threading.Event()

    def answer(asked: Asked) -> Said:
        if asked.path != "/":
            released.wait(1)
        return 200, [], ""

    with serving(answer) as site:
        target = Target(url=site.url, ready="/", routes=tuple(f"/slow/{number}" for number in range(30)))
        with pytest.raises(ToolTimeout, match="known routes"):
            gate(**shared, seed_seconds=2).check(workspace(tmp_path, target=target))
        released.set()


def test_an_attack_on_a_target_that_hangs_ends_and_what_was_found_is_kept(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    released, attacked = threading.Event(), "%3C"

    def answer(asked: Asked) -> Said:
        if "'" in asked.path or attacked in asked.path or "%22" in asked.path:
            released.wait(20)
        return shop(asked)

    with serving(answer) as site:
        work = workspace(tmp_path, target=Target(url=site.url, ready="/"))
        with pytest.raises(ToolTimeout, match="active scan") as caught:
            gate(**shared, stalled_seconds=3, active_seconds=6).check(work)
        released.set()
    assert caught.value.answer.findings


def test_a_target_that_refuses_everything_but_its_first_page_is_not_covered(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    def answer(asked: Asked) -> Said:
        return shop(asked) if asked.path == "/" else (403, [], "no")

    with serving(answer) as site:
        found = gate(**shared, mode="baseline").check(workspace(tmp_path, target=Target(url=site.url, ready="/")))
    routes = covered(found, "routes")
    assert {item.item for item in routes.missing} >= {"GET /shop/search", "GET /admin/"}
    assert {item.reason for item in routes.missing} == {"403: not allowed in"}


def test_requests_a_second_are_bounded_for_whatever_zap_does(
    shared: dict[str, object], workspace: MakeWorkspace, tmp_path: Path
) -> None:
    times: list[float] = []

    def answer(asked: Asked) -> Said:
        times.append(time.monotonic())
        return 200, [], '<a href="/a?q=1">a</a>' if asked.path == "/" else ""

    with serving(answer) as site:
        target = Target(url=site.url, ready="/", routes=("/known/1", "/known/2"))
        gate(**shared, requests_per_second=4).check(workspace(tmp_path, target=target))
    # However they are spread over the phases, no ten of them come faster than that; a second is for a busy machine.
    spans = [times[last] - times[last - 9] for last in range(9, len(times))]
    assert spans
    assert min(spans) >= 9 / 4 - 1


def test_a_target_elsewhere_is_not_even_looked_at_without_a_yes(workspace: MakeWorkspace, tmp_path: Path) -> None:
    for mode in ("baseline", "full", "api"):
        with pytest.raises(TargetFailed, match="not on this machine"):
            gate(mode=mode, home="/nowhere").check(workspace(tmp_path, target=Target(url="https://shop.example", ready="/")))
