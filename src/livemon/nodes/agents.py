"""The node of the OCS agents: whose heartbeat comes, and whose has stopped.

An agent of OCS publishes ``[{operation: code}, {...}]`` each second as ``observatory.<instance-id>.feeds.heartbeat``
(ocs/ocs_agent.py, 0.12.1). That one comes is all that counts here; whose it is stands in the topic.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.task import LoopingCall

from livemon.nodes.blocks import BlockNode, Info
from livemon.nodes.feed import ADDRESS_ROOT
from livemon.series.block import CLOCK_TOLERANCE, Block
from livemon.wamp import log

SILENCE = 5.0
"""Seconds without a heartbeat after which OCS's registry takes an agent for gone, and so do we."""
LOOK_EVERY = 1.0
SAMPLE_EVERY = 10.0
"""Seconds between samples while nothing changes."""
WEEK = 7 * 86400.0
MOST_AGENTS = 1000
"""Anybody on the agents' network may publish a heartbeat under any name."""
BLOCK = f"{ADDRESS_ROOT}.agents"
_HEARTBEAT = re.compile(rf"{ADDRESS_ROOT}\.([A-Za-z0-9_-]{{1,64}})\.feeds\.heartbeat")


class AgentsNode(BlockNode):
    """One truth value for each agent that was heard since this process began: 1 while its heartbeat comes, 0 once it is silent.

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
        self.blocks[BLOCK] = Block(window)
        self._steady = steady
        self._since = steady()
        self._heard: dict[str, float] = {}
        self._present: dict[str, bool] = {}
        self._full = False
        self._sampled = -SAMPLE_EVERY
        self._looking = LoopingCall(self.look)

    def topics(self) -> Iterable[str]:
        """Ask for the heartbeats of all agents."""
        return [f"{ADDRESS_ROOT}..feeds.heartbeat"]

    def start(self) -> None:
        """Begin to look who is silent, also of those who were there before this process was restarted."""
        for key, (_when, there) in self.get_last().items():
            agent = self.fields[key].name
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
        """Take a heartbeat; one of somebody whose name cannot be part of a path is none."""
        del message
        found = _HEARTBEAT.fullmatch(topic)
        if found is None or (found[1] not in self._present and not self._admit(found[1])):
            return
        agent = found[1]
        self._heard[agent] = self._steady()
        if not self._present[agent]:
            self._present[agent] = True
            self._sample()

    def look(self) -> None:
        """Note who has been silent for too long, and once in a while how things are."""
        now = self._steady()
        silent = [agent for agent, there in self._present.items() if there and now - self._heard[agent] >= SILENCE]
        self._present |= dict.fromkeys(silent, False)
        if self._present and (silent or now - self._sampled >= SAMPLE_EVERY):
            self._sample()

    def _admit(self, agent: str) -> bool:
        """Make the field of an agent that is heard for the first time; `False` if there are too many."""
        if len(self._present) >= MOST_AGENTS:
            if not self._full:
                log.warn(
                    "agents: {agent} and whoever comes after it are left out: there are {most} already",
                    agent=agent,
                    most=MOST_AGENTS,
                )
            self._full = True
            return False
        key = agent.lower()
        while key in self.fields:  # two names that differ in upper and lower case only
            key += "_"
        self.fields[key] = Info(
            BLOCK, agent, f"{ADDRESS_ROOT}.{agent}.agent.connected", f"{agent} connected", None, "bool"
        )
        self._present[agent] = False
        if self._steady() - self._since >= SILENCE:
            self._sample()  # that it was not there before makes an event of its coming
        return True

    def _sample(self) -> None:
        block, now = self.blocks[BLOCK], self.clock()
        when, last = now, block.times[-1] if len(block) else 0.0
        if now <= last < now + CLOCK_TOLERANCE:  # two events of one moment, or a clock that was set back a little
            when = last + 1e-3
        self._sampled = self._steady()
        block.append([when], {agent: [float(there)] for agent, there in self._present.items()}, now)
