"""Headers that every request of ZAP to the target carries: a script that ZAP runs before it sends anything."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sdlc_gates._zap.options import HOUSE
from sdlc_gates._zap.rules import HouseRule

# Frames of scripts of this type have both functions.
SCRIPT = """
var HEADERS = %s;
var HOST = %s;
function sendingRequest(msg, initiator, helper) {
    var header = msg.getRequestHeader();
    if (HOST === String(header.getURI().getScheme() + "://" + header.getURI().getAuthority())) {
        for (var name in HEADERS) { header.setHeader(name, HEADERS[name]); }
    }
}
function responseReceived(msg, initiator, helper) {}
"""


def carrying(headers: Mapping[str, str], url: str) -> tuple[HouseRule, ...]:
    """The script that puts the headers into what is sent to the target at `url`; none without headers."""
    if not headers:
        return ()
    text = SCRIPT % (json.dumps(dict(headers)), json.dumps(url))
    return (HouseRule(f"{HOUSE}headers", "httpsender", text, judges=False),)
