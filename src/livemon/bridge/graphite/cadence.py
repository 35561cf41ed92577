"""How often samples come, as their own times tell it: docs/decisions/0030.

Some channels are sampled all the time. Others are *scanned*: an instrument visits one after the other, takes some samples at each
visit, and comes back after a pause. Which of the two a channel is, and when its next sample is overdue, only the distances of its
samples tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite.series import Window

LONGEST_VISIT = 200.0
"""Seconds: the longest dwell time of a Lake Shore 372 (its manual, ``INSET``)."""
LONGEST_PAUSE = 16 * (200.0 + LONGEST_VISIT)
"""Seconds: its longest scan, 16 channels, with the longest pause before each."""
_BREAK = 10
"""What is longer than so many usual distances is no distance within a visit."""
_LATE = 1.5
"""After so many times the usual wait a sample is overdue."""
_SILENT = 3
"""Before and behind a visit that is there as a whole there is no sample for more than so many steps."""


@dataclass(frozen=True)
class Cadence:
    """How often the samples of a channel come, all in seconds.

    Attributes
    ----------
    step
        In which nearly always a sample has come, of a scanned channel while it is visited; 0 of a single sample.
    cycle
        From one visit to the next; infinity if there is one visit only, and the step of a channel that is not scanned.
    overdue
        How long after a sample the next one is overdue.
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
        The interval of which these are all samples.
    """
    if times.size < 2:
        return Cadence(0.0, math.inf, math.inf)
    distances = np.diff(times)
    usual, step = (float(each) for each in np.quantile(distances, (0.5, 0.95)))
    breaks = distances > _BREAK * usual
    if breaks.any():
        step = float(np.quantile(distances[~breaks], 0.95))
        edges = np.flatnonzero(breaks)
        visits = times[np.append(edges, times.size - 1)] - times[np.append(0, edges + 1)]
        # Of two the longer one: the other may be cut off by the window.
        visit = float(np.quantile(visits, 0.5, method="higher"))
        pause = _pause(distances[breaks], visit)
        if pause is not None:
            return Cadence(step, visit + pause, _LATE * pause)
    elif _is_one_visit(times, step, window):
        return Cadence(step, math.inf, math.inf)
    return Cadence(step, step, _LATE * step)


def _pause(breaks: NDArray[np.float64], visit: float) -> float | None:
    """Return the usual pause between visits; `None` if the breaks are outages of a channel that is sampled all the time.

    While one of several channels is visited the others pause: a pause is longer than a visit. Where one channel is visited for longer
    than all others together its pauses are short, but one is like the other.
    """
    if visit > LONGEST_VISIT:
        return None
    pauses = breaks[breaks <= LONGEST_PAUSE]
    longer = pauses[pauses > visit]
    if longer.size:
        return float(np.median(longer))
    if pauses.size > 2 and np.quantile(pauses, 0.75) <= 2 * np.quantile(pauses, 0.25):
        return float(np.median(pauses))
    return None


def _is_one_visit(times: NDArray[np.float64], step: float, window: Window) -> bool:
    """Whether samples without a break were seen to begin and to end, and are the smaller part of the time."""
    begin, end = float(times[0]), float(times[-1])
    silence = min(begin - window.start, window.end - end)
    return silence > _SILENT * step and end - begin <= min(LONGEST_VISIT, window.length / 2)
