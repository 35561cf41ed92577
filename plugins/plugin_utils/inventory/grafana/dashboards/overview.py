"""The overview: for the wall, and for those on call. Alarms first, then the value, trend and age of every stage."""

from __future__ import annotations

import math

from ...entries import Document, Entries, Entry
from ...instruments import model_of
from ..identity import APPLIANCE, OTHERS, OVERVIEW, agent_uid, instrument_uid, panel_id
from . import agent, appliance, channels, others
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
    for each in agents:
        measured = others.measured(each)
        if measured:
            values = present(others.title_of(each), measured, None)
            corner = [_of_agent(each)]
            grid.add(values | {"id": panel_id(each["id"], "values"), "links": corner}, WIDTH // 2, 4)
    grid.end_row()
    thermometers = [each for each in instruments if model_of(each).kelvins]
    lines = [line for each in thermometers for line in channels.prefixed(channels.values(each, "temperature"), each)]
    if lines:
        # Last: on a phone the values are above it, on a screen both are in sight.
        together = plot("All temperatures", lines, "K", log=True, span=_span(thermometers))
        grid.add(together | {"id": panel_id("temperatures")}, WIDTH, 12)
    return dashboard(OVERVIEW, "Overview", grid.panels, settings, [[kind] for kind in EVENTS])


def _of_agent(entry: Entry) -> Document:
    """Return a link to where an agent's fields are plotted."""
    if agent.has_dashboard(entry):
        return link(agent_uid(entry["id"]), others.title_of(entry))
    return link(OTHERS, "Other channels")


def _add_instrument(grid: Grid, instrument: Entry, width: int, site_wide: Entry) -> None:
    title = channels.title_of(instrument)
    corner = [link(instrument_uid(instrument["id"]), title)]
    reading = model_of(instrument).reading
    readings, ages = channels.values(instrument, reading.quantity), channels.ages(instrument, site_wide)
    values = present(title, readings, reading.unit, reducer="last") | {
        "id": panel_id(instrument["id"], "values"),
        "links": corner,
    }
    age = bars("Age of the newest sample", ages, "s") | {
        "id": panel_id(instrument["id"], "ages"),
        "links": corner,
    }
    third = width // 3
    rows = math.ceil(len(readings) / third)  # values have two thirds of the width, and each needs two columns
    height = max(4, 1 + 2 * rows, 2 + math.ceil(len(ages) / 2))
    grid.add(values, width - third, height)
    grid.add(age, third, height)


def _span(thermometers: Entries) -> tuple[float, float]:
    """Return the ends of one axis for all instruments with thermometers, in kelvins."""
    spans = [kelvins for each in thermometers if (kelvins := model_of(each).kelvins)]
    return min(low for low, _ in spans), max(high for _, high in spans)
