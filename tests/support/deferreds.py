"""Deferreds in tests without a reactor."""

from __future__ import annotations

from typing import Any


def result(deferred: Any) -> Any:
    """Return what a Deferred that has fired holds, or raise it."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    if hasattr(results[0], "raiseException"):
        results[0].raiseException()
    return results[0]
