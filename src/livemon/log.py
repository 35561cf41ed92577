"""The log of livemon's processes. Importing it does not install the reactor."""

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
    """Write livemon's own log to standard output, one line per event, and only critical events of everything else."""
    levels = LogLevelFilterPredicate(defaultLogLevel=LogLevel.critical)
    levels.setLogLevelForNamespace("livemon", LogLevel.info)
    observer = FilteringLogObserver(textFileLogObserver(sys.stdout), [levels])
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False, discardBuffer=True)


class LogThrottle:
    """Limits how often a recurring event is logged; each kind of event has a limit of its own. Not thread-safe.

    Parameters
    ----------
    interval
        Minimum seconds between two log lines of one kind.
    clock
        A monotonic clock, seconds.
    """

    def __init__(self, interval: float = HOUR, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = interval
        self._clock = clock
        self._logged: dict[Hashable, float] = {}
        self._unlogged: Counter[Hashable] = Counter()

    def due(self, kind: Hashable, times: int = 1) -> int:
        """Count `times` more events; return the number since the last log line if one is due now, otherwise 0."""
        self._unlogged[kind] += times
        now = self._clock()
        if now - self._logged.get(kind, -self._interval) < self._interval:
            return 0
        self._logged[kind] = now
        return self._unlogged.pop(kind)
