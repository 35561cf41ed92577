"""The appliance's own health: agents, archive, data nodes and machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from livemon_inventory.alarms import silent_after
from livemon_inventory.dashboards.channels import age_line, path_of
from livemon_inventory.dashboards.dashboard import EVENTS, Site, dashboard
from livemon_inventory.dashboards.identity import APPLIANCE, panel_id
from livemon_inventory.dashboards.layout import Grid
from livemon_inventory.dashboards.panels import (
    GREEN,
    ORANGE,
    RED,
    Line,
    alarms,
    bars,
    heading,
    plot,
    present,
    states,
    steps,
    words,
)
from livemon_inventory.plant import ADDRESS_ROOT, name_of

AGENT_STATES = {
    "connected": words((1, "here", GREEN), (0, "gone", RED)),
    "degraded": words((0, "at work", GREEN), (1, "degraded", ORANGE)),
}
"""What is told of an agent, and how its values are shown."""
OWN_AGENTS = ("registry", "aggregator")
ARCHIVE = f"{ADDRESS_ROOT}.aggregator.feeds.archive"
MACHINE = "livemon.sensors"

_NONE_IS_GREEN = steps((None, GREEN), (1e-9, RED))
ARCHIVE_LAG = Line(
    f"{ARCHIVE}.lag", "Archive behind by", steps=steps((None, GREEN), (120, ORANGE), (600, RED)), unit="s"
)
ARCHIVE_LOST = Line(f"{ARCHIVE}.lost", "Samples lost", steps=_NONE_IS_GREEN)
ARCHIVE_GAP = Line(f"{ARCHIVE}.gap", "Newest gap", steps=_NONE_IS_GREEN, unit="s")
DISK_USED = Line(f"{MACHINE}.disk_used", "Disk used", steps=steps((None, GREEN), (80, ORANGE), (90, RED)), unit="%")
DISK_FREE = Line(f"{MACHINE}.disk_free", "Disk free", unit="GB")
CLOCK_OFFSET = Line(
    f"{MACHINE}.clock_offset", "Clock off by", steps=steps((None, RED), (-0.1, GREEN), (0.1, RED)), unit="s"
)
CLOCK = Line(
    f"{MACHINE}.clock_synchronized", "Clock", mappings=words((1, "synchronised", GREEN), (0, "runs free", RED))
)
CERTIFICATE = Line(
    f"{MACHINE}.certificate_days", "Certificate ends in", steps=steps((None, RED), (7, ORANGE), (21, GREEN)), unit="d"
)
LOAD = Line(f"{MACHINE}.load_1", "Load")
PROCESSORS = Line(f"{MACHINE}.cpu_used", "Processors", steps=steps((None, GREEN), (95, ORANGE)), unit="%")
MEMORY = Line(f"{MACHINE}.memory_used", "Memory", steps=steps((None, GREEN), (85, ORANGE), (95, RED)), unit="%")


def agent_ids(instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the instance-ids of all agents: our own, the instruments', and any other."""
    return [*OWN_AGENTS, *(each["id"] for each in (*instruments, *agents))]


def agent_state(agent: str, what: str, name: str | None = None) -> Line:
    """Return one of an agent's states over time."""
    return Line(f"{ADDRESS_ROOT}.{agent}.agent.{what}", name or what, mappings=AGENT_STATES[what])


def in_short(instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]]) -> list[Line]:
    """Return what the overview tells of the appliance."""
    everybody = f"{ADDRESS_ROOT}.{{{','.join(agent_ids(instruments, agents))}}}.agent.connected"
    all_here = words((1, "all here", GREEN), (0, "one is gone", RED))
    return [
        Line(f"minSeries({everybody})", "Agents", mappings=all_here),
        ARCHIVE_LAG,
        DISK_USED,
        CLOCK,
        CERTIFICATE,
    ]


def appliance(
    instruments: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    further: Sequence[Mapping[str, Any]],
    site: Site,
) -> dict:
    """Return the dashboard of the appliance's health."""
    ids, grid = agent_ids(instruments, agents), Grid()
    height = 3 + len(ids)
    grid.add(_named("alarms", alarms("Alarms")), 8, max(8, height))
    for what, title in (("connected", "Agents: heartbeat"), ("degraded", "Agents: at work")):
        lines = [agent_state(agent, what, name=agent) for agent in ids]
        grid.add(_named(what, states(title, lines)), 8, max(8, height))
    _add_archive(grid)
    _add_machine(grid)
    nodes = _newest(instruments, agents, further, site)
    if nodes:
        _start(grid, "Data nodes")
        panel = bars("Seconds since the newest sample of each node", nodes, "s")
        grid.add(_named("nodes", panel), 24, 3 + len(nodes) // 2)
    return dashboard(APPLIANCE, "Appliance", grid.panels, site, [[kind] for kind in EVENTS])


def _add_archive(grid: Grid) -> None:
    _start(grid, "Archive")
    for line in (ARCHIVE_LAG, ARCHIVE_LOST, ARCHIVE_GAP):
        grid.add(_named(line.name, present(line.name, [line], line.unit)), 4, 6)
    grid.add(_named("lag", plot("Archive behind by", [ARCHIVE_LAG], "s")), 12, 6)


def _add_machine(grid: Grid) -> None:
    _start(grid, "Machine")
    for line in (DISK_USED, DISK_FREE, CERTIFICATE, CLOCK, CLOCK_OFFSET, MEMORY):
        grid.add(_named(line.name, present(line.name, [line], line.unit)), 4, 4)
    grid.add(_named("disk", plot("Disk free", [DISK_FREE], "GB")), 8, 7)
    grid.add(_named("clock", plot("Clock off by", [CLOCK_OFFSET], "s")), 8, 7)
    grid.add(_named("use", plot("Use and load", [PROCESSORS, MEMORY, LOAD], None)), 8, 7)


def _newest(
    instruments: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    further: Sequence[Mapping[str, Any]],
    site: Site,
) -> list[Line]:
    """Return the age of the newest sample of each data node that follows a feed or a file."""
    lines = []
    for each in instruments:
        line = age_line(path_of(each, "*"), name_of(each), silent_after(each, None, site.defaults))
        lines.append(replace(line, target=f"minSeries({line.target})"))
    for agent in agents:
        feeds = agent.get("feeds") or []
        found = ",".join(f"age.{ADDRESS_ROOT}.{agent['id']}.feeds.{feed}.*" for feed in feeds)
        if found:
            lines.append(Line(f"minSeries({found})", name_of(agent)))
    lines += [Line(f"minSeries(age.{_of_node(node)})", node["name"]) for node in further]
    return lines


def _of_node(node: Mapping[str, Any]) -> str:
    if node["kind"] == "feed":
        return f"{ADDRESS_ROOT}.{node['target']}.feeds.{node['feeds'][0]}.*"
    return f"livemon.{node['name']}.*"


def _start(grid: Grid, title: str) -> None:
    grid.end_row()
    grid.add(_named(f"row {title}", heading(title)), 24, 1)
    grid.end_row()


def _named(name: str, panel: dict) -> dict:
    return panel | {"id": panel_id("appliance", name)}
