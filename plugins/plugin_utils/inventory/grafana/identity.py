"""What dashboards, panels and their places are called: the same in every run, whatever else the inventory holds."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from .uids import uid

OVERVIEW = "livemon-overview"
APPLIANCE = "livemon-appliance"
OTHERS = "livemon-others"
FOLDER = "livemon"
DATA_SOURCE = {"type": "graphite", "uid": "livemon"}
TAG = "livemon"
"""Of all our dashboards; the list of links on each is made by it."""


def instrument_uid(instrument: Mapping[str, Any]) -> str:
    """Return the uid of an instrument's dashboard."""
    return uid("i", instrument["id"])


def panel_id(*names: str) -> int:
    """Return a panel's number: of its names alone, so that an instrument more or less renumbers no other's panels."""
    return zlib.crc32("/".join(names).encode()) & 0x7FFFFFFF


def temperature_panel(instrument: Mapping[str, Any]) -> int:
    """Return the number of the plot of all temperatures on an instrument's dashboard."""
    return panel_id(instrument["id"], "temperature")


def ref_id(number: int) -> str:
    """Return A to Z, AA to AZ, ... as Grafana counts queries."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
