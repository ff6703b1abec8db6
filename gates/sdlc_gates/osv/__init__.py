"""Advisories on disk: read, matched with versions, and served in the protocol that pip-audit speaks."""
