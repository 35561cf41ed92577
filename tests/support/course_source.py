"""An appliance in memory whose clock the test moves and whose parts it stops: what the bridge sees of it, second by second.

Channels follow courses; samples come as agents and data nodes send them (heartbeats as :mod:`livemon.nodes.agents` takes them). The
alarms are those of an inventory, and go through the site file into the bridge's own judgement.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from livemon.alarms.watch import AlarmWatch
from livemon.bridge import inventory as bridge_inventory
from livemon.bridge.alarm_channels import AlarmChannel, AlarmChannels
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.source import Answer
from livemon.nodes.agents import HEARTBEAT_TIMEOUT, SAMPLE_EVERY
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.kinds import ARCHIVE, MACHINE
from plugins.plugin_utils.inventory.grafana.alarms.model import Alarm
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.instruments import model_of, path_of
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site

BEGIN = 1_700_000_000
"""UNIX seconds: second 0 of every lab."""
Course = Callable[[float], float | None]
"""A channel's value at a second of the lab; `None` where there is no sample."""
OWN_AGENTS = ("aggregator", "registry")
MACHINE_EVERY = 5


def always(value: float | None) -> Course:
    return lambda _second: value


WELL: Mapping[str, Course] = {
    f"{MACHINE}.disk_used": always(40.0),
    f"{MACHINE}.disk_free": always(100.0),
    f"{MACHINE}.clock_error": always(0.01),
    f"{MACHINE}.clock_synchronized": always(1.0),
    f"{MACHINE}.certificate_days": always(80.0),
    f"{ARCHIVE}.lag": always(2.0),
    f"{ARCHIVE}.gap": always(0.0),
    f"{ARCHIVE}.lost": always(0.0),
}


@dataclass
class Channel:
    """A channel's samples, and what it is made by."""

    field: Field
    course: Course
    step: int
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    last: tuple[float, float] | None = None
    """The sample that came last and is a number."""

    def add(self, time: float, value: float | None) -> None:
        """Take a sample as a block does: in the order of stamps, whatever the clock did, and at one time the first that came."""
        if value is None:
            return
        if not np.isnan(value):
            self.last = time, value
        place = bisect_left(self.times, time)
        if self.times[place : place + 1] != [time]:
            self.times.insert(place, time)
            self.values.insert(place, value)


