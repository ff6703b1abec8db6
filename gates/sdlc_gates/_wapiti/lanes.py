"""In which order, and beside which others, the modules run. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from sdlc_gates._wapiti.options import Module

STORED = ("xss", "permanentxss")
# Requests for each parameter, as measured (see the gate's page); the others ask little.
HEAVY: dict[Module, int] = {
    "timesql": 90,
    "file": 75,
    "exec": 68,
    "buster": 50,
    "backup": 30,
    "sql": 25,
    "brute_login_form": 20,
}
Lane = tuple[Module, ...]


def rounds(modules: Sequence[Module], jobs: int = 1) -> tuple[tuple[Lane, ...], ...]:
    """Rounds one after the other, each of lanes that run at the same time; the first has one lane, which also crawls.

    Markup that was stored is looked for before the others' payloads bury it: in one run Wapiti looks for it last, whatever
    the order. One lane asks one thing at a time, so as many as there are cores keep the cores busy.
    """
    early = tuple(module for module in modules if module in STORED) if "permanentxss" in modules else ()
    late = tuple(module for module in modules if module not in early)
    lanes = _shared(late, jobs)
    if early:
        return ((early,), lanes) if late else ((early,),)
    if len(lanes) == 1:
        return (lanes,)
    light = tuple(module for module in late if module not in HEAVY)
    return ((light,), _shared(tuple(module for module in late if module in HEAVY), jobs)) if light else ((late,),)


def _shared(modules: Lane, jobs: int) -> tuple[Lane, ...]:
    """At most so many lanes of about the same length; one without a heavy module isn't worth a start of its own."""
    heavy = sorted((module for module in modules if module in HEAVY), key=lambda module: (-HEAVY[module], module))
    lanes: list[list[Module]] = [[] for _ in range(max(1, min(jobs, len(heavy))))]
    for module in heavy:
        min(lanes, key=lambda lane: sum(HEAVY[one] for one in lane)).append(module)
    lanes[-1] += [module for module in modules if module not in HEAVY]
    return tuple(tuple(sorted(lane, key=modules.index)) for lane in lanes)
