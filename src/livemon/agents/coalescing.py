"""Feeds that publish a few times a second, however often their agent reads.

Upstream's feed (ocs/ocs_feed.py, 0.12.1) makes a message of each sample unless the agent's author asked for a buffer. What a message
costs the router hardly depends on its size, so that a few agents that read hundreds of times a second overload it. Then a session's
pings wait behind its messages, the session times out, and everything that has not been sent is lost with it.
"""

from __future__ import annotations

import math
from typing import Any

from ocs.ocs_feed import Feed
from ocs.ocs_twisted import in_reactor_context
from twisted.internet import reactor
from twisted.internet.interfaces import IDelayedCall

EVERY = 0.05
"""Minimum seconds between two messages of a feed."""


class CoalescedFeed(Feed):
    """A recorded feed whose first sample after a pause goes out at once; those of the next :data:`EVERY` seconds share a message.

    Messages of many samples are not held back. An agent that asks for a buffer of its own, by ``buffer_time``, keeps it. Subclasses
    limit how much goes into one message, by :meth:`flush_buffer`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buffer_time: float
        self._coalesces = self.record and not self.buffer_time
        self._pause: IDelayedCall | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether there are samples that have not been published yet."""
        return any(block.timestamps for block in self.blocks.values())

    def publish_message(self, message: Any, timestamp: float | None = None) -> None:
        """Publish a message, or keep its sample for the next one; same arguments as upstream. Any thread."""
        if not (self._coalesces and in_reactor_context()):
            super().publish_message(message, timestamp)
            return
        is_held = self._pause is not None and "timestamp" in message
        self.buffer_time = math.inf if is_held else 0
        if not is_held:
            self._publish_waiting()
        super().publish_message(message, timestamp)
        if self._pause is None:
            self._begin_pause()

    def _publish_waiting(self) -> None:
        if self.is_waiting:
            self.flush_buffer()
            self.buffer_start_time = None

    def _begin_pause(self) -> None:
        self._pause = reactor.callLater(EVERY, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        if self.is_waiting:
            self._publish_waiting()
            self._begin_pause()
