"""What one request may ask for, so that none holds up the others: docs/architecture.md."""

from __future__ import annotations

from livemon.errors import RequestError

MAX_TARGETS, MAX_SERIES = 500, 500
MAX_CANDIDATES = 100_000
"""Channels that all targets together may stand for before filters leave some of them out."""
MAX_FILTERS = 20
MAX_SAMPLES = 1_000_000
"""Samples in one answer, about 30 MB of JSON: 500 series of 2000 points, or 50 of 20000."""


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
