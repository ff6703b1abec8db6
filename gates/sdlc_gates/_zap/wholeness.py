"""Whether the replies that ZAP looked at were whole: ZAP takes one that breaks off for a whole one, and says nothing."""

from __future__ import annotations

import re
import urllib.parse
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from sdlc_gates._zap.api import Api

ENOUGH = 3
"""Replies of one page, all cut, after which no more of them are looked at."""
LENGTH = re.compile(r"^content-length:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
UNCOUNTABLE = re.compile(
    r"^(?:content-encoding:[ \t]*(?!identity)\S|content-type:.*utf-?(?:16|32))", re.IGNORECASE | re.MULTILINE
)
"""Replies of which ZAP shows other bytes than came, and maybe fewer."""


class Exchange(msgspec.Struct, frozen=True, rename="camel"):
    """A reply as ZAP shows it."""

    response_header: str
    response_body: str


def is_cut(exchange: Exchange) -> bool:
    """Whether less of the body came than was announced.

    In UTF-8 no text is shorter than the bytes that ZAP made it of, so a whole reply is never taken for a cut one.
    """
    header = exchange.response_header
    announced = LENGTH.search(header)
    if announced is None or UNCOUNTABLE.search(header):
        return False
    return len(exchange.response_body.encode("utf-8", "surrogatepass")) < int(announced[1])


@dataclass(slots=True)
class Look:
    """Looks at replies, as few as it takes: of each page until one was whole, and no more than ENOUGH."""

    api: Api
    _whole: set[tuple[str, str]] = field(default_factory=set)
    _cut: Counter[tuple[str, str]] = field(default_factory=Counter)

    def is_cut(self, id: str, method: str, url: str, code: str) -> bool:
        """Whether the reply number `id` in ZAP's history broke off; only good ones are looked at."""
        page = (method, urllib.parse.urlsplit(url)._replace(query="", fragment="").geturl())
        if not code.startswith("2") or method == "HEAD" or page in self._whole:
            return False
        if self._cut[page] < ENOUGH:
            if not is_cut(self.api.ask(Exchange, lambda zap: zap.core.message(id))):
                self._whole.add(page)
                return False
            self._cut[page] += 1
        return True
