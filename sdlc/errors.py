"""What can go wrong, one class per kind; each message says what, which and what to do."""

from __future__ import annotations

from sdlc.model import Answer


class SdlcError(Exception):
    """Anything this project raises on purpose."""


class ConfigError(SdlcError):
    """The configuration or the command line asks for something that is not there."""


class Cancelled(SdlcError):
    """Somebody asked the run to stop."""


class GateError(SdlcError):
    """A gate could not answer; the runner turns it into `Errored`, which blocks."""

    fault = "gate-failed"

    def __init__(self, message: str, *, fix: str = "", answer: Answer | None = None) -> None:
        """Keep what to do about it, and what was known when it happened."""
        super().__init__(message)
        self.fix = fix
        self.answer = answer or Answer()


class ToolMissing(GateError):
    """The tool is not installed, or in a version that this gate can't read."""

    fault = "tool-missing"


class ToolFailed(GateError):
    """The tool ended with an exit code that is no answer, or reported errors of its own."""

    fault = "tool-failed"


class ToolTimeout(GateError):
    """The deadline passed; the tool and everything it started were killed."""

    fault = "timeout"


class LimitExceeded(GateError):
    """The tool used more memory or wrote more output than it may, and was killed."""

    fault = "limit-exceeded"


class OutputInvalid(GateError):
    """The tool's report is missing, cut short, or not what this version writes."""

    fault = "output-invalid"


class NothingToScan(GateError):
    """There is nothing here that this gate could judge."""

    fault = "nothing-to-scan"


class NoTarget(NothingToScan):
    """There is no application to test."""

    def __init__(self) -> None:
        """Say how to get one."""
        super().__init__("there is no running application to test", fix="add [target] to sdlc.toml, or give --target URL")


class NoDescription(NothingToScan):
    """The application has no OpenAPI description, and the gate goes by one."""

    def __init__(self) -> None:
        """Say how to get one."""
        super().__init__("there is no OpenAPI description of the application", fix="set openapi in [target]")


class TargetFailed(GateError):
    """The application under test did not start, answer, or stay alive."""

    fault = "target-failed"


class EvidenceInvalid(SdlcError):
    """A run directory is incomplete, was changed after it was written, or is not one."""