class Lab:
    """A machine with instruments: its agents, router, data nodes and bridge.

    Parameters
    ----------
    settings
        Those of the inventory.
    courses
        Of channels by their paths; all others are well.
    steps
        Seconds between two samples of a channel; one otherwise.
    only
        The ids of the alarms that are wanted, with those that explain them; all if that is `None`.
    file
        Where the bridge keeps the states of alarms.
    history
        Seconds before second 0 from which on there are samples.
    runs_for
        Seconds before second 0 at which the bridge begins.
    """

    def __init__(
        self,
        settings: Mapping[str, Any],
        courses: Mapping[str, Course] | None = None,
        *,
        steps: Mapping[str, int] | None = None,
        only: Collection[str] | None = None,
        file: Path | None = None,
        history: int = 600,
        runs_for: int = 120,
    ) -> None:
        self.settings, self.file, self._only = settings, file, only
        self.second = -history
        self.clock_is_off = 0.0
        """Seconds by which the clock of the machine is ahead."""
        self.agents_are_off = 0.0
        """Seconds by which the clocks of the instruments' agents are ahead of that."""
        self.nodes_run = self.router_runs = self.hub_runs = self.network_is_up = True
        self.stopped: set[str] = set()
        """Agents that do not run."""
        self.off: set[str] = set()
        """Instruments that do not answer."""
        self.restarting: Callable[[float], bool] = lambda second: second % 60 < 25
        """Whether the agent of an instrument that does not answer runs: it ends and is started again."""
        self.late = 0.0
        """Seconds after which samples of instruments arrive."""
        self._courses = dict(WELL) | dict(courses or {})
        self._steps = dict(steps or {})
        self._pending: list[tuple[float, Channel, float, float]] = []
        self._heard: dict[str, float] = {}
        self._connected: dict[str, bool] = {}
        self.source = CourseSource(self)
        self.configure(settings)
        self.watch: AlarmWatch | None = None
        while self.second < -runs_for:
            self._live()
        self.start_bridge()
        self.run(runs_for)

    # --- the inventory ------------------------------------------------------------------------------------------------

    def configure(self, settings: Mapping[str, Any]) -> None:
        """Render the inventory, and have the bridge read its site file."""
        self.settings = settings
        instruments, agents = settings.get("instruments") or [], settings.get("ocs_agents") or []
        self.source.inventory = _read(
            json.dumps(site(instruments, agents, self._wanted(alarms_of(requested(settings)))))
        )
        self.agents = [each["id"] for each in (*instruments, *agents)] + list(OWN_AGENTS)
        self.networked = {each["id"] for each in instruments if each.get("address") or each.get("simulated")}
        for instrument in instruments:
            for number in instrument.get("channels") or {}:
                for each in model_of(instrument).fields(str(number)):
                    self._courses.setdefault(path_of(instrument, each.name), always(4.0))
        for agent in self.agents:
            for what, value in (("connected", 1.0), ("degraded", 0.0)):
                self._courses.setdefault(f"observatory.{agent}.agent.{what}", always(value))
        needed = {path for alarm in self.source.inventory.alarms for path in alarm.measure.paths}
        stems = tuple(path[:-1] for path in needed if path.endswith(".*"))
        for path in self._courses:
            if path in needed or (stems and path.startswith(stems)):
                self.source.make(path, self._courses[path], self._steps.get(path, _usual_step(path)))

    def _wanted(self, alarms: list[Alarm]) -> list[Alarm]:
        if self._only is None:
            return alarms
        known, wanted, more = {alarm.id: alarm for alarm in alarms}, set(), set(self._only)
        while more:
            wanted |= more
            more = {each for name in more for each in known[name].held_back_by if each in known} - wanted
        return [alarm for alarm in alarms if alarm.id in wanted]

    # --- time ---------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """What the clock of the machine says, UNIX seconds."""
        return BEGIN + self.second + self.clock_is_off

    def run(self, seconds: float) -> None:
        """Let time pass; the bridge looks every other second."""
        for _ in range(int(seconds)):
            self._live()
            if self.watch is not None and self.second % 2 == 0:
                self.watch.look()

    def until(self, second: float) -> None:
        """Let time pass until a second of the lab."""
        self.run(second - self.second)

    def start_bridge(self) -> None:
        """Begin a new process of the bridge."""
        self.watch = AlarmWatch(self.source, self.file, lambda: self.now, lambda: 1000.0 + self.second)
        self.source.alarms = AlarmChannels(self.watch)

    def stop_bridge(self) -> None:
        """End it, as a kill does: only the file is left."""
        self.watch = None

    @property
    def firing(self) -> list[str]:
        """The ids of the alarms that the bridge tells as firing."""
        return sorted(name for name, state in self.watch.states.items() if state.firing)

    # --- what agents and nodes do -------------------------------------------------------------------------------------

    def _live(self) -> None:
        self.second += 1
        self._beat()
        for channel in self.source.channels.values():
            if self.second % channel.step == 0 and self._sends(channel):
                value = channel.course(self.second)
                if value is not None:
                    late, ahead = (self.late, self.agents_are_off) if ".feeds." in channel.field.path else (0.0, 0.0)
                    self._pending.append((self.second + late, channel, self.now + ahead, value))
        if not self.nodes_run:
            return
        due = [each for each in self._pending if each[0] <= self.second]
        if due:
            self._pending = [each for each in self._pending if each[0] > self.second]
            for _, channel, time, value in due:
                channel.add(time, value)
                self.source.note(channel)

    def lose(self) -> None:
        """Forget what came while the nodes did not run: they have no archive to fill their memory from."""
        self._pending = []

    def runs(self, agent: str) -> bool:
        """Whether an agent's process runs now."""
        if agent in self.stopped:
            return False
        return self.answers(agent) or self.restarting(self.second)

    def answers(self, instrument: str) -> bool:
        """Whether an instrument answers its agent."""
        return instrument not in self.off and (self.network_is_up or instrument not in self.networked)

    def _sends(self, channel: Channel) -> bool:
        path = channel.field.path
        if path.startswith(MACHINE):
            return self.nodes_run
        agent = path.split(".")[1]
        if ".agent." in path:
            return False  # its node makes them of heartbeats
        return self.router_runs and self.runs(agent) and self.answers(agent)

    def _beat(self) -> None:
        """Take the heartbeats, and make of them the two channels of each agent."""
        for agent in self.agents:
            path = f"observatory.{agent}.agent"
            if f"{path}.connected" not in self.source.channels or not self.nodes_run:
                continue
            connected, degraded = (self.source.channels.get(f"{path}.{what}") for what in ("connected", "degraded"))
            if self.router_runs and self.runs(agent) and connected.course(self.second):
                self._heard[agent] = self.second
            if agent not in self._heard:
                continue
            there = self.second - self._heard[agent] < HEARTBEAT_TIMEOUT
            if there != self._connected.get(agent) or self.second % int(SAMPLE_EVERY) == 0:
                self._connected[agent] = there
                connected.add(self.now, float(there))
                self.source.note(connected)
                if degraded is not None:
                    value = degraded.course(self.second) if there else None
                    degraded.add(self.now, np.nan if value is None else value)
                    self.source.note(degraded)


