"""One instrument: its temperatures and sensor readings over time, and each channel's present value."""

from __future__ import annotations

from ...entries import Document, Entry
from ...instruments import model_of, name_of
from ..identity import instrument_uid, panel_id, temperature_panel
from . import channels
from .appliance import AGENT_STATES, agent_state
from .dashboard import DashboardSettings, dashboard
from .layout import WIDTH, Grid
from .panels import alarms, bars, plot, present, states


def instrument(entry: Entry, settings: DashboardSettings) -> Document:
    """Return the dashboard of one instrument."""
    own, grid, site_wide = entry["id"], Grid(), settings.instrument_alarms
    temperatures, readings = channels.values(entry, "temperature"), channels.values(entry, "sensor")
    unit = _common_unit(entry)
    grid.add(alarms("Alarms", {"instrument": own}) | {"id": panel_id(own, "alarms")}, 12, 4)
    state = states("Agent", [agent_state(entry, what, site_wide) for what in AGENT_STATES])
    grid.add(state | {"id": panel_id(own, "agent")}, 12, 4)
    over_time = plot("Temperature", temperatures, "K", log=True, limits=channels.limits(entry, "temperature"))
    grid.add(over_time | {"id": temperature_panel(own)}, 12, 10)
    over_time = plot("Sensor reading", readings, unit, limits=channels.limits(entry, "sensor"))
    grid.add(over_time | {"id": panel_id(own, "sensor")}, 12, 10)
    if entry.get("channels"):
        for line in temperatures:
            field = line.target.rpartition(".")[2]
            grid.add(present(line.name, [line], "K", reducer="last") | {"id": panel_id(own, "value", field)}, 4, 3)
    else:
        # The channels are not listed: one panel for those that have samples, instead of many without any.
        grid.add(present("Temperatures", temperatures, "K", reducer="last") | {"id": panel_id(own, "values")}, WIDTH, 6)
    grid.end_row()
    ages = channels.ages(entry, site_wide)
    height = max(4, 2 + len(ages) // 2)
    grid.add(bars("Age of the newest sample", ages, "s") | {"id": panel_id(own, "ages")}, 12, height)
    if entry.get("channels"):
        grid.add(
            states("Readings", channels.validity(entry, site_wide)) | {"id": panel_id(own, "validity")}, 12, height
        )
    heaters = channels.values(entry, "heater")
    if heaters:
        grid.add(plot("Heater", heaters, None) | {"id": panel_id(own, "heater")}, 18, 6)
        grid.add(present("Heater", heaters, None) | {"id": panel_id(own, "heater now")}, 6, 6)
    return dashboard(
        instrument_uid(own),
        channels.title_of(entry),
        grid.panels,
        settings,
        [["agent", own], ["data-node", name_of(entry)], ["archive", own]],
    )


def _common_unit(entry: Entry) -> str | None:
    """Return the unit of the sensor readings; `None` if it depends on the sensor."""
    model = model_of(entry)
    return next(field.unit for field in model.fields(model.channels[0]) if field.quantity == "sensor")
