"""What a tool says about its own running: files that it did not read, runs that did not end well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sdlc_gates._sarif.places import Places
from sdlc_gates._sarif.shape import Invocation, Notification, Run

MAX_TEXT = 300


@dataclass
class Notices:
    """What the notifications of one run mean for its coverage."""

    name: str
    """The tool's."""
    unread: dict[str, list[str]] = field(default_factory=dict)
    """Reasons by path."""
    doubts: list[str] = field(default_factory=list)
    """Why the run is not complete, where no file is named."""
    failures: list[str] = field(default_factory=list)
    """Why there is no answer at all."""
    remarks: list[str] = field(default_factory=list)


def noticed(run: Run, places: Places) -> Notices:
    """All that a run's invocations say."""
    notices = Notices(name=run.tool.driver.name)
    for invocation in run.invocations:
        if not invocation.execution_successful:
            notices.failures.append("it says that it did not succeed" + _exit(invocation))
        for notification, about_running in _notifications(invocation):
            _sort(notification, about_running, notices, places)
    return notices


def _exit(invocation: Invocation) -> str:
    return "" if invocation.exit_code is None else f" (exit code {invocation.exit_code})"


def _notifications(invocation: Invocation) -> Iterator[tuple[Notification, bool]]:
    yield from ((notification, True) for notification in invocation.tool_execution_notifications)
    yield from ((notification, False) for notification in invocation.tool_configuration_notifications)


def _sort(notification: Notification, about_running: bool, notices: Notices, places: Places) -> None:
    """Where it counts: a file that is named was not read as it should be.

    Without one, an error ends the run; a warning leaves a doubt if it is about the running, else a remark.
    """
    if notification.level in ("none", "note"):
        return
    text = _said(notification)
    located = [path for path in (_path(notification, places)) if path]
    for path in located:
        notices.unread.setdefault(path, []).append(text)
    if located:
        return
    if notification.level == "error":
        notices.failures.append(text)
    elif about_running:
        notices.doubts.append(text)
    else:
        notices.remarks.append(text)


def _path(notification: Notification, places: Places) -> list[str]:
    located = [location.physical_location for location in notification.locations]
    return [places.path(physical.artifact_location) for physical in located if physical]


def _said(notification: Notification) -> str:
    text = " ".join((notification.message.text or notification.message.id or notification.descriptor.id).split())
    return (text or "it says no more")[:MAX_TEXT]
