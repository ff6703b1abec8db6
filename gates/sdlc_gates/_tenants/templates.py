"""Texts with words to fill in, such as `{user}`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sdlc.errors import TargetFailed

WORD = re.compile(r"\{(\w+)\}")


def filled(template: str, words: Mapping[str, str]) -> str:
    """The template with its words; raises `TargetFailed` for a word that nobody said."""

    def word(match: re.Match[str]) -> str:
        if match[1] not in words:
            raise TargetFailed(
                f"nothing says what {{{match[1]}}} stands for", fix="see words in [[gates.tenant-isolation.tenants]]"
            )
        return words[match[1]]

    return WORD.sub(word, template)


def filled_in(node: Any, words: Mapping[str, str]) -> Any:
    """A value with the words of its texts filled in."""
    if isinstance(node, str):
        return filled(node, words)
    if isinstance(node, dict):
        return {key: filled_in(value, words) for key, value in node.items()}
    return [filled_in(value, words) for value in node] if isinstance(node, list) else node
