"""One instrument: its readings over time, for example temperatures and those of the sensors, and each channel's present value."""

from __future__ import annotations

from ...entries import Document, Entry
from ...instruments import fields_of, model_of, name_of
from ..identity import instrument_uid, panel_id, readings_panel
from . import channels
from .appliance import AGENT_STATES, agent_state
from .dashboard import DashboardSettings, dashboard
from .layout import WIDTH, Grid
from .panels import alarms, bars, plot, present, states

OUTPUTS = {"heater": "Heater", "setpoint": "Setpoint", "current": "Current limit of the heater"}
"""Titles of the panels of an instrument's outputs, by quantity."""


def instrument(entry: Entry, settings: DashboardSettings) -> Document:
    """Return the dashboard of one instrument."""
    own, grid, site_wide = entry["id"], Grid(), settings.instrument_alarms
    reading = model_of(entry).reading
    readings, sensors = channels.values(entry, reading.quantity), channels.values(entry, "sensor")
    title, values = channels.titles_of(reading)
    grid.add(alarms("Alarms", {"instrument": own}) | {"id": panel_id(own, "alarms")}, 12, 4)
    state = states("Agent", [agent_state(entry, what, site_wide) for what in AGENT_STATES])
    grid.add(state | {"id": panel_id(own, "agent")}, 12, 4)
    limits = channels.limits(entry, reading.quantity)
    over_time = plot(title, readings, reading.unit, log=channels.is_logarithmic(reading), limits=limits)
    grid.add(over_time | {"id": readings_panel(own)}, 12 if sensors else WIDTH, 10)
    if sensors:
        over_time = plot("Sensor reading", sensors, _unit_of(entry, "sensor"), limits=channels.limits(entry, "sensor"))
        grid.add(over_time | {"id": panel_id(own, "sensor")}, 12, 10)
    if entry.get("channels"):
        for line in readings:
            field = line.target.rpartition(".")[2]
            now = present(line.name, [line], reading.unit, reducer="last")
            grid.add(now | {"id": panel_id(own, "value", field)}, 4, 3)
    else:
        # The channels are not listed: one panel for those that have samples, instead of many without any.
        now = present(values, readings, reading.unit, reducer="last")
        grid.add(now | {"id": panel_id(own, "values")}, WIDTH, 6)
    grid.end_row()
    ages = channels.ages(entry, site_wide)
    height = max(4, 2 + len(ages) // 2)
    grid.add(bars("Age of the newest sample", ages, "s") | {"id": panel_id(own, "ages")}, 12, height)
    if entry.get("channels"):
        grid.add(
            states("Readings", channels.validity(entry, site_wide)) | {"id": panel_id(own, "validity")}, 12, height
        )
    for quantity, title in OUTPUTS.items():
        outputs, unit = channels.values(entry, quantity), _unit_of(entry, quantity)
        if outputs:
            grid.add(plot(title, outputs, unit) | {"id": panel_id(own, quantity)}, 18, 6)
            grid.add(present(title, outputs, unit) | {"id": panel_id(own, f"{quantity} now")}, 6, 6)
    return dashboard(
        instrument_uid(own),
        channels.title_of(entry),
        grid.panels,
        settings,
        [["agent", own], ["data-node", name_of(entry)], ["archive", own]],
    )


def _unit_of(entry: Entry, quantity: str) -> str | None:
    """Return the unit of all fields of `quantity`; `None` if they have several, or if it depends on the sensor."""
    units = {field.unit for field, _, _ in fields_of(entry) if field.quantity == quantity}
    return units.pop() if len(units) == 1 else None
