"""The node of the OCS agents: which of them send heartbeats, which have stopped, and which run without doing their work.

An OCS agent publishes ``[{operation: code}, {...}]`` every second as ``observatory.<instance-id>.feeds.heartbeat``
(ocs/ocs_agent.py, 0.12.1); the topic says whose heartbeat it is. One of the codes (ocs/base.py, ``OpCode``) says that an operation
runs degraded. A failed operation does not count as degraded: an agent exits when one of its processes fails
(:mod:`livemon.agents.supervision`), and a task that a client asked for may fail while the agent does its work.
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

from livemon.contract import ADDRESS_ROOT, CONNECTED, DEGRADED, SILENT_AFTER
from livemon.log import log
from livemon.nodes.blocks import BlockField, BlockNode
from livemon.nodes.operations import Operations
from livemon.series.block import Block
from livemon.sisock.answers import Fields, NodeStatus, Sample
from livemon.sisock.datanode import History

HEARTBEAT_TIMEOUT = 5.0
"""Seconds without a heartbeat after which OCS's registry considers an agent gone, and so does this node."""
CHECK_EVERY = 1.0
SAMPLE_EVERY = 10.0
"""Seconds between samples while nothing changes."""
MIN_SPACING = 1e-3
"""Seconds between the samples of two events at the same time."""
WEEK = 7 * 86400.0
MAX_AGENTS = 500
"""Without an inventory. Any host on the agents' network may publish heartbeats under any name; a week of one agent takes 1 MB."""
MAX_UNLISTED = 50
"""Agents that are not in the inventory."""
EVENT_BURST = 1000
"""Maximum samples of events at once; the allowance grows by one in each `SAMPLE_EVERY` (a token bucket). Without a limit, heartbeats
that alternate between two states would fill the memory."""
PRUNE_EVERY = 3600.0
"""Seconds between two searches for agents that have no samples in the window any more."""
HEARTBEATS_TO_ADMIT = 2
"""A name becomes an agent's after this many heartbeats, each within `HEARTBEAT_TIMEOUT` of the one before."""
BLOCK = f"{ADDRESS_ROOT}.agents"
DEGRADED_BLOCK = f"{BLOCK}.degraded"
OP_DEGRADED = 8
"""OCS's code of an operation that runs without doing what it is for (``OpCode.DEGRADED``)."""
_HEARTBEAT = re.compile(rf"{ADDRESS_ROOT}\.([A-Za-z0-9_-]{{1,64}})\.feeds\.heartbeat")


@dataclass
class _Candidate:
    """A name that has sent a heartbeat, and is not considered an agent yet."""

    heartbeats: int = 0
    heard: float = 0.0
    degraded: bool = False


