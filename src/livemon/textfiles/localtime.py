"""Local time, as a logger's own computer writes it, converted to UNIX seconds: no hour is lost or moved when the clocks change.

In autumn some local times occur twice, and the order of the lines shows which one is meant: if an hour was logged twice, the lines
before the step back are the first pass. Without such a step, the surrounding lines show it, and the modification time of a file that
is being written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

DAY = 86400.0
BACKWARD = 3.0
"""Factor by which a step back in time is less likely than a step forward that differs as much from the usual step."""
MARGIN = 5.0
"""Margin by which a start of the second pass must be more likely than the end of the lines: by default all are the first pass."""


class LocalClock:
    """A clock that shows the time of a zone.

    Parameters
    ----------
    zone
        Its IANA name, such as ``Europe/Amsterdam``.

    Raises
    ------
    zoneinfo.ZoneInfoNotFoundError, ValueError
        If there is no such zone.
    """

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self.name = zone

    def moments(self, shown: datetime) -> tuple[float, float]:
        """Return the first and the last moment (UNIX seconds) at which the clock shows a time: usually the same.

        A time with an offset from UTC is unambiguous.

        Raises
        ------
        ValueError
            If the clock skips that time. A clock that shows it is not in this zone, and its other times would be wrong, too.
        """
        if shown.tzinfo is not None:
            return (shown.timestamp(),) * 2
        first, last = (shown.replace(tzinfo=self._zone, fold=fold).timestamp() for fold in (0, 1))
        if first > last:  # PEP 495: for a time in a gap, the offset before the gap gives the later moment
            raise ValueError(f"the clocks of {self.name} never showed {shown}")
        return first, last


def resolved(first: NDArray[np.float64], last: NDArray[np.float64], until: float | None = None) -> NDArray[np.float64]:
    """Return when each line was written, UNIX seconds, shape (n,).

    Parameters
    ----------
    first, last
        The two moments that each line may mean (:meth:`LocalClock.moments`), shape (n,), in the order of the lines.
    until
        When the last line was written, according to the file system; used if it is near one of that line's two moments.
    """
    times = first.copy()
    for begin, end in _runs(first, last):
        shift = last[begin] - first[begin]
        before = times[begin - 1] if begin else np.nan
        after = first[end] if end < first.size else _near(until, first[-1], last[-1])
        # The second pass starts with one of these steps; the last of them comes after all lines.
        steps = np.concatenate(([first[begin] - before], np.diff(first[begin:end]), [after - last[end - 1]]))
        second = begin + _second_pass(steps, shift)
        times[second:end] = last[second:end]
    return times


def _runs(first: NDArray[np.float64], last: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each run of lines whose local times occur twice, in one night."""
    twice = first < last
    apart = np.flatnonzero((np.diff(twice) != 0) | (np.abs(np.diff(first)) > DAY)) + 1
    edges = [0, *apart.tolist(), first.size]
    yield from ((begin, end) for begin, end in pairwise(edges) if begin < end and twice[begin])


def _near(until: float | None, first: float, last: float) -> float:
    """Return that of two moments which is near `until`; NaN if neither is."""
    if until is None:
        return np.nan
    moment = min((first, last), key=lambda each: abs(each - until))
    return moment if abs(moment - until) <= (last - first) / 2 else np.nan


def _second_pass(steps: NDArray[np.float64], shift: float) -> int:
    """Return the number of the step with which the second pass starts, and which is longer by `shift`; an unknown step is NaN."""
    forward = steps[steps > 0]
    usual = float(np.median(forward)) if forward.size else shift
    costs = np.nan_to_num(_cost(steps + shift, usual) - _cost(steps, usual))
    best = int(np.argmin(costs))
    return best if costs[best] < costs[-1] - MARGIN else steps.size - 1


def _cost(steps: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """Return how unlikely steps are. The square root makes one long pause more likely than two shorter ones."""
    return np.sqrt(np.abs(steps - usual)) * np.where(steps < 0, BACKWARD, 1.0)
