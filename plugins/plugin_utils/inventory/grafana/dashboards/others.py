"""What else there is to see: the feeds of other agents and the site's own data nodes, one plot each.

What channels they have shows only when they run, so a plot asks for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...data_nodes import EXTERNAL
from ...instruments import ADDRESS_ROOT, name_of
from ..alarms.requested import limits_of
from ..identity import OTHERS, panel_id
from .channels import value_steps
from .dashboard import EVENTS, Site, dashboard
from .layout import WIDTH, Grid
from .panels import Line, plot, present

Entries = Sequence[Mapping[str, Any]]
WEATHER = {
    "temperature": ("{temperature,dewpoint}", "°C"),
    "humidity": ("humidity", "%"),
    "pressure": ("pressure", "hPa"),
    "wind speed": ("windspeed", "m/s"),
    "wind direction": ("winddirection", "°"),
    "precipitable water": ("radiometer", "mm"),
}
"""The channels of a weather node, each plot with one axis: its title, what finds them, their unit."""


def others(agents: Entries, further: Entries, site: Site) -> dict | None:
    """Return the dashboard; `None` where there is nothing to see."""
    grid = Grid()
    for agent in agents:
        lines = measured(agent)
        if lines:
            grid.add(present(title_of(agent), lines, None) | {"id": panel_id(agent["id"], "values")}, WIDTH, 4)
    for entry in (*agents, *further):
        weather = entry.get("kind") == "weather"
        for title, pattern, unit in _weather(entry) if weather else _feeds(entry):
            # The last node of a path is the channel's own name.
            channels = [Line(f"aliasByNode({pattern}, -1)")]
            width, height = (8, 7) if weather else (12, 9)
            grid.add(plot(title, channels, unit) | {"id": panel_id("other", pattern)}, width, height)
    return dashboard(OTHERS, "Other channels", grid.panels, site, [[kind] for kind in EVENTS]) if grid.panels else None


def measured(agent: Mapping[str, Any]) -> list[Line]:
    """Return a line for each field of an agent that has alarms, in their colours."""
    entries: dict[str, list[Mapping[str, Any]]] = {}
    for entry in agent.get("alarms") or []:
        entries.setdefault(entry["field"], []).append(entry)
    lines: dict[str, Line] = {}
    for field, own in entries.items():
        label = _first(own, "label") or field
        name = label if label not in lines else f"{label} ({field})"
        path = f"{ADDRESS_ROOT}.{agent['id']}.feeds.{field}"
        lines[name] = Line(path, name, steps=value_steps(limits_of({"alarms": own})), unit=_first(own, "unit"))
    return list(lines.values())


def short_name(entry: Mapping[str, Any]) -> str:
    """What an agent or a data node is called before its fields."""
    return name_of(entry) if "id" in entry else entry["name"]


def title_of(entry: Mapping[str, Any]) -> str:
    """What an agent or a data node is called for people."""
    name = short_name(entry)
    return f"{entry['description']} ({name})" if entry.get("description") else name


def sources(entry: Mapping[str, Any], name: str) -> list[tuple[str, str]]:
    """Return what finds the channels of each feed of an agent, or those of a data node, and what to call it after `name`."""
    if entry.get("kind") == EXTERNAL:  # whose paths are what its program says, or the bridge's
        return [(name, f"{{livemon,sisock}}.{entry['name']}.*")]
    if entry.get("kind", "feed") != "feed":
        return [(name, f"livemon.{entry['name']}.*")]
    feeds, source = entry.get("feeds") or [], entry.get("target") or entry["id"]
    return [
        (name if len(feeds) == 1 else f"{name}: {feed}", f"{ADDRESS_ROOT}.{source}.feeds.{feed}.*") for feed in feeds
    ]


def _feeds(entry: Mapping[str, Any]) -> list[tuple[str, str, None]]:
    """Return title, pattern and unit of each plot: what units a feed's channels have nobody says."""
    return [(title, pattern, None) for title, pattern in sources(entry, title_of(entry))]


def _weather(entry: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f"{title_of(entry)}: {what}", f"livemon.{entry['name']}.{fields}", unit)
        for what, (fields, unit) in WEATHER.items()
    ]


def _first(entries: Entries, key: str) -> str | None:
    return next((entry[key] for entry in entries if entry.get(key)), None)
