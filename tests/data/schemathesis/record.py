"""Record what Schemathesis writes about the gate's planted API: `python record.py OUT`."""

import datetime
import sys
import tempfile
import threading
import time
from pathlib import Path

from sdlc_gates.schemathesis import Schemathesis

from sdlc import inventory
from sdlc.evidence import RunDirectory
from sdlc.gate import Workspace
from sdlc.process import Limits

out = Path(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    root = Path(folder)
    directory = RunDirectory.create(root, datetime.datetime.now(datetime.UTC))
    work = Workspace(
        gate="schemathesis",
        root=root,
        files=inventory.take(root),
        scratch=directory.scratch("schemathesis"),
        directory=directory,
        limits=Limits(deadline=time.monotonic() + 300),
        cancel=threading.Event(),
    )
    with Schemathesis("schemathesis", Schemathesis.Options()).plant(work) as (gate, planted):
        gate.check(planted)
    evidence = directory.path / "evidence" / "schemathesis" / "canary"
    for name in ("events.ndjson", "summary.json"):
        # Its command line names the folder of this run.
        text = (evidence / f"scan-{name}").read_text("utf-8").replace(folder, "/run")
        (out / name).write_text(text, "utf-8")
