"""The names of what is provisioned in Grafana: the same in every run, whatever else the inventory holds."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from ...contract import contract
from .uids import uid

OVERVIEW = "livemon-overview"
APPLIANCE = "livemon-appliance"
OTHERS = "livemon-others"
FOLDER = "livemon"
WATCHDOG_FOLDER = "livemon watchdog"
"""A folder of its own, so that lists of firing alarms leave the watchdog out."""
DATA_SOURCE = {"type": "graphite", "uid": "livemon"}
TAG = "livemon"
"""The tag of all our dashboards, by which each of them links to the others."""
WATCHDOG = contract.WATCHDOG
"""The alarm that always fires; the bridge knows it by this name."""
PULSE = contract.PULSE
"""The contact point for the watchdog."""
NOBODY = contract.NOBODY
"""The contact point if the inventory has none: the tree of routes must end in one."""


class PanelPlace(NamedTuple):
    """A panel of one of our dashboards: the dashboard's uid, and the panel's number."""

    dashboard: str
    panel: int


def instrument_uid(instrument_id: str) -> str:
    """Return the uid of an instrument's dashboard."""
    return uid("i", instrument_id)


def agent_uid(instance_id: str) -> str:
    """Return the uid of the dashboard of an agent of ``ocs_agents``."""
    return uid("a", instance_id)


def panel_id(*names: str) -> int:
    """Return a panel's number: it depends on its names alone, so that one instrument more does not renumber other panels."""
    return zlib.crc32("/".join(names).encode()) & 0x7FFFFFFF


def readings_panel(instrument_id: str) -> int:
    """Return the number of the plot of all readings on an instrument's dashboard, the temperatures of a thermometer."""
    return panel_id(instrument_id, "temperature")


def ref_id(number: int) -> str:
    """Return the letters by which Grafana names query `number`, from 0: A to Z, AA to AZ, ..."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
