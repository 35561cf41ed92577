"""Feeds that publish a few times a second, however often their agent reads.

Upstream's feed (ocs/ocs_feed.py, 0.12.1) makes a message of each sample unless the agent's author asked for a buffer. What a message
costs the router hardly depends on what is in it, so that a few agents that read hundreds of times a second are more than it can take.
Then a session's pings wait behind its messages, the session is given up, and with it everything that had not been sent.
"""

from __future__ import annotations

import math
from typing import Any

from ocs.ocs_feed import Feed
from ocs.ocs_twisted import in_reactor_context
from twisted.internet import reactor
from twisted.internet.interfaces import IDelayedCall

EVERY = 0.05
"""Seconds between two messages of a feed, at least."""
MOST_WAITING = 10_000
"""Numbers and characters that wait for one message, at most: autobahn takes none of more than 1 MiB."""


class CoalescedFeed(Feed):
    """A recorded feed whose first sample after a pause goes out at once; those of the next :data:`EVERY` seconds share a message.

    Messages of many samples are not held back. An agent that asks for a buffer of its own, by ``buffer_time``, keeps it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._coalesces = self.record and not self.buffer_time
        self._pause: IDelayedCall | None = None
        self._waiting = 0

    def publish_message(self, message: Any, timestamp: float | None = None) -> None:
        """Publish a message, or keep its sample for the next one; arguments as upstream's. Any thread."""
        if not (self._coalesces and in_reactor_context()):
            super().publish_message(message, timestamp)
            return
        size = _size(message)
        if self._waiting + size > MOST_WAITING:
            self._publish_waiting()
        self.buffer_time = math.inf if self._pause and size < MOST_WAITING else 0
        super().publish_message(message, timestamp)
        if self.buffer_time:
            self._waiting += size
        else:
            self._waiting = 0
            self._begin_pause()

    def _publish_waiting(self) -> None:
        self.flush_buffer()
        self.buffer_start_time, self._waiting = None, 0

    def _begin_pause(self) -> None:
        if self._pause is None:
            self._pause = reactor.callLater(EVERY, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        if self._waiting:
            self._publish_waiting()
            self._begin_pause()


def _size(message: Any) -> float:
    """Return how many numbers and characters a sample has; many samples at a time are taken for as much as a message may have."""
    if "timestamp" not in message:
        return MOST_WAITING
    return sum(len(value) if isinstance(value, str) else 1 for value in message["data"].values())
