"""What a form on a page would send along unseen: its hidden fields. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser


class _Forms(HTMLParser):
    """Collects, for each form, the names of its fields and the values of the hidden ones."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[set[str], dict[str, str]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self.found.append((set(), {}))
            self._inside = True
        name = given.get("name")
        if tag in ("input", "select", "textarea") and self._inside and name:
            names, hidden = self.found[-1]
            names.add(name)
            if tag == "input" and (given.get("type") or "").lower() == "hidden":
                hidden[name] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def hidden_fields(page: str, names: Iterable[str]) -> dict[str, str]:
    """The hidden fields of the form that has most of the fields `names`; empty when no form has any of them."""
    parser = _Forms()
    parser.feed(page)
    parser.close()
    wanted = set(names)
    best = max(parser.found, key=lambda form: len(form[0] & wanted), default=(set[str](), dict[str, str]()))
    return best[1] if best[0] & wanted else {}
