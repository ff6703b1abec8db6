"""A page as a parser sees it."""

from __future__ import annotations

import html.parser
from dataclasses import dataclass, field

VOID = {"meta", "link", "img", "input", "br", "hr", "source", "embed", "area", "base", "col", "track", "wbr"}


@dataclass
class Element:
    """One start tag, and the text up to its end tag."""

    tag: str
    attributes: dict[str, str]
    inside: tuple[Element, ...]
    text: list[str] = field(default_factory=list)

    @property
    def content(self) -> str:
        """All text in it."""
        return "".join(self.text)

    @property
    def words(self) -> str:
        """All text in it, with single spaces between its words."""
        return " ".join(" ".join(self.text).split())


class Page(html.parser.HTMLParser):
    """Every element of a document, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open))
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}, tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        names = [element.tag for element in self.open]
        if tag in names:
            del self.open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text.append(data)

    def of(self, tag: str, **attributes: str) -> list[Element]:
        """The elements with this tag and these attributes."""
        return [e for e in self.elements if e.tag == tag and all(e.attributes.get(k) == v for k, v in attributes.items())]

    def section(self, id: str) -> Element:
        """The section with this id."""
        (found,) = self.of("section", id=id)
        return found
