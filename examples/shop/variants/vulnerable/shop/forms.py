"""Whether a form comes from a page of this shop."""

from __future__ import annotations


def token() -> str:
    """What every form carries along: nothing."""
    # WEAKNESS CWE-352, cross-site request forgery: another site's form is as good as ours.
    return ""


def check() -> None:
    """Refuses no form."""
