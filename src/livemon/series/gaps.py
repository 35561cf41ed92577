"""Where a line between samples must break: a plot must not look as if there had been samples while there were none.

The quick-look page breaks its lines by the same rule: `gapOf` in bridge/quicklook/static/samples.js. A test holds the two together.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

SHORTEST = 10.0
"""Seconds without a sample that may be a gap."""
SILENT = 300.0
"""Seconds without a sample that are one, unless pauses as long are usual."""


def gap_of(times: NDArray[np.float64]) -> float:
    """Return the seconds between two samples beyond which there is a gap; infinity of fewer than three samples.

    An instrument that scans comes back to a channel after minutes, with some samples each time. What is longer than any other
    pause, or so long that a channel counts as silent, is a gap; pausing as a rule is none. A pause is usual if half of the time is
    spent between samples as far apart, the two longest pauses left aside.

    Parameters
    ----------
    times
        UNIX seconds, ascending, shape (n,).
    """
    if times.size < 3:
        return math.inf
    steps = np.sort(np.diff(times))
    longest = steps[-2]  # but for one
    passed = np.cumsum(steps[: max(steps.size - 2, 1)])
    usual = steps[np.searchsorted(passed, passed[-1] / 2)]
    return float(max(min(3 * longest, max(SILENT, 5 * usual)), SHORTEST))


def broken(times: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return samples with one null, which is NaN, in the middle of each gap; shapes (n,) and (n,)."""
    before = np.flatnonzero(np.diff(times) > gap_of(times))
    if not before.size:
        return times, values
    middles = (times[before] + times[before + 1]) / 2
    return np.insert(times, before + 1, middles), np.insert(values, before + 1, np.nan)
