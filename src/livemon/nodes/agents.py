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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.task import LoopingCall

from livemon.nodes.blocks import BlockNode, Info
from livemon.nodes.feed import ADDRESS_ROOT
from livemon.series.block import Block
from livemon.wamp import log

SILENCE = 5.0
"""Seconds without a heartbeat after which OCS's registry takes an agent for gone, and so do we."""
LOOK_EVERY = 1.0
MOMENT = 1e-3
"""Seconds by which the samples of two events of one moment lie apart."""
SAMPLE_EVERY = 10.0
"""Seconds between samples while nothing changes."""
WEEK = 7 * 86400.0
MOST_AGENTS = 500
"""Anybody on the agents' network may publish heartbeats under any name; a week of one agent takes 1 MB."""
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
    degraded, and has no value while nothing is heard of it.

    Parameters
    ----------
    window
        Seconds kept in memory.
    steady
        A clock that nobody sets, in seconds: what silence is measured by.
    """

    outlives_restarts = True

    def __init__(
        self,
        name: str,
        description: str,
        window: float = WEEK,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name, description, window, clock)
        self.blocks = {BLOCK: Block(window), DEGRADED_BLOCK: Block(window)}
        self._steady = steady
        self._since = steady()
        self._heard: dict[str, float] = {}
        self._present: dict[str, bool] = {}
        self._degraded: dict[str, bool] = {}
        self._newcomers: dict[str, _Newcomer] = {}
        self._full = False
        self._sampled = -SAMPLE_EVERY
        self._looking = LoopingCall(self.look)

    def topics(self) -> Iterable[str]:
        """Ask for the heartbeats of all agents."""
        return [f"{ADDRESS_ROOT}..feeds.heartbeat"]

    def start(self) -> None:
        """Begin to look who is silent, also of those who were there before this process was restarted."""
        for key, (_when, there) in self.get_last().items():
            if self.fields[key].block != BLOCK:
                continue
            agent = self.fields[key].name
            self._tell_degraded(agent)
            self._present[agent], self._heard[agent] = bool(there), self._steady()
        self._looking.start(LOOK_EVERY, now=False)

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
            self._sample()

    def look(self) -> None:
        """Note who is new, who has been silent for too long, and once in a while how things are."""
        now = self._steady()
        self._admit_newcomers(now)
        silent = [agent for agent, there in self._present.items() if there and now - self._heard[agent] >= SILENCE]
        self._present |= dict.fromkeys(silent, False)
        if self._present and (silent or now - self._sampled >= SAMPLE_EVERY):
            self._sample()

    def _meet(self, agent: str, degraded: bool) -> None:
        """Note a heartbeat of a name that is not known yet."""
        if len(self._present) >= MOST_AGENTS:
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
                "agents: {agent} and whoever comes after it are left out: there are {most} already",
                agent=agent,
                most=MOST_AGENTS,
            )
        self._full = True

    def _admit_newcomers(self, now: float) -> None:
        """Make the fields of those who are heard again, all at once: a sample costs as much as there are agents."""
        self._newcomers = {agent: each for agent, each in self._newcomers.items() if now - each.heard < SILENCE}
        heard_again = [agent for agent, each in self._newcomers.items() if each.heartbeats >= HEARTBEATS_OF_AN_AGENT]
        admitted = heard_again[: MOST_AGENTS - len(self._present)]
        if not admitted:
            return
        for agent in admitted:
            newcomer = self._newcomers.pop(agent)
            self._tell(agent, agent.lower(), BLOCK, "connected")
            self._tell_degraded(agent)
            self._present[agent], self._heard[agent], self._degraded[agent] = False, newcomer.heard, newcomer.degraded
        if now - self._since >= SILENCE:
            self._sample()  # that they were not running before makes an event of their coming
        self._present |= dict.fromkeys(admitted, True)
        self._sample()

    def _tell_degraded(self, agent: str) -> None:
        if agent not in self.blocks[DEGRADED_BLOCK].fields:
            self._tell(agent, f"{agent.lower()}_degraded", DEGRADED_BLOCK, "degraded")

    def _tell(self, agent: str, key: str, block: str, what: str) -> None:
        while key in self.fields:  # two names that differ in upper and lower case only
            key += "_"
        self.fields[key] = Info(block, agent, f"{ADDRESS_ROOT}.{agent}.agent.{what}", f"{agent} {what}", None, "bool")
        self.blocks[block].append([], {agent: []})

    def _sample(self) -> None:
        block, now = self.blocks[BLOCK], self.clock()
        when = now
        while when in block.times:  # another event of this moment
            when += MOMENT
        self._sampled = self._steady()
        block.append([when], {agent: [float(there)] for agent, there in self._present.items()}, now)
        degraded = {
            agent: [float(self._degraded[agent]) if there and agent in self._degraded else math.nan]
            for agent, there in self._present.items()
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
