"""The node of the OCS agents: whose heartbeat comes and whose has stopped, and who runs without doing his work.

An agent of OCS publishes ``[{operation: code}, {...}]`` each second as ``observatory.<instance-id>.feeds.heartbeat``
(ocs/ocs_agent.py, 0.12.1); whose it is stands in the topic. Of the codes (ocs/base.py, ``OpCode``) one says that an operation runs
degraded. That one failed is no such state: a process that fails ends its agent (:mod:`livemon.agents.supervision`), and a task that
a client asked for may fail while the agent does its work.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from twisted.internet.task import LoopingCall

from livemon.contract import ADDRESS_ROOT, SILENT_AFTER
from livemon.log import log
from livemon.nodes.blocks import BlockNode, Info
from livemon.series.block import Block

SILENCE = 5.0
"""Seconds without a heartbeat after which OCS's registry takes an agent for gone, and so do we."""
LOOK_EVERY = 1.0
MOMENT = 1e-3
"""Seconds by which the samples of two events of one moment lie apart."""
SAMPLE_EVERY = 10.0
"""Seconds between samples while nothing changes."""
WEEK = 7 * 86400.0
MOST_AGENTS = 500
"""Without an inventory. Anybody on the agents' network may publish heartbeats under any name; a week of one agent takes 1 MB."""
MOST_STRANGERS = 50
"""Agents that the inventory does not have."""
MOST_EVENTS = 1000
"""Samples out of turn, of which one more is allowed in each `SAMPLE_EVERY`: or heartbeats that tell now this and now that would fill
the memory."""
FORGET_EVERY = 3600.0
"""Seconds between two looks for agents of which the window has nothing any more."""
HEARTBEATS_OF_AN_AGENT = 2
"""It takes as many, none :data:`SILENCE` after the one before, for a name to be taken for an agent's."""
BLOCK = f"{ADDRESS_ROOT}.agents"
DEGRADED_BLOCK = f"{BLOCK}.degraded"
RUNS_DEGRADED = 8
"""OCS's code of an operation that runs without doing what it is for."""
_HEARTBEAT = re.compile(rf"{ADDRESS_ROOT}\.([A-Za-z0-9_-]{{1,64}})\.feeds\.heartbeat")


