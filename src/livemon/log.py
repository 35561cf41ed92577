"""The log of livemon's processes. Importing it starts no reactor."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Hashable

from twisted.logger import (
    FilteringLogObserver,
    Logger,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

log = Logger("livemon")
HOUR = 3600.0


def start_logging() -> None:
    """Write our own log to standard output, one line an event, and of others what went wrong."""
    wanted = LogLevelFilterPredicate(defaultLogLevel=LogLevel.critical)
    wanted.setLogLevelForNamespace("livemon", LogLevel.info)
    observer = FilteringLogObserver(textFileLogObserver(sys.stdout), [wanted])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)


class Repeats:
    """Decides when something that repeats itself is told, each kind of it by itself. One thread may use it.

    Parameters
    ----------
    every
        Seconds between two times that the same is told.
    clock
        Seconds of a clock that nobody sets.
    """

    def __init__(self, every: float = HOUR, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._told: dict[Hashable, float] = {}
        self._untold: Counter[Hashable] = Counter()

    def to_tell(self, kind: Hashable, times: int = 1) -> int:
        """Note that it happened `times` more; return how often since it was told last if it is to be told now, otherwise 0."""
        self._untold[kind] += times
        now = self._clock()
        if now - self._told.get(kind, -self._every) < self._every:
            return 0
        self._told[kind] = now
        return self._untold.pop(kind)
