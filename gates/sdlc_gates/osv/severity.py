"""How severe an advisory is, from what its OSV record says. CVSS 3.1: https://www.first.org/cvss/v3.1/specification-document."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Mapping

from sdlc.model import Severity

WORDS = {
    "LOW": Severity.LOW,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
UNKNOWN = Severity.HIGH
MALICIOUS = "MAL-"
"""How the ids of packages begin that were made to do harm."""
IMPACT = {"H": 0.56, "L": 0.22, "N": 0.0}
WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "UI": {"N": 0.85, "R": 0.62},
    "C": IMPACT,
    "I": IMPACT,
    "A": IMPACT,
}
PRIVILEGES = {"U": {"N": 0.85, "L": 0.62, "H": 0.27}, "C": {"N": 0.85, "L": 0.68, "H": 0.5}}


def base_score(vector: str) -> float:
    """The base score of a CVSS 3.0 or 3.1 vector, 0 to 10; raises `ValueError` when it is none."""
    version, _, rest = vector.strip().partition("/")
    if version not in ("CVSS:3.0", "CVSS:3.1"):
        raise ValueError(f"{vector[:80]!r} is not a CVSS 3 vector")
    return _score(_metrics(rest, vector))


def of(scores: Iterable[tuple[str, str]], word: str, id: str) -> tuple[Severity, str]:
    """The severity for (`type`, `score`) pairs and a database's own word, and how it was come by if not from these.

    The highest of what is said holds. What nobody rated is high: it must not be ignored.
    """
    if id.startswith(MALICIOUS):
        return Severity.CRITICAL, "the package itself is malicious"
    said = [WORDS[word.upper()]] if word.upper() in WORDS else []
    vectors = list(scores)
    for _, vector in vectors:
        with contextlib.suppress(ValueError):
            said.append(rating(base_score(vector)))
    if said:
        return max(said), ""
    newer = [vector for kind, vector in vectors if kind == "CVSS_V4"]
    if any(may_be_critical(vector) for vector in newer):
        return Severity.CRITICAL, "rated by CVSS 4.0 only, whose score is not computed here: its metrics allow critical"
    if newer:
        return UNKNOWN, "rated by CVSS 4.0 only, whose score is not computed here: counted as high"
    return UNKNOWN, "the advisory is not rated: counted as high"


def rating(score: float) -> Severity:
    """The word of the qualitative rating scale for a score."""
    bounds = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))
    return next((severity for least, severity in bounds if score >= least), Severity.INFO)


def _metrics(text: str, vector: str) -> dict[str, str]:
    parts = [part.partition(":") for part in text.strip("/").split("/")]
    metrics = {name: value for name, _, value in parts}
    if len(metrics) != len(parts):
        raise ValueError(f"{vector[:80]!r} names a metric twice")
    return metrics


def _score(metrics: Mapping[str, str]) -> float:
    try:
        weight = {name: values[metrics[name]] for name, values in WEIGHTS.items()}
        changed = {"U": False, "C": True}[metrics["S"]]
        privileges = PRIVILEGES[metrics["S"]][metrics["PR"]]
    except KeyError as error:
        raise ValueError(f"no CVSS 3 base metric has the name or value {error}") from error
    unharmed = (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    base = 1 - unharmed
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if changed else 6.42 * base
    exploitability = 8.22 * weight["AV"] * weight["AC"] * privileges * weight["UI"]
    if impact <= 0:
        return 0.0
    return _round_up(min((1.08 if changed else 1.0) * (impact + exploitability), 10.0))


def _round_up(value: float) -> float:
    """To one decimal, upwards, without the errors of binary fractions (appendix A of the specification)."""
    hundred_thousandths = round(value * 100_000)
    return math.ceil(hundred_thousandths / 10_000) / 10


def may_be_critical(vector: str) -> bool:
    """Whether the base metrics of a CVSS 4.0 vector allow a score of 9 or more; never false when it has one."""
    try:
        given = _metrics(vector.partition("/")[2], vector)
        exposed = [given[name] for name in ("AV", "PR", "UI")]
        harmed = [given[name] for name in ("VC", "VI", "VA")]
        beyond = "H" in [given[name] for name in ("SC", "SI", "SA")]
    except (KeyError, ValueError):
        return False
    whole = harmed[:2] == ["H", "H"]
    if exposed == ["N", "N", "N"]:
        return whole or ("H" in harmed and beyond)
    return "N" in exposed and exposed[0] != "P" and whole and beyond
