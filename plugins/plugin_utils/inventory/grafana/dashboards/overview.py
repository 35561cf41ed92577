"""The overview: for the wall, and for whoever is called at night. Alarms first, then every stage's value, trend and age."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...instruments import model_of
from ..identity import APPLIANCE, OTHERS, OVERVIEW, instrument_uid, panel_id
from . import appliance, channels, others
from .dashboard import EVENTS, Site, dashboard
from .layout import WIDTH, Grid
from .panels import alarms, bars, link, plot, present


def overview(instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]], site: Site) -> dict:
    """Return the overview of all instruments."""
    grid = Grid()
    grid.add(alarms("Alarms") | {"id": panel_id("alarms")}, 14, 5)
    in_short = appliance.in_short(instruments, agents, site)
    health = present("Appliance", in_short, None, sizes=(13, 20), reducer="last")
    grid.add(health | {"id": panel_id("appliance"), "links": [link(APPLIANCE, "Appliance")]}, 10, 5)
    # Beside each other where there are several: a wall screen is wide.
    width = WIDTH if len(instruments) == 1 else WIDTH // 2
    for each in instruments:
        _add_instrument(grid, each, width, site)
    for agent in agents:
        measured = others.measured(agent)
        if measured:
            values = present(others.title_of(agent), measured, None)
            corner = [link(OTHERS, "Other channels")]
            grid.add(values | {"id": panel_id(agent["id"], "values"), "links": corner}, WIDTH // 2, 4)
    grid.end_row()
    lines = [line for each in instruments for line in channels.prefixed(channels.values(each, "temperature"), each)]
    if lines:
        # Last: on a phone the values stand above it, on a screen both are in sight.
        together = plot("All temperatures", lines, "K", log=True, span=_span(instruments))
        grid.add(together | {"id": panel_id("temperatures")}, WIDTH, 12)
    return dashboard(OVERVIEW, "Overview", grid.panels, site, [[kind] for kind in EVENTS])


def _add_instrument(grid: Grid, instrument: Mapping[str, Any], width: int, site: Site) -> None:
    title = channels.title_of(instrument)
    corner = [link(instrument_uid(instrument), title)]
    temperatures, ages = channels.values(instrument, "temperature"), channels.ages(instrument, site.defaults)
    values = present(title, temperatures, "K", reducer="last") | {
        "id": panel_id(instrument["id"], "values"),
        "links": corner,
    }
    age = bars("Age of the newest sample", ages, "s") | {
        "id": panel_id(instrument["id"], "ages"),
        "links": corner,
    }
    third = width // 3
    rows = math.ceil(len(temperatures) / third)  # of the two thirds, a value needs two columns
    height = max(4, 1 + 2 * rows, 2 + math.ceil(len(ages) / 2))
    grid.add(values, width - third, height)
    grid.add(age, third, height)


def _span(instruments: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the ends of one axis for all instruments, in kelvins."""
    lowest, highest = zip(*(model_of(each).kelvins for each in instruments), strict=True)
    return min(lowest), max(highest)