class AgentsNode(BlockNode):
    """Two truth values for each agent whose heartbeat was heard at least twice since this process began.

    ``connected`` is 1 while its heartbeat comes, and 0 once it is silent; ``degraded`` is 1 while one of its operations runs
    degraded, and has no value while nothing is heard of it. One that is silent and not in the inventory has ended: it has samples of
    the past and none of the present.

    Parameters
    ----------
    window
        Seconds kept in memory.
    agents
        The instance-ids of the inventory, for which there is always room; of others there is for `MOST_STRANGERS`. `None` if there is
        no inventory: then no agent ends, and there is room for `MOST_AGENTS`.
    steady
        A clock that nobody sets, in seconds: what silence is measured by.
    """

    outlives_restarts = True
    silent_after = SILENT_AFTER

    def __init__(
        self,
        name: str,
        description: str,
        window: float = WEEK,
        *,
        agents: Sequence[str] | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name, description, window, clock)
        self.blocks = {BLOCK: Block(window), DEGRADED_BLOCK: Block(window)}
        self._inventory = None if agents is None else frozenset(agents)
        self._steady = steady
        self._since = steady()
        self._heard: dict[str, float] = {}
        self._present: dict[str, bool] = {}
        self._degraded: dict[str, bool] = {}
        self._newcomers: dict[str, _Newcomer] = {}
        self._strangers: set[str] = set()
        """Those of `_present` that the inventory does not have."""
        self._ended: set[str] = set()
        self._full = False
        self._sampled = -SAMPLE_EVERY
        self._events, self._counted = float(MOST_EVENTS), self._since
        self._forgot = self._since
        self._looking = LoopingCall(self.look)

    def topics(self) -> Iterable[str]:
        """Ask for the heartbeats of all agents."""
        return [f"{ADDRESS_ROOT}..feeds.heartbeat"]

    def get_fields(self, start: float = 1, end: float = 0) -> tuple[dict[str, dict], dict[str, dict]]:
        """Return all fields; those of an agent that has ended say so."""
        fields, timelines = super().get_fields(start, end)
        for key, about in fields.items():
            about["ended"] = self.fields[key].name in self._ended
        return fields, timelines

    def get_last(self) -> dict[str, tuple[float, Any]]:
        """Return the newest sample of every field of an agent that has not ended."""
        last = super().get_last()
        return {key: sample for key, sample in last.items() if self.fields[key].name not in self._ended}

    def start(self) -> None:
        """Begin to look who is silent, also of those who were there before this process was restarted."""
        for key, (_when, there) in super().get_last().items():
            if self.fields[key].block != BLOCK:
                continue
            agent = self.fields[key].name
            self._tell_degraded(agent)
            self._present[agent], self._heard[agent] = bool(there), self._steady()
        self._add_rows(self._present)
        self._count_strangers()
        self._forget()
        self._looking.start(LOOK_EVERY, now=False)

    def reconfigure(self, options: Mapping[str, Any]) -> bool:
        """Take another inventory and description; `False` if something else differs, for which it takes a new node."""
        options = dict(options)
        if (options.pop("name", self.name), options.pop("window", WEEK)) != (self.name, self.window):
            return False
        agents, self.description = options.pop("agents", None), options.pop("description", None) or self.name
        if options:
            return False
        self._inventory = None if agents is None else frozenset(agents)
        self._count_strangers()
        self._look_who_has_ended()
        return True

    def stop(self) -> None:
        """End."""
        if self._looking.running:
            self._looking.stop()

    def prepare(self, archive: Any = None) -> None:
        """Listen for a while before taking an agent for one that has only just come."""
        del archive
        self._since = self._steady()

    def receive(self, topic: str, message: Any) -> None:
        """Take a heartbeat. Those of a name that cannot be part of a path are passed over."""
        found = _HEARTBEAT.fullmatch(topic)
        if found is None:
            return
        agent = found[1]
        if agent not in self._present:
            self._meet(agent, _runs_degraded(message))
            return
        self._heard[agent] = self._steady()
        before = self._present[agent], self._degraded.get(agent, False)
        self._present[agent], self._degraded[agent] = True, _runs_degraded(message)
        if before != (True, self._degraded[agent]):
            self._look_who_has_ended()
            self._sample_event()

    def look(self) -> None:
        """Note who is new, who has been silent for too long, and once in a while how things are."""
        now = self._steady()
        self._admit_newcomers(now)
        silent = [agent for agent, there in self._present.items() if there and now - self._heard[agent] >= SILENCE]
        self._present |= dict.fromkeys(silent, False)
        if silent:
            self._sample_event()  # also of those who end: that they left is the last that is known of them
        self._look_who_has_ended()
        if self._present and now - self._sampled >= SAMPLE_EVERY:
            self._sample()
        if now - self._forgot >= FORGET_EVERY:
            self._forgot = now
            self._forget()

    def _is_stranger(self, agent: str) -> bool:
        return self._inventory is None or agent not in self._inventory

    def _most_strangers(self) -> int:
        return MOST_AGENTS if self._inventory is None else MOST_STRANGERS

    def _count_strangers(self) -> None:
        self._strangers = set(filter(self._is_stranger, self._present))
        self._full = False

    def _look_who_has_ended(self) -> None:
        known = self._inventory is not None
        ended = {agent for agent in self._strangers if known and not self._present[agent]}
        if ended != self._ended:
            self._ended = ended
            self.described += 1

    def _meet(self, agent: str, degraded: bool) -> None:
        """Note a heartbeat of a name that is not known yet."""
        if self._is_stranger(agent):
            if len(self._strangers) >= self._most_strangers():
                self._refuse(agent)
                return
            if len(self._newcomers) >= MOST_AGENTS and agent not in self._newcomers:
                return
        newcomer = self._newcomers.setdefault(agent, _Newcomer())
        newcomer.heartbeats += 1
        newcomer.heard, newcomer.degraded = self._steady(), degraded

    def _refuse(self, agent: str) -> None:
        if not self._full:
            log.warn(
                "agents: {agent} and whoever comes after it are left out: there are {most} already that the inventory does not have",
                agent=agent,
                most=self._most_strangers(),
            )
        self._full = True

    def _admit_newcomers(self, now: float) -> None:
        """Make the fields of those who are heard again, all at once: a sample costs as much as there are agents."""
        self._newcomers = {agent: each for agent, each in self._newcomers.items() if now - each.heard < SILENCE}
        heard_again = [agent for agent, each in self._newcomers.items() if each.heartbeats >= HEARTBEATS_OF_AN_AGENT]
        strangers = [agent for agent in heard_again if self._is_stranger(agent)]
        strangers = strangers[: max(self._most_strangers() - len(self._strangers), 0)]
        admitted = [*(agent for agent in heard_again if not self._is_stranger(agent)), *strangers]
        if not admitted:
            return
        for agent in admitted:
            newcomer = self._newcomers.pop(agent)
            self._tell(agent, agent.lower(), BLOCK, "connected")
            self._tell_degraded(agent)
            self._present[agent], self._heard[agent], self._degraded[agent] = False, newcomer.heard, newcomer.degraded
        self._strangers |= set(strangers)
        self._add_rows(admitted)
        if now - self._since >= SILENCE:
            self._sample()  # that they were not running before makes an event of their coming
        self._present |= dict.fromkeys(admitted, True)
        self._sample()

    def _forget(self) -> None:
        """Forget the agents that have ended and of which the window has nothing any more."""
        block = self.blocks[BLOCK]
        names = {info.name for info in self.fields.values()}
        gone = {
            agent
            for agent in names
            if self._is_stranger(agent)
            and not self._present.get(agent)
            and not (agent in block.fields and np.isfinite(block.values(agent)).any())
        }
        if not gone:
            return
        self.fields = {key: info for key, info in self.fields.items() if info.name not in gone}
        for name, before in self.blocks.items():
            self.blocks[name] = Block(self.window)
            kept = {agent: before.values(agent) for agent in before.fields if agent not in gone}
            if kept:
                self.blocks[name].insert(before.times, kept, self.clock())
        for known in (self._present, self._heard, self._degraded):
            for agent in gone & known.keys():
                del known[agent]
        self._count_strangers()
        self._ended -= gone
        self.described += 1

    def _tell_degraded(self, agent: str) -> None:
        if agent not in self.blocks[DEGRADED_BLOCK].fields:
            self._tell(agent, f"{agent.lower()}_degraded", DEGRADED_BLOCK, "degraded")

    def _tell(self, agent: str, key: str, block: str, what: str) -> None:
        while key in self.fields:  # two names that differ in upper and lower case only
            key += "_"
        self.fields[key] = Info(block, agent, f"{ADDRESS_ROOT}.{agent}.agent.{what}", f"{agent} {what}", None, "bool")

    def _add_rows(self, agents: Iterable[str]) -> None:
        for block in self.blocks.values():
            block.append([], dict.fromkeys([*block.fields, *agents], ()))

    def _sample_event(self) -> None:
        """Sample at once, unless that happens too often: then what has changed is told with the next sample in turn."""
        now = self._steady()
        self._events = min(self._events + (now - self._counted) / SAMPLE_EVERY, MOST_EVENTS)
        self._counted = now
        if self._events >= 1:
            self._events -= 1
            self._sample()

    def _sample(self) -> None:
        block, now = self.blocks[BLOCK], self.clock()
        when = now
        for taken in block.times[block.times.searchsorted(now) :]:
            if taken == when:  # another event of this moment
                when += MOMENT
            elif taken > when:
                break
        self._sampled = self._steady()
        present = {agent: there for agent, there in self._present.items() if agent not in self._ended}
        block.append([when], {agent: [float(there)] for agent, there in present.items()}, now)
        degraded = {
            agent: [float(self._degraded[agent]) if there and agent in self._degraded else math.nan]
            for agent, there in present.items()
        }
        self.blocks[DEGRADED_BLOCK].append([when], degraded, now)


@dataclass
class _Newcomer:
    """A name under which a heartbeat came, and which is not taken for an agent's yet."""

    heartbeats: int = 0
    heard: float = 0.0
    degraded: bool = False


def _runs_degraded(message: Any) -> bool:
    """Whether a heartbeat tells of an operation that runs degraded; one that is malformed tells of none."""
    codes = message[0] if isinstance(message, (list, tuple)) and message else None
    return isinstance(codes, Mapping) and RUNS_DEGRADED in codes.values()
