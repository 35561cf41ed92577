"""The appliance's own health: agents, archive, data nodes and machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ....contract import contract
from ...instruments import ADDRESS_ROOT, name_of
from ..alarms.appliance import ARCHIVE, MACHINE, OWN_AGENTS, of_appliance
from ..alarms.requested import by_itself
from ..identity import APPLIANCE, panel_id
from .channels import COLORS, Limits, age, color_of, limit_lines, newest, value_steps
from .dashboard import EVENTS, Site, dashboard
from .layout import Grid
from .others import short_name, sources
from .panels import GRAY, GREEN, Line, alarms, bars, heading, plot, present, states, words


@dataclass(frozen=True)
class State:
    """A truth value of an agent: its words while all is well and while not, what is worse, and the alarm that says how bad."""

    well: tuple[int, str]
    ill: tuple[int, str]
    worse: str
    alarm: str


AGENT_STATES = {
    "connected": State(well=(1, "here"), ill=(0, "gone"), worse="min", alarm="away_after"),
    "degraded": State(well=(0, "at work"), ill=(1, "degraded"), worse="max", alarm="degraded_after"),
}
"""What is told of an agent."""
STATE_EVERY = "30s"
"""In which there is always a sample of an agent's state, and none only while nobody looks after the agents."""
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
_WORDS = {"clock_unsynchronized": ((1, "follows"), (0, "runs free"))}
"""Of truth values: the word while all is well, and while not."""


def limits_of_health(site: Site) -> dict[str, Limits]:
    """Return the limits of what has an alarm by the alarms' names, as those of a channel."""
    return {
        alarm.kind: {alarm.severity: (None, limit) if alarm.test == "gt" else (limit, None)}
        for alarm in of_appliance(site.appliance_alarms, site.defaults)
        for limit in alarm.limits
    }


def health(site: Site) -> dict[str, Line]:
    """Return a line for each of `HEALTH`, with the colours of its alarm."""
    limits = limits_of_health(site)
    lines = {}
    for kind, (title, target, unit) in HEALTH.items():
        own = limits.get(kind, {})
        color = next((COLORS[severity] for severity in own), GRAY)
        mappings = _judged(*_WORDS[kind], color) if kind in _WORDS else []
        lines[kind] = Line(target, title, steps=value_steps(own), mappings=mappings, unit=unit)
    return lines


def _judged(well: tuple[int, str], ill: tuple[int, str], color: str) -> list[dict]:
    """Return the words of a truth value, green while all is well."""
    return words((*well, GREEN), (*ill, color))


def all_agents(
    instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return all agents: our own, the instruments', and any other."""
    return [*({"id": each} for each in OWN_AGENTS), *instruments, *agents]


def agent_state(entry: Mapping[str, Any], what: str, defaults: Mapping[str, Any], name: str | None = None) -> Line:
    """Return one of an agent's states over time: in each piece of time the worse one, and none where nobody looked."""
    state = AGENT_STATES[what]
    path = f"{ADDRESS_ROOT}.{entry['id']}.agent.{what}"
    return Line(
        _watched(path, state.worse),
        name or what,
        mappings=_judged(state.well, state.ill, color_of(state.alarm, entry, None, defaults)),
    )


def _watched(target: str, worse: str) -> str:
    """Return a target of agents' states on regular times, so that it is null where nobody looked."""
    return f'consolidateBy(summarize({target},"{STATE_EVERY}","{worse}"),"{worse}")'


def in_short(instruments: Sequence[Mapping[str, Any]], agents: Sequence[Mapping[str, Any]], site: Site) -> list[Line]:
    """Return what the overview tells of the appliance.

    Whether all agents are here is told of the newest piece of time, or of the one before while that has no sample yet.
    """
    everybody = all_agents(instruments, agents)
    colors = {color_of("away_after", each, None, site.defaults) for each in everybody}
    worst = next((color for color in COLORS.values() if color in colors), GRAY)
    lines = health(site)
    told = ("archive_lag", "disk_used_percent", "clock_unsynchronized", "certificate_days")
    target = f"minSeries({ADDRESS_ROOT}.{{{','.join(each['id'] for each in everybody)}}}{contract.CONNECTED})"
    target = f"keepLastValue({_watched(target, 'min')},1)"
    together = Line(target, "Agents", mappings=_judged((1, "all here"), (0, "one gone"), worst))
    return [together, *(lines[kind] for kind in told)]


def appliance(
    instruments: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    further: Sequence[Mapping[str, Any]],
    site: Site,
) -> dict:
    """Return the dashboard of the appliance's health."""
    everybody, grid = all_agents(instruments, agents), Grid()
    height = 3 + len(everybody)
    grid.add(_named("alarms", alarms("Alarms")), 8, max(8, height))
    for what, title in (("connected", "Agents: heartbeat"), ("degraded", "Agents: at work")):
        lines = [agent_state(each, what, site.defaults, name=each["id"]) for each in everybody]
        grid.add(_named(what, states(title, lines)), 8, max(8, height))
    lines, limits = health(site), limits_of_health(site)
    _add_archive(grid, lines, limits)
    _add_machine(grid, lines, limits)
    nodes = _newest(instruments, agents, further, site)
    if nodes:
        _start(grid, "Data nodes")
        panel = bars("Age of the newest sample of each node", nodes, "s")
        grid.add(_named("nodes", panel), 24, 3 + len(nodes) // 2)
    return dashboard(APPLIANCE, "Appliance", grid.panels, site, [[kind] for kind in EVENTS])


def _add_archive(grid: Grid, lines: Mapping[str, Line], limits: Mapping[str, Limits]) -> None:
    _start(grid, "Archive")
    for kind in ("archive_lag", "archive_lost", "archive_gap"):
        grid.add(_present(kind, lines[kind]), 4, 6)
    grid.add(_over_time("archive_lag", lines, limits), 12, 6)


def _add_machine(grid: Grid, lines: Mapping[str, Line], limits: Mapping[str, Limits]) -> None:
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
    grid.add(_over_time("disk_free_GB", lines, limits), 8, 7)
    grid.add(_over_time("clock_error_s", lines, limits), 8, 7)
    use = [lines[kind] for kind in ("processors", "memory", "load")]
    grid.add(_named("use", plot("Use and load", use, None)), 8, 7)


def _present(kind: str, line: Line) -> dict:
    return _named(kind, present(line.name, [line], line.unit))


def _over_time(kind: str, lines: Mapping[str, Line], limits: Mapping[str, Limits]) -> dict:
    line = lines[kind]
    drawn = limit_lines([limits.get(kind, {})])
    return _named(f"{kind} over time", plot(line.name, [line], line.unit, limits=drawn))


def _newest(
    instruments: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    further: Sequence[Mapping[str, Any]],
    site: Site,
) -> list[Line]:
    """Return the age of the newest sample of each data node that follows a feed or a file."""
    lines = [newest(each, name_of(each), site.defaults) for each in instruments]
    for entry in (*agents, *further):
        silence = by_itself("silent_after", entry)
        lines += [
            age(f"minSeries(age.{pattern})", name, silence) for name, pattern in sources(entry, short_name(entry))
        ]
    return lines


def _start(grid: Grid, title: str) -> None:
    grid.end_row()
    grid.add(_named(f"row {title}", heading(title)), 24, 1)
    grid.end_row()


def _named(name: str, panel: dict) -> dict:
    return panel | {"id": panel_id("appliance", name)}
