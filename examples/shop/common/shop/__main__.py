"""Runs the shop on the loopback address until it's told to stop: `python -m shop --port 8000`."""

from __future__ import annotations

import argparse
import signal
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType

from shop import database, settings
from shop.app import create_app
from shop.server import serve


def stop(_signal: int, _frame: FrameType | None) -> None:
    """Ends the process the way the end of `main` does, so that what it made is cleared away."""
    raise SystemExit(0)


def main() -> None:
    """Makes and fills the database, then serves until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m shop", description="The example shop.")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--database", type=Path, help="its file; left out, one that's deleted")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, stop)
    with ExitStack() as left_to_clear:
        path = arguments.database
        if path is None:
            path = Path(left_to_clear.enter_context(tempfile.TemporaryDirectory())) / "shop.db"
        database.prepare(path, settings.admin_password())
        # With no connection left, SQLite folds the log back into the file: after each request.
        left_to_clear.enter_context(closing(database.connect(path)))
        serve(create_app(path), arguments.port)


if __name__ == "__main__":
    main()
