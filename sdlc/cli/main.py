"""`sdlc`: the commands, and the one road from a verdict to an exit code."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import traceback

import typer
from typer import rich_utils

from sdlc import registry
from sdlc.cli import decide, explain, gates, init, prove, report, run, schema
from sdlc.cli.console import EXIT, complain
from sdlc.errors import ConfigError, EvidenceInvalid, SdlcError
from sdlc.model import Verdict

USAGE = 2
INTERRUPTED = 130
"""What typer makes of Ctrl-C."""
BROKEN = EXIT[Verdict.INCONCLUSIVE]
app = typer.Typer(
    name="sdlc",
    help="""Release gates for security and performance, and one verdict over them.

    A release is a claim; every gate must bring evidence for it; no evidence, no release.

    Start with `sdlc init` in a repository, then `sdlc run`.

    Exit codes: 0 PASS, 1 FAIL, 2 usage or configuration, 3 INCONCLUSIVE. Only PASS releases.
    """,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (init, run, prove, gates, decide, report, explain, schema):
    app.command(name=module.__name__.rpartition(".")[2])(module.command)


def main() -> None:
    """The console script; ends the process with the documented exit code, and with 3 when this program itself breaks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that has no word for a character must not cost the verdict.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = answered()
    except BaseException:  # noqa: BLE001  # nothing is left to say it to
        code = BROKEN
    sys.exit(said(code))


def extend() -> None:
    """Add the commands of installed packages, such as `sdlc load`; raises `ConfigError` for one that is none, or ours."""
    taken = {command.name for command in app.registered_commands}
    for name, added in registry.commands().items():
        if name in taken or not isinstance(added, typer.Typer):
            raise ConfigError(f"the entry point {name!r} in {registry.COMMANDS} is {'taken' if name in taken else 'no Typer'}")
        app.add_typer(added, name=name)


def answered() -> int:
    """Run the command that was asked for, and say what went wrong, if anything did."""
    try:
        extend()
        code = app(standalone_mode=False) or 0
    except typer.TyperException as error:
        rich_utils.rich_format_error(error)  # type: ignore[arg-type]  # all that typer raises itself are of that kind
        return USAGE
    except EvidenceInvalid as error:
        complain(str(error))
    except SdlcError as error:
        complain(str(error))
        return USAGE
    except (typer.Abort, KeyboardInterrupt):
        complain("stopped")
    except (BrokenPipeError, SystemExit):
        # Whoever read the output has gone, or a stranger's code wanted to end this process; what was not said is no pass.
        return BROKEN
    except OSError as error:
        complain(f"what was asked for could not be written: {error}")
    except Exception:  # noqa: BLE001  # a bug here must not look like a verdict
        traceback.print_exc()
        complain("sdlc itself broke; nothing was decided")
    else:
        if code == INTERRUPTED:
            complain("stopped")
        return code if code in (*EXIT.values(), USAGE) else BROKEN
    return BROKEN


def said(code: int) -> int:
    """The code, once all output is written; 3 when it can't be, for a pass that nobody can read is none."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError) as error:
            code = BROKEN
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if stream is sys.stdout and not isinstance(error, BrokenPipeError):
                with contextlib.suppress(OSError):
                    complain(f"what was asked for could not be written: {error}")
    return code


if __name__ == "__main__":
    main()
