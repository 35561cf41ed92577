"""One agent whose fields are known: those of each unit over time, present values, ages, and whatever else its feeds have."""

from __future__ import annotations

from collections.abc import Iterator

from ...agent_fields import AgentField, alarms_of, field_path, fields_of, listed_fields
from ...alarm_settings import default_alarm, limits_of
from ...entries import Document, Entry
from ...instruments import name_of
from ..identity import agent_uid, panel_id
from . import channels
from .appliance import AGENT_STATES, agent_state
from .dashboard import DashboardSettings, dashboard
from .layout import WIDTH, Grid
from .others import measured, sources, title_of
from .panels import Line, alarms, bars, plot, present, states

LOGARITHMIC = ("K", "mbar")
"""Units of which a cryostat has values across many decades."""


def has_dashboard(agent: Entry) -> bool:
    """Whether anything is known of an agent's fields; the plots of all others are in one dashboard (others.py)."""
    return bool(fields_of(agent))


def agent(entry: Entry, settings: DashboardSettings) -> Document:
    """Return the dashboard of one agent."""
    own, grid = entry["id"], Grid()
    grid.add(alarms("Alarms", {"instrument": own}) | {"id": panel_id(own, "alarms")}, 12, 4)
    state = states("Agent", [agent_state(entry, what, settings.instrument_alarms) for what in AGENT_STATES])
    grid.add(state | {"id": panel_id(own, "agent")}, 12, 4)
    lines = measured(entry)
    if lines:
        grid.add(present("Present values", lines, None) | {"id": panel_id(own, "values")}, WIDTH, 4)
    for unit, fields in _by_unit(fields_of(entry)).items():
        over_time = plot(
            _title(unit), list(_lines(entry, fields)), unit, log=unit in LOGARITHMIC, limits=_limits(entry, fields)
        )
        grid.add(over_time | {"id": panel_id(own, "unit", unit or "")}, 12, 10)
    grid.end_row()
    listed = listed_fields(entry)
    if listed:
        ages = [_age(entry, field) for field in listed]
        height = max(4, 2 + len(ages) // 2)
        grid.add(bars("Age of the newest sample", ages, "s") | {"id": panel_id(own, "ages")}, WIDTH, height)
    for title, pattern in sources(entry, "All fields"):
        grid.add(plot(title, [Line(f"aliasByNode({pattern}, -1)")], None) | {"id": panel_id(own, pattern)}, WIDTH, 9)
    return dashboard(
        agent_uid(own),
        title_of(entry),
        grid.panels,
        settings,
        [["agent", own], ["data-node", name_of(entry)], ["archive", own]],
    )


def _by_unit(fields: list[AgentField]) -> dict[str | None, list[AgentField]]:
    """Return the fields of each unit, those without one last."""
    found: dict[str | None, list[AgentField]] = {}
    for field in sorted(fields, key=lambda field: field.unit is None):
        found.setdefault(field.unit, []).append(field)
    return found


def _title(unit: str | None) -> str:
    return "Temperature" if unit == "K" else unit or "Without a unit"


def _lines(entry: Entry, fields: list[AgentField]) -> Iterator[Line]:
    """Yield a line for each field. Where two have the same label, the later one has its field's name beside it."""
    labels = set[str]()
    for field in fields:
        label = field.label or field.name
        name = f"{label} ({field.key})" if label in labels else label
        labels.add(name)
        yield Line(field_path(entry, field.key), name)


def _limits(entry: Entry, fields: list[AgentField]) -> list[tuple[float, str]]:
    keys = {field.key for field in fields}
    entries = [each for each in alarms_of(entry) if each["field"] in keys]
    return channels.limit_lines([limits_of([each]) for each in entries])


def _age(entry: Entry, field: AgentField) -> Line:
    silence = default_alarm("silent_after", entry, field.options)
    return channels.age(f"age.{field_path(entry, field.key)}", field.label or field.name, silence)
