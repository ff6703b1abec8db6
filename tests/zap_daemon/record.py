"""Record what ZAP really answers about pages.py, for the tests of the parsers: `python record.py ZAP_HOME OUT`."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from sdlc_gates._zap.options import ZapOptions
from sdlc_gates.zap import Zap

from sdlc import inventory
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits
from sdlc.target import Target

SECONDS = 300
RECORDED = ("alerts.json", "active-rules.json", "history.json", "zap.json")


def main(zap_home: str, out: str) -> None:
    """Scan the pages once with the rules of the house, and copy ZAP's answers to `out`."""
    pages = [sys.executable, str(Path(__file__).with_name("pages.py"))]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(pages, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        assert process.stdin
        assert process.stdout
        url = json.loads(process.stdout.readline())["url"].rstrip("/")
        directory = RunDirectory.create(Path(folder), datetime.datetime.now(datetime.UTC))
        work = Workspace(
            gate="zap",
            root=Path(folder),
            files=inventory.take(Path(folder)),
            scratch=directory.scratch("zap"),
            directory=directory,
            limits=Limits(deadline=time.monotonic() + SECONDS),
            cancel=threading.Event(),
            target=Target(url=url, ready="/"),
        )
        Zap("zap", ZapOptions(home=zap_home, house_rules="only")).check(work)
        for name in RECORDED:
            shutil.copy(directory.path / "evidence" / "zap" / name, Path(out) / name)
        process.stdin.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
