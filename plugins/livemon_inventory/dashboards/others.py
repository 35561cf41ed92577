"""What else there is to see: the feeds of other agents and the site's own data nodes, one plot each.

What channels they have shows only when they run, so a plot asks for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livemon_inventory.dashboards.dashboard import EVENTS, Site, dashboard
from livemon_inventory.dashboards.identity import OTHERS, panel_id
from livemon_inventory.dashboards.layout import Grid
from livemon_inventory.dashboards.panels import Line, plot
from livemon_inventory.plant import ADDRESS_ROOT, name_of

Entries = Sequence[Mapping[str, Any]]


def others(agents: Entries, further: Entries, site: Site) -> dict | None:
    """Return the dashboard; `None` where there is nothing to see."""
    grid = Grid()
    for title, pattern in _sources(agents, further):
        # The last node of a path is the channel's own name.
        grid.add(plot(title, [Line(f"aliasByNode({pattern}, -1)")], None) | {"id": panel_id("other", pattern)}, 12, 9)
    return dashboard(OTHERS, "Other channels", grid.panels, site, [[kind] for kind in EVENTS]) if grid.panels else None


def patterns(entry: Mapping[str, Any]) -> list[str]:
    """Return what finds the channels of an agent, one pattern for each of its feeds, or those of a data node."""
    if entry.get("kind", "feed") == "feed":
        source = entry.get("target") or entry["id"]
        return [f"{ADDRESS_ROOT}.{source}.feeds.{feed}.*" for feed in entry.get("feeds") or []]
    return [f"livemon.{entry['name']}.*"]


def _sources(agents: Entries, further: Entries) -> Iterator[tuple[str, str]]:
    for entry in (*agents, *further):
        name, found = name_of(entry) if "id" in entry else entry["name"], patterns(entry)
        title = f"{entry['description']} ({name})" if entry.get("description") else name
        for pattern in found:
            yield (title if len(found) == 1 else f"{title}: {pattern.split('.')[-2]}"), pattern
