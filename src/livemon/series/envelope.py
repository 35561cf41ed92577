"""Down-sampling that keeps extremes: the smallest and the largest value of every bucket of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def envelope(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    stride: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Down-sample so that successive points are at least `stride` apart and no extreme is lost.

    Buckets are `2 * stride` wide and aligned to the epoch, so that a plot that moves on does not shimmer. Each that holds samples
    gives two points, at one and three quarters of its width: its smallest and its largest value, in the order in which
    the signal moves (from the first to the last sample of the bucket).

    Parameters
    ----------
    times
        UNIX seconds, ascending, shape (n,).
    values
        Shape (k, n), one row a field; NaN where there is no value.
    stride
        Seconds; zero or negative leaves everything as it is.

    Returns
    -------
    times, values
        Shapes (m,) and (k, m). What is sparse enough already is returned as it is.
    """
    if stride <= 0 or times.size < 2 or np.diff(times).min() >= stride:
        return times, values
    width = 2 * stride
    buckets = np.floor(times / width)
    firsts = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
    if 2 * firsts.size >= times.size:
        return times, values
    lows = np.fmin.reduceat(values, firsts, axis=1)
    highs = np.fmax.reduceat(values, firsts, axis=1)
    lasts = np.append(firsts[1:], times.size) - 1
    falls = values[:, lasts] < values[:, firsts]
    points = np.empty((values.shape[0], 2 * firsts.size))
    points[:, 0::2] = np.where(falls, highs, lows)
    points[:, 1::2] = np.where(falls, lows, highs)
    starts = buckets[firsts] * width
    return np.column_stack((starts + width / 4, starts + 3 * width / 4)).ravel(), points
