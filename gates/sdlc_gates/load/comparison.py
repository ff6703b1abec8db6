"""What a comparison is asked for, and what it wrote down: the file `comparison.json`. See docs/load-format.md."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal

from sdlc.model import Frozen
from sdlc_gates.load import paired

FORMAT = 1
FILE = "comparison.json"

Side = Literal["base", "candidate"]


class CompareOptions(Frozen, frozen=True):
    """`[gates.locust.compare]`: what the target, the candidate, is compared with."""

    base: str = ""
    """A git revision, such as `origin/main`: the commit at which HEAD left it is put into a folder and started."""
    url: str = ""
    """Instead of `base`: the address of a base that runs already."""
    run: str | tuple[str, ...] = ()
    """Command that starts the base, where `[target]`'s doesn't; `{root}` becomes the folder that holds it."""
    prepare: str | tuple[str, ...] = ()
    """Command that is run once in that folder before, such as `npm ci`."""
    told_apart: str = ""
    """Path that answers differently for base and candidate, and alike for each of them, such as `/version`."""
    pairs: int = 10
    """How many runs of each; five at least."""


class Run(Frozen, frozen=True, omit_defaults=False):
    """One load test of one side."""

    pair: int
    """From 1."""
    side: Side
    folder: str
    """Where its files lie."""
    version: str
    """What its side answered at `told_apart`, as a digest; empty where that wasn't asked."""


class Comparison(Frozen, frozen=True, omit_defaults=False):
    """All of them, in the order in which they were made."""

    format: int
    base: str
    """What it was, in words."""
    candidate: str
    pairs: int
    seed: int
    told_apart: str
    fresh: bool
    """Whether both sides were started anew for each run."""
    runs: tuple[Run, ...]


def complaint(options: CompareOptions) -> str:
    """Why the options make no comparison; empty when they do."""
    if not (options.base or options.url or options.run):
        return "name a base: a git revision, a url, or how to run it"
    if options.url and (options.base or options.run or options.prepare):
        return "url is the address of a base that runs already; base, run and prepare start one"
    if options.base.startswith("-") or "\0" in options.base:
        return f"base = {options.base!r}: not a revision"
    if options.told_apart and not options.told_apart.startswith("/"):
        return f"told_apart = {options.told_apart!r}: write a path that begins with a slash"
    if not paired.FEWEST_PAIRS <= options.pairs <= paired.MOST_PAIRS:
        return f"pairs = {options.pairs}: from {paired.FEWEST_PAIRS}, fewer have no bounds, to {paired.MOST_PAIRS}"
    return ""


def order(pairs: int, seed: int) -> Iterator[tuple[int, Side]]:
    """Whose turn it is: pair after pair, the base first in half of them, drawn by lot."""
    first: list[Side] = ["base", "candidate"] * (pairs // 2 + 1)
    drawn = random.Random(seed)
    first = first[:pairs]
    drawn.shuffle(first)
    for pair, side in enumerate(first, start=1):
        yield pair, side
        yield pair, "candidate" if side == "base" else "base"
