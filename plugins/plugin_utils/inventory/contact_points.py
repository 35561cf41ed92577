"""What the inventory's words about notifications mean: contact points, their receivers, and the routes to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from .entries import Entry, is_list
from .secret_references import is_reference

SHORT_FORMS = ("email", "slack", "webhook")
"""Receivers that a contact point can have without ``type`` and ``settings``."""
MATCHED = ("severity", "instrument", "kind")
"""The labels of an alarm by which a route can take it, each a key of the route."""
REPEAT = "4h"
"""After what time an alarm that still fires is notified again, unless the inventory says so."""


class Receiver(NamedTuple):
    """One receiver of a contact point: its type as Grafana names it, and its settings."""

    type: str
    settings: dict[str, Any]


def receivers(point: Entry) -> Iterator[Receiver]:
    """Yield the receivers of a contact point, the short forms first."""
    if point.get("email") is not None:
        addresses = point["email"]
        joined = ";".join(addresses) if is_list(addresses) else addresses
        yield Receiver("email", {"addresses": joined, "singleEmail": True})
    for name in ("slack", "webhook"):
        value = point.get(name)
        if value is not None:
            is_whole = isinstance(value, Mapping) and not is_reference(value)
            yield Receiver(name, dict(value) if is_whole else {"url": value})
    if point.get("type") is not None:
        yield Receiver(point["type"], dict(point.get("settings") or {}))
