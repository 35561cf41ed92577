"""How much one request may ask for, so that it does not hold up the others: docs/architecture.md."""

from __future__ import annotations

import time

from livemon.errors import RequestError

MAX_TARGETS, MAX_SERIES = 500, 2000
"""A rule queries four series of each of its alarms."""
MAX_CANDIDATES = 100_000
"""Channels that all targets together may stand for, before filters are applied."""
MAX_FILTERS = 20
MAX_SAMPLES = 1_000_000
"""Samples in one answer, about 30 MB of JSON: 500 series of 2000 points, or 50 of 20000."""
MAX_READ = 4_000_000
"""Samples that the functions of one Graphite request may read: a day of four 240s, a month of one channel at 1 Hz."""
MAX_COMPUTED = 20_000_000
"""Points that they may compute from them, including intermediate series: 16 bytes each."""
MAX_EVALUATIONS = 5000
"""Calls of functions in one request; a call that reads several intervals counts once for each."""
MAX_COMPUTING = 5.0
"""Seconds of processor time that one Graphite request may take."""


class Budget:
    """What a Graphite request may still compute: each method uses some of it, and raises a RequestError when it is exhausted."""

    def __init__(self) -> None:
        self._begin = time.thread_time()
        self._points = self._calls = 0

    def spend(self, points: int) -> None:
        """Count points that are about to be computed."""
        self._points += points
        if self._points > MAX_COMPUTED:
            raise RequestError(
                f"the targets' functions would compute more than {MAX_COMPUTED} points; ask for a shorter time or for fewer channels"
            )
        self.check_time()

    def count_call(self) -> None:
        """Count a call of a function."""
        self._calls += 1
        if self._calls > MAX_EVALUATIONS:
            raise RequestError(f"the targets need more than {MAX_EVALUATIONS} function calls; nest fewer of them")
        self.check_time()

    def check_time(self) -> None:
        """Raise if the request has used up its time. To be called at least every tenth of a second."""
        if time.thread_time() - self._begin > MAX_COMPUTING:
            raise RequestError(
                f"the targets take longer than {MAX_COMPUTING:g} s to compute; "
                "ask for a shorter time, shorter moving windows or fewer channels"
            )


def check_targets(number: int, what: str = "targets") -> None:
    """Raise a RequestError if a request names too many targets."""
    if number > MAX_TARGETS:
        raise RequestError(f"{number} {what} in one request; write at most {MAX_TARGETS}")


def check_series(number: int) -> None:
    """Raise a RequestError if the targets of a request stand for too many series."""
    if number > MAX_SERIES:
        raise RequestError(f"the targets ask for more than {MAX_SERIES} series; ask for fewer at once")


def shared_points(points: int, series: int) -> int:
    """Return how many of `points` each of so many series may have within `MAX_SAMPLES`.

    A request states the most points that it can use. Refusing would break alarms, which request tens of thousands of points over
    minutes and get hundreds.
    """
    return max(1, min(points, MAX_SAMPLES // max(series, 1)))
