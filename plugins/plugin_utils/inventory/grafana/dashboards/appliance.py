"""The health of the appliance itself: agents, archive, data nodes and machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ....contract import contract
from ...alarm_settings import Limits, Range, default_alarm
from ...entries import Document, Entries, Entry
from ...instruments import ADDRESS_ROOT, name_of
from ..alarms.kinds import ARCHIVE, KINDS, MACHINE, OWN_AGENTS, limit_of
from ..alarms.model import ABOVE
from ..identity import APPLIANCE, panel_id
from .channels import COLORS, age, color_of, limit_lines, newest, value_steps
from .dashboard import EVENTS, DashboardSettings, dashboard
from .layout import Grid
from .others import sources
from .panels import GRAY, GREEN, Line, alarms, bars, heading, plot, present, states, words


class State(NamedTuple):
    """A state of an agent: its words for a good and a bad value, which value is worse, and the alarm that gives its colour."""

    good: tuple[int, str]
    bad: tuple[int, str]
    worse: str
    alarm: str


class Value(NamedTuple):
    """A value of the archive or the machine: title, channel and unit."""

    title: str
    target: str
    unit: str | None


AGENT_STATES = {
    "connected": State(good=(1, "here"), bad=(0, "gone"), worse="min", alarm="away_after"),
    "degraded": State(good=(0, "at work"), bad=(1, "degraded"), worse="max", alarm="degraded_after"),
}
"""The states of each agent."""
STATE_EVERY = "30s"
"""In this time there is always a sample of an agent's state, unless the agents are not being watched."""
HEALTH: Mapping[str, Value] = {
    "archive_lag": Value("Archive lag", contract.LAG, "s"),
    "archive_lost": Value("Samples lost", f"{ARCHIVE}.lost", None),
    "archive_gap": Value("Newest gap", f"{ARCHIVE}.gap", "s"),
    "disk_used_percent": Value("Disk used", contract.DISK_USED, "%"),
    "disk_free_GB": Value("Disk free", f"{MACHINE}.disk_free", "GB"),
    "certificate_days": Value("Certificate", contract.CERTIFICATE_DAYS, "d"),
    "clock_unsynchronized": Value("Clock", f"{MACHINE}.clock_synchronized", None),
    "clock_error_s": Value("Clock off by at most", f"{MACHINE}.clock_error", "s"),
    "memory": Value("Memory", f"{MACHINE}.memory_used", "%"),
    "processors": Value("Processors", f"{MACHINE}.cpu_used", "%"),
    "load": Value("Load", f"{MACHINE}.load_1", None),
}
"""The values of archive and machine, by the name of their alarm if they have one."""
_WORDS = {"clock_unsynchronized": ((1, "follows"), (0, "runs free"))}
"""The words for a good and a bad value."""


def limits_of_health(appliance_alarms: Entry) -> dict[str, Limits]:
    """Return the limits of the values of `HEALTH` whose alarm is on."""
    limits = {name: limit_of(name, appliance_alarms) for name in HEALTH if name in KINDS}
    return {
        name: {severity: Range(high=limit) if KINDS[name].test == ABOVE else Range(low=limit)}
        for name, (limit, severity) in limits.items()
        if limit is not None
    }


def health(appliance_alarms: Entry) -> dict[str, Line]:
    """Return a line for each of `HEALTH`, with the colours of its alarm."""
    limits = limits_of_health(appliance_alarms)
    lines = {}
    for kind, (title, target, unit) in HEALTH.items():
        own = limits.get(kind, {})
        color = next((COLORS[severity] for severity in own), GRAY)
        mappings = _judged(*_WORDS[kind], color) if kind in _WORDS else []
        lines[kind] = Line(target, title, steps=value_steps(own), mappings=mappings, unit=unit)
    return lines


def _judged(good: tuple[int, str], bad: tuple[int, str], color: str) -> list[Document]:
    """Return the words for a good and a bad value, the good one green."""
    return words((*good, GREEN), (*bad, color))


def all_agents(instruments: Entries, agents: Entries) -> list[Entry]:
    """Return all agents: our own, the instruments', and any other."""
    return [*({"id": each} for each in OWN_AGENTS), *instruments, *agents]