class AgentsNode(BlockNode):
    """Two truth values for each agent from which at least two heartbeats have arrived since this process started.

    ``connected`` is 1 while its heartbeat arrives, and 0 once it is silent; ``degraded`` is 1 while one of its operations runs
    degraded, and has no value while the agent is silent. A silent agent that is not in the inventory has ended: it has samples of the
    past and none of the present.

    Parameters
    ----------
    window
        Seconds of samples that are kept.
    agents
        The instance-ids of the inventory, which are always admitted; of others up to `MAX_UNLISTED` are. `None` if there is no
        inventory: then no agent ends, and up to `MAX_AGENTS` are admitted.
    clock
        The present, UNIX seconds.
    steady
        A monotonic clock, seconds, for silence.
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
        self._listening_since = steady()
        self._heard: dict[str, float] = {}
        self._connected: dict[str, bool] = {}
        self._degraded: dict[str, bool] = {}
        self._operations = Operations()
        self._candidates: dict[str, _Candidate] = {}
        self._unlisted: set[str] = set()
        """Those of `_connected` that are not in the inventory."""
        self._ended: set[str] = set()
        self._full = False
        self._sampled = -SAMPLE_EVERY
        self._allowance, self._refilled = float(EVENT_BURST), self._listening_since
        self._pruned = self._listening_since
        self._checking = LoopingCall(self.check)

    def topics(self) -> Iterable[str]:
        """Return the topic of all agents' heartbeats."""
        return [f"{ADDRESS_ROOT}..feeds.heartbeat"]

    def get_fields(self, start: float = 1, end: float = 0) -> Fields:
        """Return all fields; those of an agent that has ended say so."""
        fields, timelines = super().get_fields(start, end)
        for key, about in fields.items():
            about["ended"] = self.fields[key].name in self._ended
        return fields, timelines

    def get_last(self) -> dict[str, Sample]:
        """Return the newest sample of every field of an agent that has not ended."""
        last = super().get_last()
        return {key: sample for key, sample in last.items() if self.fields[key].name not in self._ended}

    def status(self) -> NodeStatus:
        """Report also what the agents that are here are doing."""
        return {**super().status(), "operations": self._operations.all()}

    def start(self) -> None:
        """Start to check for silent agents, including those that were known before this process was restarted."""
        for key, (_when, connected) in super().get_last().items():
            if self.fields[key].block != BLOCK:
                continue
            agent = self.fields[key].name
            self._add_degraded_field(agent)
            self._connected[agent], self._heard[agent] = bool(connected), self._steady()
        self._add_rows(self._connected)
        self._find_unlisted()
        self._prune()
        self._checking.start(CHECK_EVERY, now=False)

    def reconfigure(self, options: Mapping[str, Any]) -> bool:
        """Apply another inventory and description; `False` if anything else differs, for which a new node is needed."""
        options = dict(options)
        if (options.pop("name", self.name), options.pop("window", WEEK)) != (self.name, self.window):
            return False
        agents, self.description = options.pop("agents", None), options.pop("description", None) or self.name
        if options:
            return False
        self._inventory = None if agents is None else frozenset(agents)
        self._find_unlisted()
        self._find_ended()
        return True

    def stop(self) -> None:
        """Stop."""
        if self._checking.running:
            self._checking.stop()

    def prepare(self, archive: History | None = None) -> None:
        """Remember when listening started: an agent whose heartbeat arrives right after that has not just joined."""
        del archive
        self._listening_since = self._steady()

    def receive(self, topic: str, message: Any) -> None:
        """Record a heartbeat; ignore one whose instance-id cannot be part of a path."""
        found = _HEARTBEAT.fullmatch(topic)
        if found is None:
            return
        agent = found[1]
        if agent not in self._connected:
            self._note_candidate(agent, _runs_degraded(message))
            return
        self._heard[agent] = self._steady()
        self._operations.note(agent, message, self.clock())
        before = self._connected[agent], self._degraded.get(agent, False)
        self._connected[agent], self._degraded[agent] = True, _runs_degraded(message)
        if before != (True, self._degraded[agent]):
            self._find_ended()
            self._sample_event()

    def check(self) -> None:
        """Admit new agents, note which have become silent, and sample if it is time to."""
        now = self._steady()
        self._admit_candidates(now)
        silent = [
            agent
            for agent, connected in self._connected.items()
            if connected and now - self._heard[agent] >= HEARTBEAT_TIMEOUT
        ]
        self._connected |= dict.fromkeys(silent, False)
        for agent in silent:
            self._operations.forget(agent)
        if silent:
            self._sample_event()  # also of those that end: their last sample says that they left
        self._find_ended()
        if self._connected and now - self._sampled >= SAMPLE_EVERY:
            self._sample()
        if now - self._pruned >= PRUNE_EVERY:
            self._pruned = now
            self._prune()

    def _is_unlisted(self, agent: str) -> bool:
        return self._inventory is None or agent not in self._inventory

    def _max_unlisted(self) -> int:
        return MAX_AGENTS if self._inventory is None else MAX_UNLISTED

    def _find_unlisted(self) -> None:
        self._unlisted = set(filter(self._is_unlisted, self._connected))
        self._full = False

    def _find_ended(self) -> None:
        has_inventory = self._inventory is not None
        ended = {agent for agent in self._unlisted if has_inventory and not self._connected[agent]}
        if ended != self._ended:
            self._ended = ended
            self.revision += 1

    def _note_candidate(self, agent: str, degraded: bool) -> None:
        """Note the heartbeat of an unknown name."""
        if self._is_unlisted(agent):
            if len(self._unlisted) >= self._max_unlisted():
                self._log_full(agent)
                return
            if len(self._candidates) >= MAX_AGENTS and agent not in self._candidates:
                return
        candidate = self._candidates.setdefault(agent, _Candidate())
        candidate.heartbeats += 1
        candidate.heard, candidate.degraded = self._steady(), degraded

    def _log_full(self, agent: str) -> None:
        if not self._full:
            log.warn(
                "agents: {agent} and all later ones are ignored: there are already {limit} that are not in the inventory",
                agent=agent,
                limit=self._max_unlisted(),
            )
        self._full = True

    def _admit_candidates(self, now: float) -> None:
        """Add the fields of new agents, all at once: the cost of a sample grows with the number of agents."""
        self._candidates = {
            agent: each for agent, each in self._candidates.items() if now - each.heard < HEARTBEAT_TIMEOUT
        }
        confirmed = [agent for agent, each in self._candidates.items() if each.heartbeats >= HEARTBEATS_TO_ADMIT]
        unlisted = [agent for agent in confirmed if self._is_unlisted(agent)]
        unlisted = unlisted[: max(self._max_unlisted() - len(self._unlisted), 0)]
        admitted = [*(agent for agent in confirmed if not self._is_unlisted(agent)), *unlisted]
        if not admitted:
            return
        for agent in admitted:
            each = self._candidates.pop(agent)
            self._add_field(agent, agent.lower(), BLOCK, CONNECTED)
            self._add_degraded_field(agent)
            self._connected[agent], self._heard[agent], self._degraded[agent] = False, each.heard, each.degraded
        self._unlisted |= set(unlisted)
        self._add_rows(admitted)
        if now - self._listening_since >= HEARTBEAT_TIMEOUT:
            self._sample()  # a sample of 0 before the 1 turns their arrival into an event
        self._connected |= dict.fromkeys(admitted, True)
        self._sample()

    def _prune(self) -> None:
        """Forget the agents that have ended and have no samples in the window any more."""
        block = self.blocks[BLOCK]
        names = {field.name for field in self.fields.values()}
        gone = {
            agent
            for agent in names
            if self._is_unlisted(agent)
            and not self._connected.get(agent)
            and not (agent in block.fields and np.isfinite(block.values(agent)).any())
        }
        if not gone:
            return
        self.fields = {key: field for key, field in self.fields.items() if field.name not in gone}
        for name, before in self.blocks.items():
            self.blocks[name] = Block(self.window)
            kept = {agent: before.values(agent) for agent in before.fields if agent not in gone}
            if kept:
                self.blocks[name].insert(before.times, kept, self.clock())
        for agent in gone:
            self._connected.pop(agent, None)
            self._heard.pop(agent, None)
            self._degraded.pop(agent, None)
        self._find_unlisted()
        self._ended -= gone
        self.revision += 1

    def _add_degraded_field(self, agent: str) -> None:
        if agent not in self.blocks[DEGRADED_BLOCK].fields:
            self._add_field(agent, f"{agent.lower()}_degraded", DEGRADED_BLOCK, DEGRADED)

    def _add_field(self, agent: str, key: str, block: str, suffix: str) -> None:
        while key in self.fields:  # two names that differ only in case
            key += "_"
        label = f"{agent} {suffix.rpartition('.')[2]}"
        self.fields[key] = BlockField(block, agent, f"{ADDRESS_ROOT}.{agent}{suffix}", label, None, "bool")

    def _add_rows(self, agents: Iterable[str]) -> None:
        for block in self.blocks.values():
            block.append([], dict.fromkeys([*block.fields, *agents], ()))

    def _sample_event(self) -> None:
        """Sample at once, unless that happens too often: then the next regular sample shows the change."""
        now = self._steady()
        self._allowance = min(self._allowance + (now - self._refilled) / SAMPLE_EVERY, EVENT_BURST)
        self._refilled = now
        if self._allowance >= 1:
            self._allowance -= 1
            self._sample()

    def _sample(self) -> None:
        block, now = self.blocks[BLOCK], self.clock()
        when = now
        for taken in block.times[block.times.searchsorted(now) :]:
            if taken == when:  # another event at the same time
                when += MIN_SPACING
            elif taken > when:
                break
        self._sampled = self._steady()
        connected = {agent: value for agent, value in self._connected.items() if agent not in self._ended}
        block.append([when], {agent: [float(value)] for agent, value in connected.items()}, now)
        degraded = {
            agent: [float(self._degraded[agent]) if value and agent in self._degraded else math.nan]
            for agent, value in connected.items()
        }
        self.blocks[DEGRADED_BLOCK].append([when], degraded, now)


def _runs_degraded(message: Any) -> bool:
    """Whether a heartbeat reports a degraded operation; a malformed one does not."""
    codes = message[0] if isinstance(message, (list, tuple)) and message else None
    return isinstance(codes, Mapping) and OP_DEGRADED in codes.values()
