"""Other channels: the feeds of other agents and the data nodes that the site adds, one plot each.

Which channels they have is known only when they run, so a plot asks for all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from ...agent_fields import alarms_of, field_path, fields_of, listed_fields
from ...alarm_settings import limits_of
from ...data_nodes import EXTERNAL
from ...entries import Document, Entries, Entry
from ...instruments import ADDRESS_ROOT, name_of
from ..identity import OTHERS, panel_id
from .channels import value_steps
from .dashboard import EVENTS, DashboardSettings, dashboard
from .layout import WIDTH, Grid
from .panels import Line, plot, present

WEATHER = {
    "temperature": ("{temperature,dewpoint}", "°C"),
    "humidity": ("humidity", "%"),
    "pressure": ("pressure", "hPa"),
    "wind speed": ("windspeed", "m/s"),
    "wind direction": ("winddirection", "°"),
    "precipitable water": ("radiometer", "mm"),
}
"""The plots of a weather node, each with one axis: by its title, a pattern of its channels and their unit."""


class _Plot(NamedTuple):
    title: str
    pattern: str
    unit: str | None


def others(agents: Entries, data_nodes: Entries, settings: DashboardSettings) -> Document | None:
    """Return the dashboard; `None` if there are no other channels."""
    grid = Grid()
    for agent in agents:
        lines = measured(agent)
        if lines:
            grid.add(present(title_of(agent), lines, None) | {"id": panel_id(agent["id"], "values")}, WIDTH, 4)
    for entry in (*agents, *data_nodes):
        weather = entry.get("kind") == "weather"
        for title, pattern, unit in _weather(entry) if weather else _feeds(entry):
            # The last part of a path is the channel's own name.
            channels = [Line(f"aliasByNode({pattern}, -1)")]
            width, height = (8, 7) if weather else (12, 9)
            grid.add(plot(title, channels, unit) | {"id": panel_id("other", pattern)}, width, height)
    if not grid.panels:
        return None
    return dashboard(OTHERS, "Other channels", grid.panels, settings, [[kind] for kind in EVENTS])


def measured(agent: Entry) -> list[Line]:
    """Return a line for each field of an agent that the inventory lists or that has alarms, in the colours of these."""
    known = {field.key: field for field in fields_of(agent)}
    entries: dict[str, list[Entry]] = {field.key: [] for field in listed_fields(agent)}
    for entry in alarms_of(agent):
        entries.setdefault(entry["field"], []).append(entry)
    lines: dict[str, Line] = {}
    for key, own in entries.items():
        field = known.get(key)
        label = _first(own, "label") or (field and field.label) or key
        unit = _first(own, "unit") or (field and field.unit) or None
        name = label if label not in lines else f"{label} ({key})"
        lines[name] = Line(field_path(agent, key), name, steps=value_steps(limits_of(own)), unit=unit)
    return list(lines.values())


def title_of(entry: Entry) -> str:
    """Return what people call an agent or a data node."""
    name = name_of(entry)
    return f"{entry['description']} ({name})" if entry.get("description") else name


def sources(entry: Entry, name: str) -> list[tuple[str, str]]:
    """Return title and pattern for the channels of each feed of an agent, or for those of a data node; titles start with `name`."""
    if entry.get("kind") == EXTERNAL:  # its paths are those of its program, or of the bridge
        return [(name, f"{{livemon,sisock}}.{entry['name']}.*")]
    if entry.get("kind", "feed") != "feed":
        return [(name, f"livemon.{entry['name']}.*")]
    feeds, source = entry.get("feeds") or [], entry.get("target") or entry["id"]
    return [
        (name if len(feeds) == 1 else f"{name}: {feed}", f"{ADDRESS_ROOT}.{source}.feeds.{feed}.*") for feed in feeds
    ]


def _feeds(entry: Entry) -> list[_Plot]:
    """Return the plots of an agent's feeds; the units of their channels are not known."""
    return [_Plot(title, pattern, None) for title, pattern in sources(entry, title_of(entry))]


def _weather(entry: Entry) -> list[_Plot]:
    return [
        _Plot(f"{title_of(entry)}: {what}", f"livemon.{entry['name']}.{fields}", unit)
        for what, (fields, unit) in WEATHER.items()
    ]


def _first(entries: Entries, key: str) -> str | None:
    return next((entry[key] for entry in entries if entry.get(key)), None)
