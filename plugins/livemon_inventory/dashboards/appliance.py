"""The appliance's own health: agents, archive, data nodes and machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from livemon_inventory.alarms import silent_after
from livemon_inventory.appliance_alarms import ARCHIVE, MACHINE, OWN_AGENTS, of_appliance
from livemon_inventory.dashboards.channels import age, newest, value_steps
from livemon_inventory.dashboards.dashboard import EVENTS, Site, dashboard
from livemon_inventory.dashboards.identity import APPLIANCE, panel_id
from livemon_inventory.dashboards.layout import Grid
from livemon_inventory.dashboards.others import short_name, sources
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
    words,
)
from livemon_inventory.plant import ADDRESS_ROOT, name_of

AGENT_STATES = {
    "connected": words((1, "here", GREEN), (0, "gone", RED)),
    "degraded": words((0, "at work", GREEN), (1, "degraded", ORANGE)),
}
"""What is told of an agent, and how its values are shown."""
HEALTH = {
    "archive_lag": ("Archive lag", f"{ARCHIVE}.lag", "s"),
    "archive_lost": ("Samples lost", f"{ARCHIVE}.lost", None),
    "archive_gap": ("Newest gap", f"{ARCHIVE}.gap", "s"),
    "disk_used_percent": ("Disk used", f"{MACHINE}.disk_used", "%"),
    "disk_free_GB": ("Disk free", f"{MACHINE}.disk_free", "GB"),
    "certificate_days": ("Certificate", f"{MACHINE}.certificate_days", "d"),
    "clock_unsynchronized": ("Clock", f"{MACHINE}.clock_synchronized", None),
    "clock_error_s": ("Clock off by at most", f"{MACHINE}.clock_error", "s"),
    "memory": ("Memory", f"{MACHINE}.memory_used", "%"),
    "processors": ("Processors", f"{MACHINE}.cpu_used", "%"),
    "load": ("Load", f"{MACHINE}.load_1", None),
}
"""What is told of archive and machine, by the names of its alarms where it has one: title, channel, unit."""
_WORDS = {"clock_unsynchronized": words((1, "follows", GREEN), (0, "runs free", RED))}


def health(site: Site) -> dict[str, Line]:
    """Return a line for each of `HEALTH`, with the colours of its alarm."""
    limits = {
        alarm.kind: {alarm.severity: (None, limit) if alarm.test == "gt" else (limit, None)}
        for alarm in of_appliance(site.appliance_alarms, site.defaults)
        for limit in alarm.limits
    }
    return {
        kind: Line(target, title, steps=value_steps(limits.get(kind, {})), mappings=_WORDS.get(kind, []), unit=unit)
        for kind, (title, target, unit) in HEALTH.items()
    }


def agent_ids(instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the instance-ids of all agents: our own, the instruments', and any other."""
    return [*OWN_AGENTS, *(each["id"] for each in (*instruments, *agents))]


def agent_state(agent: str, what: str, name: str | None = None) -> Line:
    """Return one of an agent's states over time."""
    return Line(f"{ADDRESS_ROOT}.{agent}.agent.{what}", name or what, mappings=AGENT_STATES[what])


def in_short(instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]], site: Site) -> list[Line]:
    """Return what the overview tells of the appliance."""
    everybody = f"{ADDRESS_ROOT}.{{{','.join(agent_ids(instruments, agents))}}}.agent.connected"
    all_here = words((1, "all here", GREEN), (0, "one is gone", RED))
    lines = health(site)
    told = ("archive_lag", "disk_used_percent", "clock_unsynchronized", "certificate_days")
    return [Line(f"minSeries({everybody})", "Agents", mappings=all_here), *(lines[kind] for kind in told)]


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
    lines = health(site)
    _add_archive(grid, lines)
    _add_machine(grid, lines)
    nodes = _newest(instruments, agents, further, site)
    if nodes:
        _start(grid, "Data nodes")
        panel = bars("Age of the newest sample of each node", nodes, "s")
        grid.add(_named("nodes", panel), 24, 3 + len(nodes) // 2)
    return dashboard(APPLIANCE, "Appliance", grid.panels, site, [[kind] for kind in EVENTS])


def _add_archive(grid: Grid, lines: Mapping[str, Line]) -> None:
    _start(grid, "Archive")
    for kind in ("archive_lag", "archive_lost", "archive_gap"):
        grid.add(_present(kind, lines[kind]), 4, 6)
    grid.add(_over_time("archive_lag", lines), 12, 6)


def _add_machine(grid: Grid, lines: Mapping[str, Line]) -> None:
    _start(grid, "Machine")
    for kind in (
        "disk_used_percent",
        "disk_free_GB",
        "certificate_days",
        "clock_unsynchronized",
        "clock_error_s",
        "memory",
    ):
        grid.add(_present(kind, lines[kind]), 4, 4)
    grid.add(_over_time("disk_free_GB", lines), 8, 7)
    grid.add(_over_time("clock_error_s", lines), 8, 7)
    use = [lines[kind] for kind in ("processors", "memory", "load")]
    grid.add(_named("use", plot("Use and load", use, None)), 8, 7)


def _present(kind: str, line: Line) -> dict:
    return _named(kind, present(line.name, [line], line.unit))


def _over_time(kind: str, lines: Mapping[str, Line]) -> dict:
    line = lines[kind]
    return _named(f"{kind} over time", plot(line.name, [line], line.unit))


def _newest(
    instruments: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    further: Sequence[Mapping[str, Any]],
    site: Site,
) -> list[Line]:
    """Return the age of the newest sample of each data node that follows a feed or a file."""
    lines = [newest(each, name_of(each), site.defaults) for each in instruments]
    for entry in (*agents, *further):
        limit = silent_after(entry) if "id" in entry else None
        lines += [age(f"minSeries(age.{pattern})", name, limit) for name, pattern in sources(entry, short_name(entry))]
    return lines


def _start(grid: Grid, title: str) -> None:
    grid.end_row()
    grid.add(_named(f"row {title}", heading(title)), 24, 1)
    grid.end_row()


def _named(name: str, panel: dict) -> dict:
    return panel | {"id": panel_id("appliance", name)}