@cache
def _read(content: str) -> bridge_inventory.Inventory:
    """What the bridge makes of a site file with this content, JSON."""
    return bridge_inventory.read(yaml.safe_dump(json.loads(content)), "site.yaml")


class CourseSource:
    """Answers like livemon.bridge.source.Source, of what has come in a lab."""

    left_out = 0

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.channels: dict[str, Channel] = {}
        self.alarms: AlarmChannels | None = None
        self.inventory = bridge_inventory.Inventory()
        self._catalogue: tuple[list, Catalogue] | None = None
        self._nodes: dict[str, Node] = {}
        self._hub_answered = lab.now

    @property
    def alarm_watch(self) -> AlarmWatch:
        """Judges the alarms."""
        return self._lab.watch

    @property
    def hubless(self) -> float:
        """For how many seconds the hub has not answered."""
        if self._lab.hub_runs:
            self._hub_answered = self._lab.now
        return self._lab.now - self._hub_answered

    @property
    def connected(self) -> bool:
        """Whether the router is there."""
        return self._lab.router_runs

    @property
    def catalogue(self) -> Catalogue:
        """The channels that had a sample, and those of the alarms."""
        alarms = [] if self.alarms is None else self.alarms.fields
        if self._catalogue is None or self._catalogue[0] is not alarms:
            self._catalogue = alarms, Catalogue(self._nodes.values(), alarms)
        return self._catalogue[1]

    def make(self, path: str, course: Course, step: int) -> None:
        """Have a channel from now on."""
        if path not in self.channels:
            self.channels[path] = Channel(Field("lab", path, path, "t"), course, step)

    def note(self, channel: Channel) -> None:
        """Tell of a channel's newest number, as nodes do it."""
        if channel.times:
            node = self._nodes.setdefault("lab", Node("lab", "Of a lab"))
            if channel.field.name not in node.fields:
                node.fields[channel.field.name] = channel.field
                self._catalogue = None
            if channel.last is not None:
                node.last[channel.field.name] = channel.last

    def fetch(self, fields: Any, start: float, end: float, points: int) -> Answer:
        """Return samples, all that there are."""
        del points
        answer = Answer({})
        for each in fields:
            if isinstance(each, AlarmChannel):
                answer.series[each] = self.alarms.samples(each, start, end)
                continue
            channel = self.channels[each.path]
            times = channel.times if self._lab.nodes_run else []
            part = slice(bisect_left(times, start), bisect_left(times, end))
            answer.series[each] = np.array(times[part], dtype=float), np.array(channel.values[part], dtype=float)
        if not self._lab.nodes_run:
            answer.silent.append("lab")
        return answer

    def events(self, start: float, end: float) -> list:
        """Return nothing: no node joins or leaves."""
        del start, end
        return []


def _usual_step(path: str) -> int:
    return MACHINE_EVERY if path.startswith(MACHINE) else 1
