"""Where the line of a plot must break: it must not suggest samples where there were none.

The quick-look page breaks its lines by the same rule, `gapOf` in bridge/quicklook/static/samples.js; a test compares the two.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SHORTEST = 10.0
"""A shorter pause, in seconds, is never a gap."""
SILENT = 300.0
"""A longer pause, in seconds, is a gap unless pauses of that length are usual."""


def gap_of(times: NDArray[np.float64]) -> float:
    """Return the seconds between two samples beyond which there is a gap; infinity for fewer than three samples.

    An instrument that scans returns to a channel after minutes, and takes some samples each time. A pause is a gap if it is much
    longer than any other, or so long that the channel counts as silent, but not if it is usual. The usual pause is the median of the
    pauses weighted by their duration, the two longest left aside.

    Parameters
    ----------
    times
        UNIX seconds, ascending, shape (n,).
    """
    if times.size < 3:
        return math.inf
    steps = np.sort(np.diff(times))
    second_longest = steps[-2]
    elapsed = np.cumsum(steps[: max(steps.size - 2, 1)])
    usual = steps[np.searchsorted(elapsed, elapsed[-1] / 2)]
    return float(max(min(3 * second_longest, max(SILENT, 5 * usual)), SHORTEST))


def broken(times: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return samples with one NaN added in the middle of each gap, which breaks the line there; shapes (n,) and (n,)."""
    before = np.flatnonzero(np.diff(times) > gap_of(times))
    if not before.size:
        return times, values
    middles = (times[before] + times[before + 1]) / 2
    return np.insert(times, before + 1, middles), np.insert(values, before + 1, np.nan)
