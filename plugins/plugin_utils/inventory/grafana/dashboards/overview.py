"""The overview: for the wall, and for those on call. Alarms first, then the value, trend and age of every stage."""

from __future__ import annotations

import math

from ...entries import Document, Entries, Entry
from ...instruments import model_of
from ..identity import APPLIANCE, OTHERS, OVERVIEW, instrument_uid, panel_id
from . import appliance, channels, others
from .dashboard import EVENTS, DashboardSettings, dashboard
from .layout import WIDTH, Grid
from .panels import alarms, bars, link, plot, present


def overview(instruments: Entries, agents: Entries, settings: DashboardSettings) -> Document:
    """Return the overview of all instruments."""
    grid = Grid()
    grid.add(alarms("Alarms") | {"id": panel_id("alarms")}, 14, 5)
    summary = appliance.summary(instruments, agents, settings)
    health = present("Appliance", summary, None, sizes=(13, 20), reducer="last")
    grid.add(health | {"id": panel_id("appliance"), "links": [link(APPLIANCE, "Appliance")]}, 10, 5)
    # Two side by side if there are several: a wall screen is wide.
    width = WIDTH if len(instruments) == 1 else WIDTH // 2
    for each in instruments:
        _add_instrument(grid, each, width, settings.instrument_alarms)
    for agent in agents:
        measured = others.measured(agent)
        if measured:
            values = present(others.title_of(agent), measured, None)
            corner = [link(OTHERS, "Other channels")]
            grid.add(values | {"id": panel_id(agent["id"], "values"), "links": corner}, WIDTH // 2, 4)
    grid.end_row()
    lines = [line for each in instruments for line in channels.prefixed(channels.values(each, "temperature"), each)]
    if lines:
        # Last: on a phone the values are above it, on a screen both are in sight.
        together = plot("All temperatures", lines, "K", log=True, span=_span(instruments))
        grid.add(together | {"id": panel_id("temperatures")}, WIDTH, 12)
    return dashboard(OVERVIEW, "Overview", grid.panels, settings, [[kind] for kind in EVENTS])


def _add_instrument(grid: Grid, instrument: Entry, width: int, site_wide: Entry) -> None:
    title = channels.title_of(instrument)
    corner = [link(instrument_uid(instrument["id"]), title)]
    temperatures, ages = channels.values(instrument, "temperature"), channels.ages(instrument, site_wide)
    values = present(title, temperatures, "K", reducer="last") | {
        "id": panel_id(instrument["id"], "values"),
        "links": corner,
    }
    age = bars("Age of the newest sample", ages, "s") | {
        "id": panel_id(instrument["id"], "ages"),
        "links": corner,
    }
    third = width // 3
    rows = math.ceil(len(temperatures) / third)  # values have two thirds of the width, and each needs two columns
    height = max(4, 1 + 2 * rows, 2 + math.ceil(len(ages) / 2))
    grid.add(values, width - third, height)
    grid.add(age, third, height)


def _span(instruments: Entries) -> tuple[float, float]:
    """Return the ends of one axis for all instruments, in kelvins."""
    lowest, highest = zip(*(model_of(each).kelvins for each in instruments), strict=True)
    return min(lowest), max(highest)
