"""The page in a real browser: it filters, and nothing in it acts that isn't ours."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import urllib.parse
from pathlib import Path

import pytest
from sdlc_reports.html import Html

from sdlc.run import Run
from tests.unit.reports import runs
from tests.unit.reports.pages import Element, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")]


def look(text: str, folder: Path, fragment: str = "") -> Page:
    """What the browser has made of a page after its script ran."""
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    argv = [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", f"{file.as_uri()}{fragment}"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as browser:
        try:
            dom, _ = browser.communicate(timeout=120)
        finally:
            if browser.poll() is None:
                os.killpg(browser.pid, signal.SIGKILL)
    assert "<title>" in dom.decode(), "the browser gave no page back"
    return Page(dom.decode())


def entries(page: Page) -> list[Element]:
    return [element for element in page.of("details") if element.attributes.get("class") == "finding"]


def shown(page: Page) -> list[Element]:
    return [element for element in entries(page) if "hidden" not in element.attributes]


def status(page: Page) -> str:
    (output,) = page.of("output")
    return output.content


def test_without_a_filter_everything_is_shown(rich: Run, tmp_path: Path) -> None:
    page = look(Html().render(rich), tmp_path)
    assert len(shown(page)) == len(rich.decision.rulings)
    assert status(page) == f"All {len(rich.decision.rulings)} shown"
    assert "hidden" not in page.of("form", id="filters")[0].attributes


def test_severity_filters(rich: Run, tmp_path: Path) -> None:
    page = look(Html().render(rich), tmp_path, "#severity=critical,medium")
    assert [entry.attributes["data-severity"] for entry in shown(page)] == ["critical", "medium"]


def test_severity_and_decision_filter(rich: Run, tmp_path: Path) -> None:
    page = look(Html().render(rich), tmp_path, "#severity=high,medium&disposition=waived,suppressed")
    assert [(e.attributes["data-severity"], e.attributes["data-disposition"]) for e in shown(page)] == [
        ("high", "waived"),
        ("high", "suppressed"),
    ]
    assert status(page) == f"2 of {len(rich.decision.rulings)} shown"


def test_gate_file_and_text_filter(rich: Run, tmp_path: Path) -> None:
    page = look(Html().render(rich), tmp_path, "#gate=semgrep&file=SHOP%2Fapp&text=tainted")
    (entry,) = shown(page)
    assert entry.attributes["data-gates"] == "bandit\nsemgrep"


def test_a_link_to_a_finding_opens_it(rich: Run, tmp_path: Path) -> None:
    ruling = rich.decision.rulings[3]
    page = look(Html().render(rich), tmp_path, f"#f-{ruling.problem.fingerprint}")
    (opened,) = [entry for entry in entries(page) if "open" in entry.attributes]
    assert any(e.attributes.get("id") == f"f-{ruling.problem.fingerprint}" for e in page.elements if opened in e.inside)


def test_hostile_texts_do_nothing(rich: Run, tmp_path: Path) -> None:
    text = Html().render(rich)
    page = look(
        text, tmp_path, "#severity=<img src=x onerror=document.title='owned'>&text=<script>document.title='owned'</script>"
    )
    assert page.of("title")[0].content.startswith("FAIL: ")
    assert not page.of("img")
    assert len(page.of("script")) == 1
    assert {element.tag for element in page.elements} == {element.tag for element in Page(text).elements}


def test_a_script_that_got_in_would_not_run(tmp_path: Path) -> None:
    text = Html().render(runs.clean_run())
    attack = "<script>document.title='owned'</script><img src='data:,x' onerror=\"document.title='owned'\"></main>"
    assert look(text.replace("</main>", attack), tmp_path).of("title")[0].content == "PASS: shop"
    unguarded = text.replace("Content-Security-Policy", "X-Nothing")
    assert look(unguarded.replace("</main>", attack), tmp_path).of("title")[0].content == "owned"


def test_without_scripts_everything_is_still_there(rich: Run, tmp_path: Path) -> None:
    unscripted, times = re.subn(r"script-src &#39;[^&]*&#39;", "script-src &#39;none&#39;", Html().render(rich))
    assert times == 1
    page = look(unscripted, tmp_path, "#severity=high")
    assert len(shown(page)) == len(rich.decision.rulings)
    assert "hidden" in page.of("form", id="filters")[0].attributes


def test_pictures_fit_a_phone(rich: Run, tmp_path: Path) -> None:
    probe = "<body><script>const f=document.createElement('iframe');f.width=360;f.onload=()=>{document.title=`${\
f.contentDocument.documentElement.scrollWidth}`};f.srcdoc=decodeURIComponent('PAGE');document.body.append(f)</script><title></title>"
    page = look(probe.replace("PAGE", urllib.parse.quote(Html().render(rich), safe="")), tmp_path)
    assert 0 < int(page.of("title")[0].content) <= 360
