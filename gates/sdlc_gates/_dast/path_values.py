"""Values in paths as parameters that a scanner attacks: it is shown `…/users/name?name=ann` for `/users/ann`. Pure.

A scanner that takes a path as it is leaves out every weakness behind `/users/{name}`. The address it is shown exists
nowhere; the guard asks for the real one in its place.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping, Sequence

PREFIX = "/.sdlc-path/"
_PLACEHOLDER = re.compile(r"\{([^{}/:]*)(:[^{}/]*)?\}")
_ALIAS = re.compile(rf"(https?://[^/\s\"']+)({re.escape(PREFIX)}[^\s\"']*)")


def names(template: str) -> tuple[str, ...]:
    """The names of what varies in a path."""
    return tuple(match[1] for match in _PLACEHOLDER.finditer(template))


class PathValues:
    """The templates of one target, each with an address to show to the scanner."""

    def __init__(self, templates: Sequence[str], first: Mapping[str, str] | None = None) -> None:
        """Nothing is shown in another way without templates; `first` holds values to begin with, by name."""
        self.first = dict(first or {})
        self.templates = tuple(dict.fromkeys(templates))
        self._by_alias = {self.alias(template): template for template in self.templates}

    def alias(self, template: str) -> str:
        """The path that the scanner is shown for a template."""
        flat = "/".join(_PLACEHOLDER.sub(lambda match: match[1], part) for part in template.split("/"))
        return f"{PREFIX}{self.templates.index(template)}{flat}"

    def template(self, path: str) -> str:
        """The template that a path stands for; the path itself when it stands for none."""
        return self._by_alias.get(path, path)

    def named(self, url: str) -> str:
        """The URL of the template that a URL without its query stands for; the URL itself when it stands for none."""
        parts = _split(url)
        template = self._by_alias.get(parts.path) if parts else None
        return url if parts is None or template is None else f"{parts.scheme}://{parts.netloc}{template}"

    def meant(self, address: str) -> str:
        """The real address behind one that the scanner asks for, a path or a whole URL."""
        parts = _split(address)
        template = self._by_alias.get(parts.path) if parts else None
        if parts is None or template is None:
            return address
        pairs = urllib.parse.parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
        wanted = set(names(template))
        values = dict(reversed([pair for pair in pairs if pair[0] in wanted]))
        path = _PLACEHOLDER.sub(lambda match: _quoted(values.get(match[1], ""), match[2]), template)
        query = urllib.parse.urlencode([pair for pair in pairs if pair[0] not in wanted], errors="surrogateescape")
        return urllib.parse.urlunsplit((parts.scheme, parts.netloc, path, query, ""))

    def restored(self, text: str) -> str:
        """A text, such as a curl line, with real addresses in place of those that the scanner was shown."""
        return _ALIAS.sub(lambda match: match[1] + self.meant(match[2]), text) if self.templates else text


def _quoted(value: str, converter: str | None) -> str:
    return urllib.parse.quote(value, safe="/" if converter == ":path" else "", errors="surrogateescape")


def _split(address: str) -> urllib.parse.SplitResult | None:
    """The parts of an address; None for one that is none, such as `http://[::`, which whoever reads it next will say."""
    try:
        return urllib.parse.urlsplit(address)
    except ValueError:
        return None
