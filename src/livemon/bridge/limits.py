"""What one request may ask for, so that none holds up the others: docs/architecture.md."""

from __future__ import annotations

import time

from livemon.errors import RequestError

MAX_TARGETS, MAX_SERIES = 500, 2000
"""A rule asks for four series of each of its alarms."""
MAX_CANDIDATES = 100_000
"""Channels that all targets together may stand for before filters leave some of them out."""
MAX_FILTERS = 20
MAX_SAMPLES = 1_000_000
"""Samples in one answer, about 30 MB of JSON: 500 series of 2000 points, or 50 of 20000."""
MAX_READ = 4_000_000
"""Samples that the functions of one Graphite request may look at: a day of four 240s, a month of one channel at 1 Hz."""
MAX_COMPUTED = 20_000_000
"""Points that they may make of them, what is made on the way included: 16 bytes each."""
MAX_EVALUATIONS = 5000
"""Calls of functions in one request, one that looks at several intervals counted for each."""
MAX_COMPUTING = 5.0
"""Seconds of the processor that one Graphite request may take."""


class Budget:
    """What a Graphite request may still compute: each method takes of it, and raises a RequestError when there is no more."""

    def __init__(self) -> None:
        self._begin = time.thread_time()
        self._points = self._calls = 0

    def spend(self, points: int) -> None:
        """Take points that are about to be made."""
        self._points += points
        if self._points > MAX_COMPUTED:
            raise RequestError(
                f"the targets' functions would make more than {MAX_COMPUTED} points; ask for a shorter time or for fewer channels"
            )
        self.check_time()

    def count_call(self) -> None:
        """Take a function's call."""
        self._calls += 1
        if self._calls > MAX_EVALUATIONS:
            raise RequestError(
                f"the targets need more than {MAX_EVALUATIONS} calls; write fewer of them within each other"
            )
        self.check_time()

    def check_time(self) -> None:
        """Raise if the request has taken all its time. To be called at least every tenth of a second."""
        if time.thread_time() - self._begin > MAX_COMPUTING:
            raise RequestError(
                f"the targets take longer than {MAX_COMPUTING:g} s to compute; "
                "ask for a shorter time, shorter moving windows or fewer channels"
            )


def check_targets(number: int) -> None:
    """Raise a RequestError if a request names too many targets."""
    if number > MAX_TARGETS:
        raise RequestError(f"{number} targets in one request; write at most {MAX_TARGETS}")


def check_series(number: int) -> None:
    """Raise a RequestError if the targets of a request stand for too many series."""
    if number > MAX_SERIES:
        raise RequestError(f"the targets ask for more than {MAX_SERIES} series; ask for fewer at once")


def shared_points(points: int, series: int) -> int:
    """Return how many of `points` each of so many series can have within `MAX_SAMPLES`.

    A number of points is the most that the asker can use. Refusing would break alarms, which ask for tens of thousands of points over
    minutes and get hundreds.
    """
    return max(1, min(points, MAX_SAMPLES // max(series, 1)))
