"""Local time, as a logger's own computer writes it, made UNIX seconds: no hour is lost or moved when the clocks change.

In autumn a local time comes twice, and the order of the lines tells which one is meant: of an hour that was logged twice the lines
before the step back are the first. Where there is no such step, the lines around tell, and for a file that is being written the time
at which that was done.
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
"""How much less likely a step back in time is than one forward that is as far from the usual step."""
CLEARLY = 5.0
"""By how much a place of the turn must be more likely than the end of the lines: without a reason they are the first pass."""


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
        """Return the first and the last moment (UNIX seconds) at which the clock shows a time: mostly the same.

        A time that says its offset from UTC means that.

        Raises
        ------
        ValueError
            If the clock skips that time. Whoever shows it is no clock of this zone, and its other times would be wrong, too.
        """
        if shown.tzinfo is not None:
            return (shown.timestamp(),) * 2
        first, last = (shown.replace(tzinfo=self._zone, fold=fold).timestamp() for fold in (0, 1))
        if first > last:  # PEP 495: of a time in a gap the offset before it makes a later moment
            raise ValueError(f"the clocks of {self.name} never showed {shown}")
        return first, last


def resolved(first: NDArray[np.float64], last: NDArray[np.float64], until: float | None = None) -> NDArray[np.float64]:
    """Return when each line was written.

    Parameters
    ----------
    first, last
        The two moments that each line may mean (:meth:`LocalClock.moments`), shape (n,), in the order of the lines.
    until
        When the last line was written, as the file system says; it counts if it is near one of that line's two moments.
    """
    times = first.copy()
    for begin, end in _runs(first, last):
        shift = last[begin] - first[begin]
        before = times[begin - 1] if begin else np.nan
        after = first[end] if end < first.size else _near(until, first[-1], last[-1])
        # The pause between the two passes is in one of these steps, the last of which is behind all lines.
        steps = np.concatenate(([first[begin] - before], np.diff(first[begin:end]), [after - last[end - 1]]))
        turn = begin + _turn(steps, shift)
        times[turn:end] = last[turn:end]
    return times


def _runs(first: NDArray[np.float64], last: NDArray[np.float64]) -> Iterator[tuple[int, int]]:
    """Yield from where to where there are lines of one hour that comes twice."""
    twice = first < last
    apart = np.flatnonzero((np.diff(twice) != 0) | (np.abs(np.diff(first)) > DAY)) + 1
    edges = [0, *apart.tolist(), first.size]
    yield from ((begin, end) for begin, end in pairwise(edges) if begin < end and twice[begin])


def _near(until: float | None, first: float, last: float) -> float:
    """Return that of two moments which was meant if it was near `until`; NaN if neither was."""
    if until is None:
        return np.nan
    moment = min((first, last), key=lambda each: abs(each - until))
    return moment if abs(moment - until) <= (last - first) / 2 else np.nan


def _turn(steps: NDArray[np.float64], shift: float) -> int:
    """Return in which step the second pass begins, which makes it longer by `shift`; NaN for a step that is not known."""
    forward = steps[steps > 0]
    usual = float(np.median(forward)) if forward.size else shift
    costs = np.nan_to_num(_cost(steps + shift, usual) - _cost(steps, usual))
    best = int(np.argmin(costs))
    return best if costs[best] < costs[-1] - CLEARLY else steps.size - 1


def _cost(steps: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """Return how unlikely steps are. By the square root, one long pause is more likely than two shorter ones."""
    return np.sqrt(np.abs(steps - usual)) * np.where(steps < 0, BACKWARD, 1.0)
