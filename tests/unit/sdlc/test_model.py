"""The nouns: frozen, compared by what they hold, and read as strictly as they are written."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from sdlc import identity, model, policy, run, threshold
from sdlc.model import Frozen, Severity

NOUNS = sorted(
    {
        thing
        for module in (model, threshold, identity, policy, run)
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Frozen) and thing is not Frozen
    },
    key=lambda noun: noun.__name__,
)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_can_not_be_changed_and_takes_no_unknown_field(noun: type[Frozen]) -> None:
    settings = noun.__struct_config__
    assert settings.frozen
    assert settings.eq
    assert not settings.order
    assert settings.forbid_unknown_fields
    assert settings.omit_defaults
    assert not any(field.default.__class__ is list for field in msgspec.structs.fields(noun))


def test_severities_are_ordered_by_harm() -> None:
    names = ["info", "low", "medium", "high", "critical"]
    assert [severity.value for severity in sorted(Severity)] == names
    assert [severity.rank for severity in Severity] == [0, 1, 2, 3, 4]
    for lower, higher in itertools.combinations(Severity, 2):
        assert lower < higher
        assert higher >= lower
        assert max(lower, higher) is higher
    with pytest.raises(TypeError):
        assert Severity.LOW < "high"
