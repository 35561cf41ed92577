"""How often samples come, as estimated from their own times: docs/decisions/0030.

Some channels are sampled continuously. Others are *scanned*: an instrument visits one after the other, takes some samples at each
visit, and returns after a pause. Only the intervals between its samples show which of the two a channel is, and when its next sample
is overdue.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite.series import Window

LONGEST_VISIT = 200.0
"""Seconds: the longest dwell time of a Lake Shore 372 (its manual, ``INSET``)."""
LONGEST_STEP = 2.0
"""Seconds between two readings of one visit, at most: an instrument reads its channel repeatedly during a visit."""
LONGEST_PAUSE = 16 * (200.0 + LONGEST_VISIT)
"""Seconds: its longest scan, 16 channels, with the longest pause before each."""
_BREAK = 10
"""An interval longer than so many usual ones is not within a visit."""
_ALIKE = 4
"""Pauses of one scan differ by less than this factor."""
_LATE = 1.5
"""After so many times the usual interval, a sample is overdue."""
_SILENT = 3
"""Before and after a complete visit there is no sample for more than so many steps."""


@dataclass(frozen=True)
class Cadence:
    """How often the samples of a channel come, all in seconds.

    Attributes
    ----------
    step
        The time within which the next sample nearly always comes; for a scanned channel, during a visit; 0 for a single sample.
    cycle
        From one visit to the next; infinity if there is only one visit, and equal to `step` for a channel that is not scanned.
    overdue
        The time after a sample from which the next one is overdue.
    """

    step: float
    cycle: float
    overdue: float

    @property
    def scanned(self) -> bool:
        """Whether its samples come in visits."""
        return self.cycle > self.step


def cadence(times: NDArray[np.float64], window: Window) -> Cadence:
    """Return how often samples come.

    Parameters
    ----------
    times
        UNIX seconds, strictly ascending, shape (n,), n > 0.
    window
        The interval of which these are all the samples.
    """
    if times.size < 2:
        return Cadence(0.0, math.inf, math.inf)
    intervals = np.diff(times)
    usual, step = (float(each) for each in np.quantile(intervals, (0.5, 0.95)))
    breaks = np.flatnonzero(intervals > _BREAK * usual)
    if breaks.size:
        step = float(np.quantile(np.delete(intervals, breaks), 0.95))
    one_visit = _is_one_visit(times, step, window)
    if breaks.size and (scan := _scan(times, breaks, most=math.inf if one_visit else 2)):
        visit, pause = scan
        return Cadence(step, visit + pause, _LATE * pause)
    if one_visit:
        return Cadence(step, math.inf, math.inf)
    return Cadence(step, step, _LATE * step)


def _scan(times: NDArray[np.float64], breaks: NDArray[np.int64], most: float) -> tuple[float, float] | None:
    """Return the usual lengths of visits and of the pauses between them; `None` for a channel that is sampled continuously.

    Breaks may be outages, pauses, and hiccups within a visit: the longest breaks of similar length are the pauses, unless what lies
    between them is too long for a visit. While one of several channels is visited the others pause, so that a pause is longer than a
    visit; the pause of a channel that is visited for longer than all others together is not, but it recurs.

    Parameters
    ----------
    breaks
        The samples after which there is a break, shape (k,), k > 0.
    most
        How many breaks that are shorter than what lies between them are not pauses.
    """
    lengths = times[breaks + 1] - times[breaks]
    longest = lengths.max(initial=0, where=lengths <= LONGEST_PAUSE)
    while longest > 0:
        separates = lengths >= longest / _ALIKE
        ends = breaks[separates]
        visit = _usual(times[np.append(ends, times.size - 1)] - times[np.append(0, ends + 1)])
        pauses = lengths[separates & (lengths <= longest)]
        pause = _usual(pauses)
        if visit <= LONGEST_VISIT and (visit < pause or pauses.size > most):
            return visit, pause
        longest = lengths.max(initial=0, where=~separates)
    return None


def _usual(lengths: NDArray[np.float64]) -> float:
    """Return the median; of two the longer one, because the window may cut off a visit, and a hiccup may split one."""
    return float(np.quantile(lengths, 0.5, method="higher"))


def _is_one_visit(times: NDArray[np.float64], step: float, window: Window) -> bool:
    """Whether samples without a pause begin and end within the window, and take the smaller part of it."""
    begin, end = float(times[0]), float(times[-1])
    silence = min(begin - window.start, window.end - end)
    return step <= LONGEST_STEP and silence > _SILENT * step and end - begin <= min(LONGEST_VISIT, window.length / 2)
