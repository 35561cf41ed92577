"""Uids in Grafana: the same in every run, and never longer than Grafana allows."""

from __future__ import annotations

import hashlib

from ...contract import contract

LONGEST = contract.LONGEST_UID
"""Characters of a uid; letters, digits, '-' and '_'."""
_DIGEST = 16


def uid(*parts: str) -> str:
    """Return ``livemon-<part>-<part>...`` if it is short enough, and otherwise its beginning and a digest of the whole."""
    whole = "-".join(("livemon", *parts))
    if len(whole) <= LONGEST:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:_DIGEST]
    return f"{whole[: LONGEST - _DIGEST - 1]}-{digest}"