def agent_state(entry: Entry, what: str, site_wide: Entry, name: str | None = None) -> Line:
    """Return one of an agent's states over time: the worse one of each `STATE_EVERY`, and none while it was not watched."""
    state = AGENT_STATES[what]
    path = f"{ADDRESS_ROOT}.{entry['id']}.agent.{what}"
    return Line(
        _watched(path, state.worse),
        name or what,
        mappings=_judged(state.good, state.bad, color_of(state.alarm, entry, None, site_wide)),
    )


def _watched(target: str, worse: str) -> str:
    """Return a target of agents' states at regular times, so that it is null while they were not watched."""
    return f'consolidateBy(summarize({target},"{STATE_EVERY}","{worse}"),"{worse}")'


def summary(instruments: Entries, agents: Entries, settings: DashboardSettings) -> list[Line]:
    """Return what the overview shows of the appliance.

    Whether all agents are here is that of the newest `STATE_EVERY`, or of the one before while that has no sample yet.
    """
    everyone = all_agents(instruments, agents)
    colors = {color_of("away_after", each, None, settings.instrument_alarms) for each in everyone}
    worst = next((color for color in COLORS.values() if color in colors), GRAY)
    lines = health(settings.appliance_alarms)
    shown = ("archive_lag", "disk_used_percent", "clock_unsynchronized", "certificate_days")
    target = f"minSeries({ADDRESS_ROOT}.{{{','.join(each['id'] for each in everyone)}}}{contract.CONNECTED})"
    target = f"keepLastValue({_watched(target, 'min')},1)"
    together = Line(target, "Agents", mappings=_judged((1, "all here"), (0, "one gone"), worst))
    return [together, *(lines[kind] for kind in shown)]


def appliance(instruments: Entries, agents: Entries, data_nodes: Entries, settings: DashboardSettings) -> Document:
    """Return the dashboard of the appliance's health."""
    everyone, grid = all_agents(instruments, agents), Grid()
    height = 3 + len(everyone)
    grid.add(_named("alarms", alarms("Alarms")), 8, max(8, height))
    for what, title in (("connected", "Agents: heartbeat"), ("degraded", "Agents: at work")):
        agent_lines = [agent_state(each, what, settings.instrument_alarms, name=each["id"]) for each in everyone]
        grid.add(_named(what, states(title, agent_lines)), 8, max(8, height))
    lines, limits = health(settings.appliance_alarms), limits_of_health(settings.appliance_alarms)
    _add_archive(grid, lines, limits)
    _add_machine(grid, lines, limits)
    nodes = list(_newest(instruments, agents, data_nodes, settings.instrument_alarms))
    if nodes:
        _start(grid, "Data nodes")
        panel = bars("Age of the newest sample of each node", nodes, "s")
        grid.add(_named("nodes", panel), 24, 3 + len(nodes) // 2)
    return dashboard(APPLIANCE, "Appliance", grid.panels, settings, [[kind] for kind in EVENTS])


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


def _present(kind: str, line: Line) -> Document:
    return _named(kind, present(line.name, [line], line.unit))


def _over_time(kind: str, lines: Mapping[str, Line], limits: Mapping[str, Limits]) -> Document:
    line = lines[kind]
    drawn = limit_lines([limits.get(kind, {})])
    return _named(f"{kind} over time", plot(line.name, [line], line.unit, limits=drawn))


def _newest(instruments: Entries, agents: Entries, data_nodes: Entries, site_wide: Entry) -> Iterator[Line]:
    """Yield the age of the newest sample of each data node that follows a feed or a file."""
    for instrument in instruments:
        yield newest(instrument, name_of(instrument), site_wide)
    for entry in (*agents, *data_nodes):
        silence = default_alarm("silent_after", entry)
        for name, pattern in sources(entry, name_of(entry)):
            yield age(f"minSeries(age.{pattern})", name, silence)


def _start(grid: Grid, title: str) -> None:
    grid.end_row()
    grid.add(_named(f"row {title}", heading(title)), 24, 1)
    grid.end_row()


def _named(name: str, panel: Document) -> Document:
    return panel | {"id": panel_id("appliance", name)}
