"""Whether pages that were open to somebody once still are."""

from __future__ import annotations

from collections.abc import Sequence

from sdlc_gates._dast.client import Client, Request
from sdlc_gates._dast.recorded import Recorded
from sdlc_gates._dast.routes import Visit

MOST_PAGES = 10


def standing(client: Client, flows: Sequence[Recorded]) -> dict[str, str]:
    """For the first recorded pages that were shown to somebody known: why each is no longer, empty where it is.

    A page that nobody has to be known for is told apart by asking for it as nobody, and left out.
    """
    found: dict[str, str] = {}
    for one in flows:
        if len(found) >= MOST_PAGES:
            break
        asked = one.method == "GET" and one.headers and 200 <= one.status < 300 and one.path not in found
        if asked and _closed(client, one, ()):
            found[one.path] = _closed(client, one, one.headers)
    return found


def _closed(client: Client, one: Recorded, headers: tuple[tuple[str, str], ...]) -> str:
    reply = client.send(Request("GET", one.path, headers))
    location = next(iter(reply.named("Location")), "")
    return Visit("GET", client.url + one.path, reply.status, location).closed
