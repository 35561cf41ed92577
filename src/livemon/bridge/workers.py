"""The threads that answer requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from twisted.python.threadpool import ThreadPool

COMPUTING = 3
"""Python runs one thread at a time. Of two dozen that compute at once, some would wait for a long time: bench/RESULTS.md."""
MOST = 30


class Workers(ThreadPool):
    """A few threads that compute, and one more for each that waits for a node; requests are taken in the order of their arrival."""

    def __init__(self) -> None:
        super().__init__(minthreads=COMPUTING, maxthreads=COMPUTING, name="http")
        self._waiting = 0
        self._changing = threading.Lock()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Let another thread compute while this one waits for an answer."""
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, step: int) -> None:
        with self._changing:
            self._waiting += step
            size = min(COMPUTING + self._waiting, MOST)
            if size != self.max and self.started:
                self.adjustPoolsize(size, size)
