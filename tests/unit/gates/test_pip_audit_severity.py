"""How severe an advisory is."""

from __future__ import annotations

import pytest
from sdlc_gates.osv.severity import base_score, of, rating

from sdlc.model import Severity

CRITICAL_4 = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
LOW_4 = "CVSS:4.0/AV:L/AC:H/AT:P/PR:H/UI:A/VC:L/VI:N/VA:N/SC:N/SI:N/SA:N"


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9),
        ("CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N", 4.6),
        ("CVSS:3.1/AV:A/AC:H/PR:N/UI:N/S:C/C:H/I:N/A:N", 6.1),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:N/A:N", 8.6),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8),
    ],
)
def test_a_base_score_is_the_published_one(vector: str, score: float) -> None:
    assert base_score(vector) == score


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "9.8",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        CRITICAL_4,
        "CVSS:3.1/AV:N",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ],
)
def test_what_is_no_version_3_vector_has_no_score(vector: str) -> None:
    with pytest.raises(ValueError, match=r"CVSS 3|twice"):
        base_score(vector)


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (0.0, "info"),
        (0.1, "low"),
        (3.9, "low"),
        (4.0, "medium"),
        (6.9, "medium"),
        (7.0, "high"),
        (8.9, "high"),
        (9.0, "critical"),
    ],
)
def test_ratings_change_where_the_scale_says(score: float, word: str) -> None:
    assert rating(score) is Severity(word)


@pytest.mark.parametrize(
    ("scores", "word", "id", "severity", "because"),
    [
        ([("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N")], "", "X-1", Severity.MEDIUM, ""),
        ([], "MODERATE", "X-1", Severity.MEDIUM, ""),
        ([], "low", "X-1", Severity.LOW, ""),
        ([("CVSS_V3", "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N")], "CRITICAL", "X-1", Severity.CRITICAL, ""),
        ([], "", "X-1", Severity.HIGH, "not rated"),
        ([], "Severe", "X-1", Severity.HIGH, "not rated"),
        ([("CVSS_V3", "nonsense"), ("CVSS_V2", "AV:N/AC:L/Au:N/C:P/I:P/A:P")], "", "X-1", Severity.HIGH, "not rated"),
        ([("CVSS_V4", CRITICAL_4)], "", "X-1", Severity.CRITICAL, "4.0 only"),
        ([("CVSS_V4", LOW_4)], "", "X-1", Severity.HIGH, "4.0 only"),
        ([("CVSS_V4", "nonsense")], "", "X-1", Severity.HIGH, "4.0 only"),
        ([("CVSS_V4", CRITICAL_4)], "LOW", "X-1", Severity.LOW, ""),
        ([], "LOW", "MAL-2024-1", Severity.CRITICAL, "malicious"),
    ],
)
def test_the_highest_rating_holds_and_none_is_high(
    scores: list[tuple[str, str]], word: str, id: str, severity: Severity, because: str
) -> None:
    rated, why = of(scores, word, id)
    assert rated is severity
    assert because in why
    assert bool(why) == bool(because)
