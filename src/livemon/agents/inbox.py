"""Messages on their way from the reactor's thread to another one, in bounded memory."""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any


class Inbox:
    """A first-in, first-out queue of bounded memory. Every method may be called from any thread.

    Parameters
    ----------
    limit
        Bytes of memory that the messages may take together.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._messages: deque[tuple[int, Any]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._awake = False

    def __len__(self) -> int:
        """Return how many messages wait."""
        return len(self._messages)

    def put(self, message: Any) -> bool:
        """Add a message, or return False if there is no room for it."""
        size = footprint(message)
        with self._changed:
            if self._bytes + size > self.limit:
                return False
            self._messages.append((size, message))
            self._bytes += size
            self._changed.notify()
        return True

    def take(self) -> Iterator[Any]:
        """Yield the messages that are waiting now; each one taken makes room for others."""
        for _ in range(len(self._messages)):
            with self._changed:
                size, message = self._messages.popleft()
                self._bytes -= size
            yield message

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as half of the room is taken or :meth:`wake` has been called."""
        with self._changed:
            self._changed.wait_for(lambda: self._awake or self._bytes > self.limit / 2, seconds)
            self._awake = False

    def wake(self) -> None:
        """Let the thread that is waiting, or the next one that waits, go on."""
        with self._changed:
            self._awake = True
            self._changed.notify()


def footprint(message: Any) -> int:
    """Return how many bytes of memory a message takes, with everything in it."""
    total, parts = 0, [message]
    while parts:
        part = parts.pop()
        total += sys.getsizeof(part)
        if isinstance(part, Mapping):
            parts.extend(part)
            parts.extend(part.values())
        elif isinstance(part, list | tuple):
            parts.extend(part)
    return total
