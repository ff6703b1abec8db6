"""Record what Wapiti 3.2.3 writes about the planted page: `python record.py OUT`."""

import datetime
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from sdlc import inventory
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits
from sdlc_gates._wapiti.options import WapitiOptions
from sdlc_gates.wapiti import Wapiti

out = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    directory = RunDirectory.create(root, datetime.datetime.now(datetime.UTC))
    work = Workspace(
        gate="wapiti",
        root=root,
        files=inventory.take(root),
        scratch=directory.scratch("wapiti"),
        directory=directory,
        limits=Limits(deadline=time.monotonic() + 300),
        cancel=threading.Event(),
    )
    Wapiti.environment.make()
    with Wapiti("wapiti", WapitiOptions()).plant(work) as (gate, planted):
        gate.check(planted)
    evidence = directory.path / "evidence" / "wapiti" / "canary"
    shutil.copy(evidence / "scan-report.json", out / "report.json")
    # The level VERBOSE repeats every single request.
    lines = (evidence / "scan-log.log").read_text("utf-8").splitlines(keepends=True)
    (out / "wapiti.log").write_text("".join(line for line in lines if "| VERBOSE" not in line), "utf-8")
